/** Waits for an object to be gone. */
import { resourceKey } from '../../../domain/resources.ts';
import { failure, success, type Result } from '../../../domain/result.ts';
import { printable } from '../../../domain/text.ts';
import { finalizersOf, type ClusterObject } from './cluster-objects.ts';
import { waitFor, type Look, type Waiting } from './cluster-wait.ts';
import type { Fault, ObjectKey } from './target.ts';

/** One that follows under its name is another. A failure: it is there still. */
export async function waitUntilGone(
  key: ObjectKey,
  object: ClusterObject,
  waiting: Waiting,
): Promise<Result<void, Fault>> {
  const { uid } = object.metadata;
  let why = holding(object, object);
  const look = ({ object: now, tell }: Look): Result<void, Fault> | undefined => {
    if (now === undefined || now.metadata.uid !== uid) return success(undefined);
    why = holding(now, object);
    tell(why);
    return undefined;
  };
  const atTimeout = (): Result<void, Fault> => failure(held(key, waiting.timeoutMs, why));
  const answer = await waitFor(key, waiting, { uid, look, atTimeout });
  return answer.ok ? answer.value : answer;
}

function holding(now: ClusterObject, before: ClusterObject): string {
  const finalizers = finalizersOf(now, before);
  if (finalizers.length === 0) return 'the API server has not removed it';
  return `held by ${finalizers.map((each) => `the finalizer ${each}`).join(' and ')}`;
}

function held(key: ObjectKey, timeoutMs: number, why: string): Fault {
  const { kind, metadata } = key;
  const subject = `${resourceKey(key)} is not gone after ${timeoutMs / 1000} s`;
  const edit = `kubectl -n ${metadata.namespace} edit ${kind.toLowerCase()} ${metadata.name}`;
  return {
    message: printable(`${subject}: ${why}`),
    remedy: `let whoever put it there finish and remove it, or, if it is no more, do so: ${edit}`,
  };
}
