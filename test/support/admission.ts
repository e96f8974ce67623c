/** Admission of declared objects for tests: what an API server would ask about them. */
import { compileNamespace, type CompileContext } from '../../domain/compile.ts';
import { API_GROUP, API_VERSION, type Resource, type ResourceOf } from '../../domain/resources.ts';
import type { AdmissionWorlds } from '../../operator/webhook/admission-worlds.ts';
import { inputOf, readAnyCertificate } from './resources.ts';

export interface ReviewOptions {
  readonly operation?: 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT';
  readonly before?: Resource;
  readonly metadata?: Readonly<Record<string, unknown>>;
  readonly request?: Readonly<Record<string, unknown>>;
}

/** As an API server writes it: a new object, or a change of `before`. */
export function aReview(resource: Resource, options: ReviewOptions = {}): object {
  const { before, operation = before === undefined ? 'CREATE' : 'UPDATE' } = options;
  const { kind, metadata } = resource;
  const stored = ({ spec }: Resource): object => {
    return { apiVersion: API_VERSION, kind, metadata: { ...metadata, ...options.metadata }, spec };
  };
  return {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      uid: 'uid-1',
      kind: { group: API_GROUP, version: 'v1', kind },
      resource: { group: API_GROUP, version: 'v1', resource: `${kind.toLowerCase()}s` },
      name: metadata.name,
      namespace: metadata.namespace,
      operation,
      dryRun: false,
      object: operation === 'DELETE' ? null : stored(resource),
      oldObject: operation === 'DELETE' ? stored(resource) : before ? stored(before) : null,
      ...options.request,
    },
  };
}

const CONTEXT: CompileContext = { nowMs: 0, readCertificate: readAnyCertificate };

/** All that there is, in the Kubernetes namespace `default`. */
export function worldsOf(resources: readonly Resource[], synced = true): AdmissionWorlds {
  return {
    synced,
    worldOf: (_namespace, name) => compileNamespace(inputOf(resources, name), CONTEXT).world,
    eventSubscriptions: () =>
      resources.filter(
        (each): each is ResourceOf<'EventSubscription'> => each.kind === 'EventSubscription',
      ),
  };
}
