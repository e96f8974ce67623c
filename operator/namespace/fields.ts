/** What the status of one kind has beside what all have. */
import { readCertificate } from '../../certificates/read.ts';
import { byIdentity } from '../../domain/by-identity.ts';
import { decodePem } from '../../domain/pem.ts';
import type { Resource } from '../../domain/resources.ts';
import type { Snapshot } from '../../domain/snapshot.ts';
import { countsOf } from '../../domain/snapshot-changes.ts';
import { printTime } from '../../domain/text.ts';
import { isRecord } from '../../domain/validate/shape.ts';
import type { WorkloadStanding } from './workload/workload.ts';

export type StatusFields = Readonly<Record<string, unknown>>;

/** Undefined: the kind has none, or the object says nothing that they could be read from. */
export const fieldsOf = byIdentity((resource: Resource): StatusFields | undefined => {
  if (resource.kind !== 'CaCertificate' || !isRecord(resource.spec)) return undefined;
  const { encodedCertificate } = resource.spec;
  if (typeof encodedCertificate !== 'string') return undefined;
  const der = decodePem(encodedCertificate);
  const facts = der.ok ? readCertificate(der.value) : undefined;
  if (facts === undefined) return undefined;
  const { subject, validFromMs, validToMs } = facts;
  return { subject, notBefore: printTime(validFromMs), notAfter: printTime(validToMs) };
});

export function namespaceFields(
  snapshot: Snapshot | undefined,
  workload: WorkloadStanding | undefined,
): StatusFields {
  return {
    counts: countsOf(snapshot),
    ...(workload && {
      replicas: workload.replicas,
      readyReplicas: workload.readyReplicas,
      selector: workload.selector,
      endpoints: workload.endpoints,
    }),
  };
}
