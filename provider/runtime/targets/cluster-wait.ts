/** Waits for an object to be in force, and for one to be gone. */
import type { Clock } from '../../../control/clock.ts';
import { resourceKey } from '../../../domain/resources.ts';
import { failure, success, type Result } from '../../../domain/result.ts';
import { printable } from '../../../domain/text.ts';
import { finalizersOf, type ClusterObject } from './cluster-objects.ts';
import { outcomeOf, type Outcome } from './cluster-outcome.ts';
import type { ClusterWatches } from './cluster-watches.ts';
import type { Fault, ObjectKey, WaitOptions } from './target.ts';

export interface Waiting extends WaitOptions {
  readonly watches: ClusterWatches;
  readonly clock: Clock;
  readonly faultOf: (error: unknown) => Fault;
}

interface Wait<Answer> {
  readonly uid: string | undefined;
  /** Undefined: not yet. */
  readonly look: (object: ClusterObject | undefined) => Answer | undefined;
  readonly atTimeout: () => Answer;
}

/** A failure: it cannot be seen. */
function waitFor<Answer>(
  key: ObjectKey,
  { watches, clock, faultOf, timeoutMs, onProgress }: Waiting,
  { uid, look, atTimeout }: Wait<Answer>,
): Promise<Result<Answer, Fault>> {
  return new Promise((resolve) => {
    const end = (answer: Result<Answer, Fault>): void => {
      cancel();
      stop();
      resolve(answer);
    };
    const cancel = clock.after(timeoutMs, () => end(success(atTimeout())));
    const stop = watches.follow(key, {
      uid,
      look: (object) => {
        const answer = look(object);
        if (answer !== undefined) end(success(answer));
      },
      onTrouble: (error, isFinal) => {
        const fault = faultOf(error);
        if (isFinal) end(failure(fault));
        else onProgress(`waiting: ${fault.message}`);
      },
    });
  });
}

/** An operator that runs looks at an object within a second, and after its own start in three. */
const OPERATOR_MS = 5_000;

const NO_OPERATOR = 'no operator has looked at it';
const NO_OPERATOR_REMEDY = "see that mqttgrid's operator runs: kubectl -n mqttgrid-system get pods";

export interface Applied {
  readonly uid: string | undefined;
  readonly generation: number;
}

export interface Readiness {
  /** As it was last seen; undefined: it was not, or it is gone. */
  readonly object?: ClusterObject | undefined;
  readonly fault?: Fault;
}

export async function waitUntilReady(
  key: ObjectKey,
  applied: Applied,
  waiting: Waiting,
): Promise<Readiness> {
  const { clock, timeoutMs, onProgress, onWarning } = waiting;
  let seen: ClusterObject | undefined;
  let outcome: Outcome | undefined;
  let isLate = false;
  const tell = onceChanged(onProgress);
  const tellUnseen = (): void => {
    if (!isLate || outcome?.state !== 'Unseen') return;
    tell(`waiting: ${NO_OPERATOR}; ${NO_OPERATOR_REMEDY}`);
    onWarning?.(`${NO_OPERATOR} after ${OPERATOR_MS / 1000} s; ${NO_OPERATOR_REMEDY}`);
  };
  const cancel = clock.after(OPERATOR_MS, () => {
    isLate = true;
    tellUnseen();
  });
  const look = (object: ClusterObject | undefined): Readiness | undefined => {
    if (object === undefined || object.metadata.uid !== applied.uid)
      return { fault: vanished(key) };
    seen = object;
    outcome = outcomeOf(object.status, applied.generation);
    tellUnseen();
    if (outcome.state === 'Ready') return { object };
    if (outcome.state === 'Refused') return { object, fault: refused(key, outcome) };
    if (outcome.state === 'Waiting') tell(`waiting: ${outcome.reason}: ${outcome.message}`);
    return undefined;
  };
  const atTimeout = (): Readiness => ({ object: seen, fault: late(key, timeoutMs, outcome) });
  const answer = await waitFor(key, waiting, { uid: applied.uid, look, atTimeout });
  cancel();
  return answer.ok ? answer.value : { object: seen, fault: answer.fault };
}

function onceChanged(tell: (message: string) => void): (message: string) => void {
  let last = '';
  return (message) => {
    const line = printable(message);
    if (line !== last) tell(line);
    last = line;
  };
}

function vanished(key: ObjectKey): Fault {
  return {
    message: `${resourceKey(key)} was deleted by somebody else while this waited for it`,
    remedy: 'run pulumi refresh, and then pulumi up',
  };
}

function refused(key: ObjectKey, { reason, message }: { reason: string; message: string }): Fault {
  return {
    message: printable(`${resourceKey(key)} is not in force: ${reason}: ${message}`),
    remedy: 'change that, and run pulumi up again: it goes on from here',
  };
}

function late(key: ObjectKey, timeoutMs: number, outcome: Outcome | undefined): Fault {
  const subject = `${resourceKey(key)} is not in force after ${timeoutMs / 1000} s`;
  if (outcome === undefined) {
    return { message: `${subject}: it was not seen`, remedy: 'see that the cluster answers' };
  }
  if (outcome.state !== 'Waiting') {
    return { message: `${subject}: ${NO_OPERATOR}`, remedy: NO_OPERATOR_REMEDY };
  }
  const { reason, message } = outcome;
  return {
    message: printable(`${subject}: ${reason}: ${message}`),
    remedy: `${lateRemedy(key, reason)}, or raise timeoutSeconds`,
  };
}

function lateRemedy({ kind, metadata: { namespace, name } }: ObjectKey, reason: string): string {
  switch (reason) {
    case 'RefNotFound':
      return 'declare it too, in this program or beside it';
    case 'BrokerUnavailable':
      return `see why: kubectl -n ${namespace} get pods,events`;
    default:
      return `see how it stands: kubectl -n ${namespace} describe ${kind.toLowerCase()} ${name}`;
  }
}

/** One that follows under its name is another. A failure: it is there still. */
export async function waitUntilGone(
  key: ObjectKey,
  object: ClusterObject,
  waiting: Waiting,
): Promise<Result<void, Fault>> {
  const tell = onceChanged(waiting.onProgress);
  const { uid } = object.metadata;
  let why = holding(object, object);
  const look = (now: ClusterObject | undefined): Result<void, Fault> | undefined => {
    if (now === undefined || now.metadata.uid !== uid) return success(undefined);
    why = holding(now, object);
    tell(`waiting: ${why}`);
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
