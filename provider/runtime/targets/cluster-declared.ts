/** All that a Kubernetes namespace holds of our kinds, as the rules want it. */
import { API_GROUP, KINDS, type Kind, type Resource } from '../../../domain/resources.ts';
import { failure, success, type Result } from '../../../domain/result.ts';
import { resourceTypeOf } from '../../../kube/declared-types.ts';
import { KubeApiError, type KubeApi } from '../../../kube/kube-api.ts';
import { resourceFrom, type ClusterObject } from './cluster-objects.ts';
import type { Fault } from './target.ts';

export interface Listed {
  readonly resources: readonly Resource[];
  /** What was not allowed, where something was not. */
  readonly notice?: string;
}

const PAGE_OBJECTS = 500;
/** 100,000 objects of a kind: ten MqttNamespaces with all the clients that they may have. */
const PAGES_MAX = 200;

/** Nothing where one kind may not be listed: half of what there is would be judged wrongly. */
export async function listDeclared(
  api: KubeApi,
  namespace: string,
  faultOf: (error: unknown, kind: Kind) => Fault,
): Promise<Result<Listed, Fault>> {
  const lists = await Promise.all(KINDS.map((kind) => list(api, kind, namespace)));
  const failed = lists.flatMap((list) => (list.ok ? [] : list.fault));
  const [first] = failed.toSorted((left, right) => rank(left.error) - rank(right.error));
  if (first === undefined) {
    return success({ resources: lists.flatMap((list) => (list.ok ? list.value : [])) });
  }
  const fault = faultOf(first.error, first.kind);
  if (!isForbidden(first.error)) return failure(fault);
  const plurals = failed.map(({ kind }) => resourceTypeOf(kind).plural).join(', ');
  const notice =
    `${fault.message}; so nothing was checked against it: to have that, let a Role in the ` +
    `Kubernetes namespace ${namespace} allow list on ${plurals} of ${API_GROUP}`;
  return success({ resources: [], notice });
}

function isForbidden(error: unknown): boolean {
  return error instanceof KubeApiError && error.status === 403;
}

/** What is worse comes first. */
function rank(error: unknown): number {
  return isForbidden(error) ? 1 : 0;
}

interface Failed {
  readonly kind: Kind;
  readonly error: unknown;
}

async function list(
  api: KubeApi,
  kind: Kind,
  namespace: string,
): Promise<Result<readonly Resource[], Failed>> {
  const resources: Resource[] = [];
  let from: { readonly continue?: string } = {};
  try {
    for (let pages = 0; pages < PAGES_MAX; pages++) {
      const options = { namespace, limit: PAGE_OBJECTS, ...from };
      const page = await api.list<ClusterObject>(resourceTypeOf(kind), options);
      const staying = page.items.filter(({ metadata }) => !metadata.deletionTimestamp);
      resources.push(...staying.map((object) => resourceFrom(kind, object)));
      if (page.continue === undefined) return success(resources);
      from = { continue: page.continue };
    }
    const message = `more than ${PAGES_MAX * PAGE_OBJECTS} objects of ${kind}`;
    throw new KubeApiError(message, { status: 413, reason: 'RequestEntityTooLarge' });
  } catch (error) {
    return failure({ kind, error });
  }
}
