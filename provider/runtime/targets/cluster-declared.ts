/** All that a Kubernetes namespace holds of our kinds, as the rules want it. */
import { API_GROUP, KINDS, type Kind, type Resource } from '../../../domain/resources.ts';
import { failure, success, type Result } from '../../../domain/result.ts';
import { resourceTypeOf } from '../../../kube/declared-types.ts';
import {
  isForbidden,
  KubeApiError,
  UnreachableError,
  type KubeApi,
} from '../../../kube/kube-api.ts';
import { resourceFrom, type ClusterObject } from './cluster-objects.ts';
import type { Fault } from './target.ts';

export interface Listed {
  readonly resources: readonly Resource[];
  /** What was not allowed, or is not there, where that is so. */
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
    const resources = lists.flatMap((list) => (list.ok ? list.value : []));
    const notice = resources.length > 0 ? undefined : await noticeOfMissing(api, namespace);
    return success({ resources, ...(notice !== undefined && { notice }) });
  }
  const fault = faultOf(first.error, first.kind);
  if (!isForbidden(first.error)) return failure(fault);
  const plurals = failed.map(({ kind }) => resourceTypeOf(kind).plural).join(', ');
  const notice =
    `${fault.message}; so nothing was checked against it: to have that, let a Role in the ` +
    `Kubernetes namespace ${namespace} allow list on ${plurals} of ${API_GROUP}`;
  return success({ resources: [], notice });
}

const NAMESPACES = {
  apiVersion: 'v1',
  kind: 'Namespace',
  plural: 'namespaces',
  namespaced: false,
} as const;

/** No failure: another resource of the program may be about to make it. */
async function noticeOfMissing(api: KubeApi, namespace: string): Promise<string | undefined> {
  try {
    if ((await api.get(NAMESPACES, { name: namespace })) !== undefined) return undefined;
  } catch (error) {
    // Who may not know it is told when an object is created.
    if (error instanceof KubeApiError || error instanceof UnreachableError) return undefined;
    throw error;
  }
  return (
    `there is no Kubernetes namespace ${namespace}, and nothing can be created in it until ` +
    `there is; kubectl create namespace ${namespace}`
  );
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
