/** "HTTP 1.1 Web Hooks for Event Delivery", 4: the receiver says that it wants the events. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from '../../clock.ts';
import { endedFault } from './webhook-client.ts';
import { RequestFault } from './webhook-fault.ts';
import { retryAfterMsOf, statusInWords } from './webhook-outcome.ts';
import type { Answer } from './webhook-outcome.ts';

/**
 * Identifies this system and not one of its hosts (4.1.2), so that a receiver consents once for
 * all brokers.
 */
export const REQUEST_ORIGIN = 'mqttgrid.io';

/** The specification does not say how long consent holds. Receivers change hands. */
const CONSENT_MS = 24 * 60 * 60 * 1000;
/** Who did not consent is not asked again and again: that is what the handshake is there for. */
const ASK_AGAIN_MS = 60_000;
const MINUTE_MS = 60_000;
/** From here on, requests are so rare that one at a time is enough. */
const RARE_MS = 1000;

export class Consent {
  readonly #ask: () => Promise<Answer>;
  readonly #clock: Clock;
  readonly #waitsMax: number;
  #asking: Promise<void> | undefined;
  #givenAtMs: number | undefined;
  /** Between two requests; 0 where any rate is allowed. */
  #intervalMs = 0;
  #nextAtMs = 0;

  /** `waitsMax`: requests that wait for their turn at a time. */
  constructor(ask: () => Promise<Answer>, clock: Clock, waitsMax: number) {
    this.#ask = ask;
    this.#clock = clock;
    this.#waitsMax = waitsMax;
  }

  /** Whether so few requests are allowed that a second one would only wait for the first. */
  get isRare(): boolean {
    return this.#intervalMs >= RARE_MS;
  }

  /**
   * Asks where it has to, and waits until the rate that was allowed permits one more request.
   * Rejects where there is no consent.
   */
  async obtain(signal: AbortSignal): Promise<void> {
    if (!this.#holds()) {
      this.#asking ??= this.#handshake().finally(() => (this.#asking = undefined));
      await unlessAborted(this.#asking, signal);
    }
    await this.#turn(signal);
  }

  /** The receiver answers as one that wants nothing (any more). */
  withdraw(): void {
    this.#givenAtMs = undefined;
  }

  #holds(): boolean {
    if (this.#givenAtMs === undefined) return false;
    const sinceMs = this.#clock.nowMs() - this.#givenAtMs;
    return sinceMs >= 0 && sinceMs < CONSENT_MS;
  }

  async #handshake(): Promise<void> {
    this.withdraw();
    const answer = await this.#ask();
    const nowMs = this.#clock.nowMs();
    this.#intervalMs = MINUTE_MS / allowedRate(answer, nowMs);
    this.#givenAtMs = nowMs;
  }

  /** Evenly, so that no minute has more than the rate, wherever it begins. */
  async #turn(signal: AbortSignal): Promise<void> {
    const nowMs = this.#clock.nowMs();
    // Bounded for when the clock is set back.
    const waitMs = Math.min(Math.max(0, this.#nextAtMs - nowMs), this.#waitsMax * this.#intervalMs);
    this.#nextAtMs = nowMs + waitMs + this.#intervalMs;
    if (waitMs > 0) await unlessAborted(delay(waitMs, undefined, { signal }), signal);
  }
}

async function unlessAborted(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  if (signal.aborted) {
    // Whoever else waits for it sees what becomes of it.
    promise.catch(() => undefined);
    throw endedFault();
  }
  await new Promise<void>((resolve, reject) => {
    const abort = (): void => reject(endedFault());
    signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

/**
 * Requests a minute, Infinity where any are allowed.
 * @throws RequestFault where the answer is no consent; its status alone never is one (4.2)
 */
export function allowedRate({ status, headers }: Answer, nowMs: number): number {
  const origin = headers['webhook-allowed-origin'];
  const rate = headers['webhook-allowed-rate'] ?? '*';
  if (status >= 200 && status < 300 && isOurs(origin)) {
    if (rate === '*') return Infinity;
    if (/^0*[1-9]\d{0,8}$/.test(String(rate))) return Number(rate);
  }
  const asked = retryAfterMsOf(headers['retry-after'], nowMs) ?? 0;
  throw new RequestFault(
    `answered ${statusInWords(status)} and did not consent; let it answer 200 with ` +
      `WebHook-Allowed-Origin: ${REQUEST_ORIGIN} (or *) and WebHook-Allowed-Rate: * (or requests ` +
      'a minute), or set abuseProtection to Disabled',
    'Refused',
    Math.max(asked, ASK_AGAIN_MS),
  );
}

function isOurs(origin: string | string[] | undefined): boolean {
  if (typeof origin !== 'string') return false;
  return origin === '*' || origin.toLowerCase() === REQUEST_ORIGIN;
}
