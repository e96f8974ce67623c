/** From the objects of a folder to what the brokers shall run, and how each object stands then. */
import { readCertificate } from '../certificates/read.ts';
import { compile } from '../domain/compile.ts';
import type { Verdict } from '../domain/compile.ts';
import { conditionsOf, NOT_ROUTED } from '../domain/conditions.ts';
import type { ProgrammedState } from '../domain/conditions.ts';
import { KINDS, resourceKey } from '../domain/resources.ts';
import type { Resource, ResourceOf } from '../domain/resources.ts';
import type { Snapshot } from '../domain/snapshot.ts';
import type { Violation } from '../domain/violation.ts';
import { developmentCaCertificate, namespacesWithoutAuthority } from './development-clients.ts';
import { byPlace } from '../manifests/located.ts';
import type { Located } from '../manifests/located.ts';
import type { Listening } from './listeners.ts';
import type { ManifestObject, ManifestSet } from '../manifests/manifests.ts';
import { resourceOf } from '../manifests/manifests.ts';
import type { ObjectStatus } from './standalone-events.ts';

export interface PlanOptions {
  readonly nowMs: number;
  /** By key of the object; one that is not there has no known age. */
  readonly creationTimestamps: ReadonlyMap<string, string>;
  /** PEM of the development CA; undefined: MqttNamespaces without a CaCertificate stay so. */
  readonly developmentCa?: string | undefined;
}

export interface Plan {
  readonly set: ManifestSet;
  /** All that is declared, with what was added for development. */
  readonly resources: readonly Resource[];
  readonly verdicts: ReadonlyMap<string, Verdict>;
  /** By key of each accepted MqttNamespace, the oldest first. */
  readonly snapshots: ReadonlyMap<string, Snapshot>;
  /** MqttNamespaces whose clients nobody can admit but the development CA. */
  readonly withoutAuthority: readonly ResourceOf<'MqttNamespace'>[];
  /** All that is wrong with the manifests, in the order of files. */
  readonly violations: readonly Located[];
}

function isOlder(left: Resource, right: Resource): number {
  const age = ({ metadata }: Resource): string =>
    [metadata.creationTimestamp, metadata.name, metadata.namespace].join(' ');
  return age(left) < age(right) ? -1 : 1;
}

function inOrderOfAge(
  resources: readonly Resource[],
  snapshots: ReadonlyMap<string, Snapshot>,
): Map<string, Snapshot> {
  const ordered = new Map<string, Snapshot>();
  for (const resource of resources.filter(({ kind }) => kind === 'MqttNamespace').sort(isOlder)) {
    const key = resourceKey(resource);
    const snapshot = snapshots.get(key);
    if (snapshot !== undefined) ordered.set(key, snapshot);
  }
  return ordered;
}

function violationsOf(object: ManifestObject, verdict: Verdict | undefined): Located[] {
  if (verdict === undefined) return [];
  // What it is refused for by itself is told with the set.
  return [...verdict.faults, ...verdict.unresolved]
    .filter((violation) => !object.violations.includes(violation))
    .map((violation) => object.locate(violation));
}

export function planOf(set: ManifestSet, options: PlanOptions): Plan {
  const { creationTimestamps, nowMs } = options;
  const declared = set.objects.map((object) => {
    return resourceOf(object, creationTimestamps.get(object.key) ?? '');
  });
  const keys = new Set(set.objects.map(({ key }) => key));
  const withoutAuthority = namespacesWithoutAuthority(declared);
  const resources = [...declared];
  for (const namespace of options.developmentCa === undefined ? [] : withoutAuthority) {
    const added = developmentCaCertificate(namespace, options.developmentCa ?? '', keys);
    keys.add(resourceKey(added));
    resources.push(added);
  }
  const { snapshots, verdicts } = compile(resources, { nowMs, readCertificate });
  const found = set.objects.flatMap((object) => violationsOf(object, verdicts.get(object.key)));
  return {
    set,
    resources,
    verdicts,
    snapshots: inOrderOfAge(resources, snapshots),
    withoutAuthority,
    violations: [...set.violations, ...found].sort(byPlace),
  };
}

function ownerKeyOf(resource: Resource): string {
  const { kind, metadata, spec } = resource;
  const name = 'namespaceRef' in spec ? spec.namespaceRef.name : metadata.name;
  return kind === 'MqttNamespace'
    ? resourceKey(resource)
    : resourceKey({ kind: 'MqttNamespace', metadata: { ...metadata, name } });
}

function programmedState(resource: Resource, listening: Listening): ProgrammedState {
  if (resource.refusedFor !== undefined) return 'Pending';
  if (resource.kind === 'EventTopic' || resource.kind === 'EventSubscription') {
    return NOT_ROUTED;
  }
  const owner = ownerKeyOf(resource);
  if (listening.ports.has(owner)) return 'Programmed';
  const fault = listening.faults.get(owner);
  if (fault === undefined) return 'Pending';
  return { reason: 'Pending', message: `${owner} has no broker: ${fault.message}` };
}

function byKind(left: ObjectStatus, right: ObjectStatus): number {
  const kinds = KINDS.indexOf(left.kind) - KINDS.indexOf(right.kind);
  return kinds === 0 ? (left.key < right.key ? -1 : 1) : kinds;
}

/** How every object stands once the brokers are as `listening` says; in the order of kinds. */
export function statusesOf(plan: Plan, listening: Listening): Map<string, ObjectStatus> {
  const statuses = plan.resources.map((resource): ObjectStatus => {
    const { kind, metadata } = resource;
    const key = resourceKey(resource);
    const verdict = plan.verdicts.get(key) ?? { faults: [], unresolved: [] };
    const conditions = conditionsOf(verdict, programmedState(resource, listening));
    return { key, kind, name: metadata.name, namespace: metadata.namespace, conditions };
  });
  return new Map(statuses.sort(byKind).map((status) => [status.key, status]));
}

/** A broker that does not run, as a violation of the MqttNamespace that it is for. */
export function listenViolations(plan: Plan, listening: Listening): Located[] {
  return plan.set.objects.flatMap((object) => {
    const fault = listening.faults.get(object.key);
    const violation: Violation | undefined = fault && { field: [], reason: 'Pending', ...fault };
    return violation === undefined ? [] : [object.locate(violation)];
  });
}
