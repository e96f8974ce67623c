import type { LimitName, Limits } from '../../domain/limits.ts';
import type { Metrics } from '../metrics.ts';
import type { Rate } from './token-bucket.ts';
import { messageUnits, TokenBucket } from './token-bucket.ts';

/** Units that one connection may use before the next one has its turn. */
const TURN_UNITS = 16;

/** The two limits of one direction, and what counts how often each was enforced. */
export interface ThrottleNames {
  readonly connection: LimitName;
  readonly namespace: LimitName;
  readonly connectionMetric: keyof Metrics;
  readonly namespaceMetric: keyof Metrics;
}

/** What those that wait rely on. */
export interface Alarm {
  /** Calls `Throttle.due` once so many milliseconds have passed, or earlier. */
  ringAfter(delayMs: number, throttle: Throttle, nowMs: number): void;
  /** Calls `NamespaceThrottle.giveTurns` every few milliseconds while somebody waits for it. */
  ringForTurns(): void;
}

/** One direction of all connections of a MqttNamespace. */
export class NamespaceThrottle {
  readonly names: ThrottleNames;
  readonly metrics: Metrics;
  readonly alarm: Alarm;
  readonly connectionRate: Rate & { perSecond: number };
  readonly #rate: Rate & { perSecond: number };
  readonly #bucket: TokenBucket;
  /** Those for whom the namespace had no room, in the order in which they came. */
  readonly #waiting = new Set<Throttle>();
  #turn: Throttle | undefined;
  #turnUnits = 0;

  constructor(
    names: ThrottleNames,
    { limits, nowMs }: { readonly limits: Limits; readonly nowMs: number },
    { metrics, alarm }: { readonly metrics: Metrics; readonly alarm: Alarm },
  ) {
    this.names = names;
    this.metrics = metrics;
    this.alarm = alarm;
    this.connectionRate = { perSecond: limits[names.connection] };
    this.#rate = { perSecond: limits[names.namespace] };
    this.#bucket = new TokenBucket(this.#rate, nowMs);
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  apply(limits: Limits): void {
    this.connectionRate.perSecond = limits[this.names.connection];
    this.#rate.perSecond = limits[this.names.namespace];
  }

  hasRoom(nowMs: number): boolean {
    return this.#bucket.isPositive(nowMs);
  }

  /** Whether this one may go on before those that wait. */
  isTurnOf(throttle: Throttle): boolean {
    return this.#waiting.size === 0 || (this.#turn === throttle && this.#turnUnits > 0);
  }

  spend(units: number): void {
    this.#turnUnits -= units;
    this.#bucket.spend(units);
  }

  wait(throttle: Throttle): void {
    this.#waiting.add(throttle);
    this.alarm.ringForTurns();
  }

  leave(throttle: Throttle): void {
    this.#waiting.delete(throttle);
  }

  /**
   * Lets those that wait go on, one after the other, as far as there is room. It ends: each turn
   * uses some of the room, or leaves one less that waits.
   */
  giveTurns(nowMs: number): void {
    while (this.#bucket.isPositive(nowMs)) {
      const [next] = this.#waiting;
      if (next === undefined) return;
      this.#waiting.delete(next);
      this.#turn = next;
      this.#turnUnits = TURN_UNITS;
      next.goOn();
      this.#turn = undefined;
    }
  }
}

/**
 * One direction of one connection: its own rate, and its part of the namespace's. Who finds no room
 * waits without a timer of its own.
 */
export class Throttle {
  readonly #namespace: NamespaceThrottle;
  readonly #bucket: TokenBucket;
  readonly #proceed: () => void;
  #waiting = false;

  /** `proceed` is called when somebody who waits may go on; it asks `admits` again. */
  constructor(namespace: NamespaceThrottle, nowMs: number, proceed: () => void) {
    this.#namespace = namespace;
    this.#bucket = new TokenBucket(namespace.connectionRate, nowMs);
    this.#proceed = proceed;
  }

  /**
   * For a packet that cannot wait, or was admitted: uses the room that there is, whoever else
   * waits for it, and answers the limit that leaves none.
   */
  take(packetBytes: number, nowMs: number): LimitName | undefined {
    const exceeded = this.#findExceeded(nowMs);
    if (exceeded === undefined) this.spend(packetBytes);
    else this.#count(exceeded);
    return exceeded;
  }

  /** False: it waits from now on, and `proceed` is called when it may go on. */
  admits(nowMs: number): boolean {
    if (this.#waiting) return false;
    const exceeded = this.#findExceeded(nowMs);
    if (exceeded === undefined && this.#namespace.isTurnOf(this)) return true;
    this.#waiting = true;
    this.#count(exceeded);
    if (exceeded === this.#namespace.names.connection) this.#waitAlone(nowMs);
    else this.#namespace.wait(this);
    return false;
  }

  /** For a packet of so many bytes that was admitted. */
  spend(packetBytes: number): void {
    const units = messageUnits(packetBytes);
    this.#bucket.spend(units);
    this.#namespace.spend(units);
  }

  /** It waited for its own rate, and may have waited long enough. */
  due(nowMs: number): void {
    if (this.#bucket.isPositive(nowMs)) this.goOn();
    else this.#waitAlone(nowMs);
  }

  goOn(): void {
    this.#waiting = false;
    this.#proceed();
  }

  /** The connection is closed: others need not wait for its turn. */
  leave(): void {
    this.#namespace.leave(this);
  }

  #findExceeded(nowMs: number): LimitName | undefined {
    const { names } = this.#namespace;
    if (!this.#bucket.isPositive(nowMs)) return names.connection;
    return this.#namespace.hasRoom(nowMs) ? undefined : names.namespace;
  }

  /** Undefined: others wait for the namespace's room. */
  #count(exceeded: LimitName | undefined): void {
    const { names, metrics } = this.#namespace;
    const { connection, connectionMetric, namespaceMetric } = names;
    metrics[exceeded === connection ? connectionMetric : namespaceMetric]++;
  }

  #waitAlone(nowMs: number): void {
    this.#namespace.alarm.ringAfter(this.#bucket.waitMs(nowMs), this, nowMs);
  }
}
