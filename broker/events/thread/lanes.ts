/**
 * Events that wait for one destination, in a lane for each MQTT topic: what waits in one lane holds
 * up no other, and nothing overtakes within one.
 */
import type { OutboundEvent } from '../destinations/destination.ts';

export interface QueuedEvent extends OutboundEvent {
  readonly number: number;
  readonly receivedAtMs: number;
}

export interface Entry {
  readonly event: QueuedEvent;
  attempts: number;
  /** It was part of a batch that failed: is it this one? */
  alone: boolean;
  lastAttemptAtMs: number | undefined;
  /** What came of it. */
  lastCause: string;
}

export interface Lane {
  /** Oldest first. */
  readonly entries: Entry[];
  /** Some of its entries are on their way. */
  busy: boolean;
  /** 0: now. */
  notBeforeMs: number;
  /** It waits because of the destination, and goes on as soon as that takes anything. */
  waitsForDestination: boolean;
}

export interface BatchBounds {
  readonly events: number;
  readonly bytes: number;
}

export class Lanes {
  /** In the order in which they are served. */
  readonly #lanes = new Map<string, Lane>();
  #size = 0;

  /** Entries that wait, without those on their way. */
  get size(): number {
    return this.#size;
  }

  push(entry: Entry): void {
    const lane = this.#lanes.get(entry.event.topic) ?? newLane();
    lane.entries.push(entry);
    this.#lanes.set(entry.event.topic, lane);
    this.#size++;
  }

  /** Whatever may go now, within the bounds, in order of age; empty: nothing may. */
  take(bounds: BatchBounds, nowMs: number): Entry[] {
    const batch = new Batch(bounds);
    const served = new Set<string>();
    // One of each lane and round, so that a busy topic has no more of a batch than another one.
    let round: Iterable<readonly [string, Lane]> = this.#lanes;
    while (!batch.isFull) {
      const next = takeRound(round, batch, nowMs);
      if (next.length === 0) break;
      for (const [topic] of next) served.add(topic);
      round = next;
    }
    for (const topic of served) this.#lanes.get(topic)!.busy = true;
    for (const topic of served) this.#toTheEnd(topic);
    this.#size -= batch.entries.length;
    return batch.entries.sort((left, right) => left.event.number - right.event.number);
  }

  /** Those that were taken for one batch are not on their way any more. */
  release(entries: readonly Entry[]): void {
    for (const topic of topicsOf(entries)) {
      const lane = this.#lanes.get(topic)!;
      lane.busy = false;
      this.#forgetIfEmpty(topic, lane);
    }
  }

  /** They were taken, and go back to where they were; their lanes wait. */
  putBack(entries: readonly Entry[], notBeforeMs: number, waitsForDestination: boolean): void {
    for (const entry of [...entries].reverse()) {
      const lane = this.#lanes.get(entry.event.topic)!;
      lane.entries.unshift(entry);
      lane.notBeforeMs = Math.max(lane.notBeforeMs, notBeforeMs);
      lane.waitsForDestination = waitsForDestination;
      this.#size++;
    }
  }

  /** What waits because of the destination waits no more. */
  wakeUp(): void {
    for (const lane of this.#lanes.values()) {
      if (!lane.waitsForDestination) continue;
      lane.notBeforeMs = 0;
      lane.waitsForDestination = false;
    }
  }

  /** Takes out what matches, wherever it waits. */
  remove(matches: (entry: Entry) => boolean): Entry[] {
    const removed: Entry[] = [];
    for (const [topic, lane] of this.#lanes) {
      for (let index = lane.entries.length - 1; index >= 0; index--) {
        if (matches(lane.entries[index]!)) removed.push(...lane.entries.splice(index, 1));
      }
      this.#forgetIfEmpty(topic, lane);
    }
    this.#size -= removed.length;
    return removed;
  }

  /** When the next lane may go; Infinity: none will by time alone. */
  nextMs(): number {
    let nextMs = Infinity;
    for (const { busy, entries, notBeforeMs } of this.#lanes.values()) {
      if (!busy && entries.length > 0) nextMs = Math.min(nextMs, notBeforeMs);
    }
    return nextMs;
  }

  #toTheEnd(topic: string): void {
    const lane = this.#lanes.get(topic)!;
    this.#lanes.delete(topic);
    this.#lanes.set(topic, lane);
  }

  #forgetIfEmpty(topic: string, lane: Lane): void {
    if (!lane.busy && lane.entries.length === 0) this.#lanes.delete(topic);
  }
}

function newLane(): Lane {
  return { entries: [], busy: false, notBeforeMs: 0, waitsForDestination: false };
}

function topicsOf(entries: readonly Entry[]): Set<string> {
  return new Set(entries.map(({ event }) => event.topic));
}

/** Answers the lanes that one was taken of. */
function takeRound(
  lanes: Iterable<readonly [string, Lane]>,
  batch: Batch,
  nowMs: number,
): (readonly [string, Lane])[] {
  const served: (readonly [string, Lane])[] = [];
  for (const named of lanes) {
    if (batch.isFull) break;
    const { entries, busy, notBeforeMs } = named[1];
    const [entry] = entries;
    if (busy || notBeforeMs > nowMs || entry === undefined || !batch.take(entry)) continue;
    entries.shift();
    served.push(named);
  }
  return served;
}

class Batch {
  readonly entries: Entry[] = [];
  readonly #bounds: BatchBounds;
  #bytes = 0;

  constructor(bounds: BatchBounds) {
    this.#bounds = bounds;
  }

  get isFull(): boolean {
    const { events, bytes } = this.#bounds;
    return this.entries.length >= events || this.#bytes >= bytes || this.#isOfOneAlone;
  }

  /** False: there is no room for it. One that goes alone goes with no other. */
  take(entry: Entry): boolean {
    const bytes = entry.event.json.length;
    const isFirst = this.entries.length === 0;
    if (!isFirst && (this.isFull || entry.alone || this.#bytes + bytes > this.#bounds.bytes)) {
      return false;
    }
    this.entries.push(entry);
    this.#bytes += bytes;
    return true;
  }

  get #isOfOneAlone(): boolean {
    return this.entries[0]?.alone === true;
  }
}
