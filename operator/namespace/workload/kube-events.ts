/** What Kubernetes' own controllers say of an object, which no status of theirs holds. */
import type { Clock } from '../../../control/clock.ts';
import type { KubeApi, KubeObject } from '../../../kube/kube-api.ts';
import { EVENTS } from './owned-types.ts';
import { TimedMemory } from './timed-memory.ts';

export type KubeEvent = KubeObject & {
  readonly type?: string;
  readonly reason?: string;
  readonly message?: string;
  readonly lastTimestamp?: string | null;
  readonly eventTime?: string | null;
};

/** Events come without a watch of ours: so often they are looked for while something is amiss. */
export const EVENTS_AGAIN_MS = 2_000;

/** An API server keeps an hour of them, and repeats are one: no object has more that matter. */
const EVENTS_MAX = 100;

export class KubeEvents {
  readonly #api: KubeApi;
  readonly #known: TimedMemory<string>;

  constructor(api: KubeApi, clock: Clock) {
    this.#api = api;
    // Shorter than the pause, so that each look is a new one, and no busy key asks more often.
    this.#known = new TimedMemory(clock, EVENTS_AGAIN_MS / 2);
  }

  /** The message of the newest warning about an object; empty: none. */
  lastWarning({ metadata }: KubeObject): Promise<string> {
    const { uid = '', namespace = '' } = metadata;
    return this.#known.getOr(uid, async () => {
      const { items } = await this.#api.list<KubeEvent>(EVENTS, {
        namespace,
        fieldSelector: `involvedObject.uid=${uid},type=Warning`,
        limit: EVENTS_MAX,
      });
      return newestMessage(items);
    });
  }
}

export function newestMessage(events: readonly KubeEvent[]): string {
  const newest = events.reduce<KubeEvent | undefined>(
    (last, event) => (last === undefined || timeOf(event) > timeOf(last) ? event : last),
    undefined,
  );
  return newest?.message ?? '';
}

function timeOf({ lastTimestamp, eventTime, metadata }: KubeEvent): number {
  return Date.parse(lastTimestamp ?? eventTime ?? metadata.creationTimestamp ?? '') || 0;
}
