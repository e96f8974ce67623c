/** What is counted for each message. */
import { TokenBucket } from '../../../broker/limits/token-bucket.ts';
import { InFlight } from '../../../broker/session/in-flight.ts';
import type { Benchmark, Prepared } from './benchmark.ts';
import { aMessage } from './samples.ts';

const MESSAGES_OF_A_MILLISECOND = 16;
const PER_SECOND = 1_000_000;

function tokenBucket(): Prepared {
  const bucket = new TokenBucket({ perSecond: PER_SECOND }, 0);
  let ticks = 0;
  const counter = { windowMs: 0, taken: 0 };
  let counterTicks = 0;
  return {
    operate() {
      const nowMs = Math.floor(++ticks / MESSAGES_OF_A_MILLISECOND);
      if (!bucket.isPositive(nowMs)) return 0;
      bucket.spend(1);
      return 1;
    },
    plain: {
      what: 'a counter of a second',
      operate() {
        const nowMs = Math.floor(++counterTicks / MESSAGES_OF_A_MILLISECOND);
        if (nowMs - counter.windowMs >= 1000) {
          counter.windowMs = nowMs;
          counter.taken = 0;
        }
        return counter.taken++ < PER_SECOND ? 1 : 0;
      },
    },
    yields: 1,
  };
}

const WINDOW = 16;

/** The oldest of a full window is acknowledged, and one more is sent. */
function inFlight(): Prepared {
  const message = aMessage(1);
  const flight = new InFlight();
  const sent = Array.from({ length: WINDOW }, () => flight.add(message));
  const known = new Map<number, unknown>(sent.map((identifier) => [identifier, message]));
  const knownSent = [...sent];
  let last = WINDOW;
  return {
    operate(index) {
      const acknowledged = flight.acknowledge(sent[index % WINDOW]!);
      sent[index % WINDOW] = flight.add(message);
      return acknowledged === message ? flight.size : -1;
    },
    plain: {
      what: 'a Map and a counter',
      operate(index) {
        const identifier = knownSent[index % WINDOW]!;
        const acknowledged = known.get(identifier);
        known.delete(identifier);
        last = (last % 0xffff) + 1;
        known.set(last, message);
        knownSent[index % WINDOW] = last;
        return acknowledged === message ? known.size : -1;
      },
    },
    yields: WINDOW,
  };
}

export const LIMITS: readonly Benchmark[] = [
  { group: 'limits', name: 'token bucket: ask and spend', prepare: tokenBucket },
  { group: 'limits', name: 'in flight: acknowledge one, add one', prepare: inFlight },
];
