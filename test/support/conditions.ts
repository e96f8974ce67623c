/** What the status of an object on the cluster says of it. */
import { eventuallyFinds, get } from './cluster.ts';
import type { ClusterObject } from './cluster.ts';

/** A change is in force in less than a second, and a pod that is started in some. */
const CONDITION_MS = 30_000;

export interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
}

export interface Conditioned extends ClusterObject {
  readonly status: { readonly conditions?: readonly Condition[] };
}

/** The condition once it is as expected; what it was last, in the error, if it never is. */
export async function condition(
  namespace: string,
  reference: string,
  type: string,
  status: 'True' | 'False',
): Promise<Condition> {
  let last: unknown;
  const search = async (): Promise<Condition | undefined> => {
    const object = await get<Conditioned>(namespace, reference);
    last = object.status;
    return object.status.conditions?.find((one) => one.type === type && one.status === status);
  };
  try {
    return await eventuallyFinds(CONDITION_MS, `${type}=${status} of ${reference}`, search);
  } catch (error) {
    throw new Error(JSON.stringify(last), { cause: error });
  }
}
