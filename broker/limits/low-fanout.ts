import { findCrowdedTopic } from '../../domain/fanout.ts';
import { LOW_FANOUT_SUBSCRIBERS_MAX } from '../../domain/limits.ts';
import { quote } from '../../domain/text.ts';
import type { BrokerCore } from '../broker-core.ts';
import type { Session } from '../session/session.ts';

/** Some two milliseconds: only many filters with wildcards at different levels need as much. */
const STEPS_MAX = 20000;
/**
 * A search of so many steps is paid for as one more subscription, so that all searches of a
 * namespace together take no more than some twentieth of a processor.
 */
const STEPS_PER_SUBSCRIBE = 100;

export interface FanoutRefusal {
  /** For the client: nothing of others is in it. */
  readonly reason: string;
  /** For the log: with a topic that shows it. */
  readonly cause: string;
}

/**
 * "A maximum of 10 subscribers per topic": why one more session cannot have the filter, or
 * undefined. Only permitted subscriptions to LowFanout topic spaces count, and only new ones are
 * refused: what was granted before stays, whatever declarations change and whoever comes back.
 */
export function refuseFanout(
  { router, rates, metrics }: BrokerCore,
  subscriber: Session,
  { filter, levels }: { readonly filter: string; readonly levels: readonly string[] },
): FanoutRefusal | undefined {
  const crowd = LOW_FANOUT_SUBSCRIBERS_MAX;
  const question = { subscriber, crowd, stepsMax: STEPS_MAX };
  const answer = findCrowdedTopic(router.lowFanout, levels, question);
  rates.spendSubscribes(Math.floor(answer.steps / STEPS_PER_SUBSCRIBE));
  if (answer.outcome === 'Room') return undefined;
  metrics.exceededLowFanout++;
  if (answer.outcome === 'Undecided') {
    const reason =
      `${quote(filter)}: too many filters overlap it to tell whether a topic would get more than ` +
      `${crowd} subscribers, as many as a LowFanout topic space allows; ask for fewer topics`;
    return { reason, cause: reason };
  }
  const reason =
    `${quote(filter)}: a topic that it matches has ${crowd} subscribers, as many as a LowFanout ` +
    'topic space allows';
  return { reason, cause: `${reason}: ${quote(answer.topic)}` };
}
