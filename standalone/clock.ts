import { systemClock as brokerClock, type Clock as BrokerClock } from '../broker/clock.ts';

/** Time as the standalone process sees it, its brokers included; a test passes its own. */
export interface Clock extends BrokerClock {
  /** Calls once after `delayMs`, for which the process stays alive; the answer cancels it. */
  after(delayMs: number, callback: () => void): () => void;
}

export const systemClock: Clock = {
  ...brokerClock,
  after: (delayMs, callback) => {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
};
