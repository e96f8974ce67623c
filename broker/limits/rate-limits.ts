import type { LimitName, Limits } from '../../domain/limits.ts';
import { ReasonCode } from '../../domain/reason-codes.ts';
import type { Clock } from '../clock.ts';
import type { Ending } from '../ending.ts';
import type { Metrics } from '../metrics.ts';
import type { Alarm, Throttle } from './throttle.ts';
import { NamespaceThrottle } from './throttle.ts';
import { TICK_MS, TimingWheel } from './timing-wheel.ts';
import type { Rate } from './token-bucket.ts';
import { TokenBucket } from './token-bucket.ts';

const INBOUND = {
  connection: 'inboundMessagesPerSecondPerConnection',
  namespace: 'inboundMessagesPerSecond',
  connectionMetric: 'throttledInboundConnection',
  namespaceMetric: 'throttledInboundNamespace',
} as const;
const OUTBOUND = {
  connection: 'outboundMessagesPerSecondPerConnection',
  namespace: 'outboundMessagesPerSecond',
  connectionMetric: 'throttledOutboundConnection',
  namespaceMetric: 'throttledOutboundNamespace',
} as const;

/**
 * A namespace's rates: ADR 11. One timer for all that wait, and none if nobody does.
 */
export class RateLimits implements Alarm {
  readonly inbound: NamespaceThrottle;
  readonly outbound: NamespaceThrottle;
  #limits: Limits;
  readonly #clock: Clock;
  readonly #metrics: Metrics;
  readonly #connectRate: Rate & { perSecond: number };
  readonly #subscribeRate: Rate & { perSecond: number };
  readonly #connects: TokenBucket;
  readonly #subscribes: TokenBucket;
  readonly #wheel = new TimingWheel<Throttle>();
  #stopTicking: (() => void) | undefined;
  #stopped = false;

  constructor(limits: Limits, clock: Clock, metrics: Metrics) {
    const nowMs = clock.nowMs();
    this.#limits = limits;
    this.#clock = clock;
    this.#metrics = metrics;
    this.inbound = new NamespaceThrottle(INBOUND, { limits, nowMs }, { metrics, alarm: this });
    this.outbound = new NamespaceThrottle(OUTBOUND, { limits, nowMs }, { metrics, alarm: this });
    this.#connectRate = { perSecond: limits.connectsPerSecond };
    this.#subscribeRate = { perSecond: limits.subscribesPerSecond };
    this.#connects = new TokenBucket(this.#connectRate, nowMs);
    this.#subscribes = new TokenBucket(this.#subscribeRate, nowMs);
  }

  /** The rates count from now on, also for those that wait. */
  apply(limits: Limits): void {
    this.#limits = limits;
    this.inbound.apply(limits);
    this.outbound.apply(limits);
    this.#connectRate.perSecond = limits.connectsPerSecond;
    this.#subscribeRate.perSecond = limits.subscribesPerSecond;
    const nowMs = this.#clock.nowMs();
    for (const throttle of this.#wheel.takeAll()) throttle.due(nowMs);
  }

  /** Whoever waits, or will, waits for ever. */
  stop(): void {
    this.#stopped = true;
    this.#rest();
  }

  /** Counts a CONNECT; why it is over the rate, or undefined. */
  refuseConnect(): Ending | undefined {
    if (this.#connects.isPositive(this.#clock.nowMs())) {
      this.#connects.spend(1);
      return undefined;
    }
    this.#metrics.throttledConnects++;
    const reason = `${this.describe('connectsPerSecond')} is exceeded; try again later`;
    return { code: ReasonCode.ConnectionRateExceeded, reason };
  }

  /** Counts a topic filter of a SUBSCRIBE; false: it is over the rate. */
  admitsSubscribe(): boolean {
    if (this.#subscribes.isPositive(this.#clock.nowMs())) {
      this.#subscribes.spend(1);
      return true;
    }
    this.#metrics.throttledSubscribes++;
    return false;
  }

  /** Work that a subscription caused beyond what one usually does counts as more of them. */
  spendSubscribes(count: number): void {
    this.#subscribes.spend(count);
  }

  /** As the person knows it who can raise it. */
  describe(limit: LimitName): string {
    return `the limit ${limit} (${this.#limits[limit]})`;
  }

  ringAfter(delayMs: number, throttle: Throttle, nowMs: number): void {
    this.#wheel.add(throttle, nowMs, delayMs);
    this.ringForTurns();
  }

  ringForTurns(): void {
    if (this.#stopped) return;
    this.#stopTicking ??= this.#clock.every(TICK_MS, () => this.#tick());
  }

  #rest(): void {
    this.#stopTicking?.();
    this.#stopTicking = undefined;
  }

  #tick(): void {
    const nowMs = this.#clock.nowMs();
    for (const throttle of this.#wheel.takeDue(nowMs)) throttle.due(nowMs);
    this.inbound.giveTurns(nowMs);
    this.outbound.giveTurns(nowMs);
    if (this.#wheel.size + this.inbound.waiting + this.outbound.waiting === 0) this.#rest();
  }
}
