/** Waits for an object to be in force. */
import { resourceKey } from '../../../domain/resources.ts';
import { printable } from '../../../domain/text.ts';
import type { ClusterObject } from './cluster-objects.ts';
import { outcomeOf, type Outcome } from './cluster-outcome.ts';
import { waitFor, type Look, type Waiting } from './cluster-wait.ts';
import type { Fault, ObjectKey, StoredObject } from './target.ts';

/** An operator that runs looks at an object within a second, and after its own start in three. */
const OPERATOR_MS = 5_000;

/**
 * What an object was refused for before it was applied, another change of the same program may have
 * mended just now; then the operator takes it back within a second.
 */
const SETTLE_MS = 3_000;

const NO_OPERATOR = 'no operator has looked at it';
const NO_OPERATOR_REMEDY = "see that mqttgrid's operator runs: kubectl -n mqttgrid-system get pods";

export interface Readiness {
  /** As it was last seen; undefined: it was not, or it is gone. */
  readonly object?: ClusterObject | undefined;
  readonly fault?: Fault;
}

export async function waitUntilReady(
  key: ObjectKey,
  applied: StoredObject,
  waiting: Waiting,
): Promise<Readiness> {
  const { uid, generation = 0 } = applied;
  const { timeoutMs, onWarning } = waiting;
  const before = refusalIn(applied);
  let seen: ClusterObject | undefined;
  let outcome: Outcome | undefined;
  const look = ({ object, passedMs, tell }: Look): Readiness | undefined => {
    if (object === undefined || isOther(object, uid)) return { fault: vanished(key) };
    seen = object;
    outcome = outcomeOf(object.status, generation);
    switch (outcome.state) {
      case 'Ready':
        return { object };
      case 'Refused':
        if (outcome.words !== before || passedMs >= SETTLE_MS) {
          return { object, fault: refused(key, outcome.words) };
        }
        tell(outcome.words);
        return undefined;
      case 'Unseen':
        if (passedMs >= OPERATOR_MS) tellUnseen(tell, onWarning);
        return undefined;
      case 'Waiting':
        tell(outcome.words);
        return undefined;
    }
  };
  const atTimeout = (): Readiness => ({ object: seen, fault: late(key, timeoutMs, outcome) });
  const lookAgainMs = [SETTLE_MS, OPERATOR_MS];
  const answer = await waitFor(key, waiting, { uid, look, atTimeout, lookAgainMs });
  return answer.ok ? answer.value : { object: seen, fault: answer.fault };
}

function tellUnseen(tell: Look['tell'], warn: Waiting['onWarning']): void {
  tell(`${NO_OPERATOR}; ${NO_OPERATOR_REMEDY}`);
  warn?.(`${NO_OPERATOR} after ${OPERATOR_MS / 1000} s; ${NO_OPERATOR_REMEDY}`);
}

/** What it was refused for when it was applied. */
function refusalIn({ generation = 0, conditions }: StoredObject): string | undefined {
  const outcome = outcomeOf({ observedGeneration: generation, conditions }, generation);
  return outcome.state === 'Refused' ? outcome.words : undefined;
}

function isOther({ metadata }: ClusterObject, uid: string | undefined): boolean {
  return metadata.uid !== uid || metadata.deletionTimestamp !== undefined;
}

function vanished(key: ObjectKey): Fault {
  return {
    message: `${resourceKey(key)} was deleted by somebody else while this waited for it`,
    remedy: 'run pulumi refresh, and then pulumi up',
  };
}

function refused(key: ObjectKey, words: string): Fault {
  return {
    message: printable(`${resourceKey(key)} is not in force: ${words}`),
    remedy: 'change that, and run pulumi up again: it goes on from here',
  };
}

function late(key: ObjectKey, timeoutMs: number, outcome: Outcome | undefined): Fault {
  const subject = `${resourceKey(key)} is not in force after ${timeoutMs / 1000} s`;
  if (outcome === undefined) {
    return { message: `${subject}: it was not seen`, remedy: 'see that the cluster answers' };
  }
  switch (outcome.state) {
    case 'Ready':
    case 'Unseen':
      return { message: `${subject}: ${NO_OPERATOR}`, remedy: NO_OPERATOR_REMEDY };
    case 'Refused':
      return refused(key, outcome.words);
    case 'Waiting':
      return {
        message: printable(`${subject}: ${outcome.words}`),
        remedy: `${lateRemedy(key, outcome.reason)}, or raise timeoutSeconds`,
      };
  }
}

function lateRemedy({ kind, metadata: { namespace, name } }: ObjectKey, reason: string): string {
  switch (reason) {
    case 'RefNotFound':
      return 'declare it too, in this program or beside it';
    case 'BrokerUnavailable':
      return `see why: kubectl -n ${namespace} get pods,events`;
    case 'DestinationUnreachable':
    case 'DestinationRefused':
      return 'mend the destination, to which events are sent again all the time';
    default:
      return `see how it stands: kubectl -n ${namespace} describe ${kind.toLowerCase()} ${name}`;
  }
}
