/** Events (events.k8s.io/v1): what people read in `kubectl describe`. Best effort, always. */
import { createHash } from 'node:crypto';
import type { Logger } from 'pino';
import type { Clock } from '../../control/clock.ts';
import {
  isAlreadyExists,
  isNotFound,
  KubeApiError,
  UnreachableError,
} from '../../kube/kube-api.ts';
import type { KubeApi, KubeObject, ResourceType } from '../../kube/kube-api.ts';
import { microTime } from './micro-time.ts';
import { sleep } from '../../kube/sleep.ts';

export const EVENTS_V1: ResourceType = {
  apiVersion: 'events.k8s.io/v1',
  kind: 'Event',
  plural: 'events',
  namespaced: true,
};

/** What an event is about. */
export interface ObjectReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

export interface RecordedEvent {
  readonly type: 'Normal' | 'Warning';
  /** UpperCamelCase, for machines. */
  readonly reason: string;
  /** What the controller was doing: UpperCamelCase. */
  readonly action: string;
  /** For people; cut at `NOTE_BYTES_MAX`. */
  readonly note: string;
}

export interface EventRecorderOptions {
  readonly api: KubeApi;
  /** `mqttgrid.io/operator` */
  readonly controller: string;
  /** This process. */
  readonly instance: string;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
}

/** Validation of events.k8s.io/v1 refuses more. */
const NOTE_BYTES_MAX = 1024;
const WORD_CHARACTERS_MAX = 128;
/** Of the object's name in the event's, whose bound is 253; a dot and 16 digits follow. */
const NAME_CHARACTERS_MAX = 236;

/** As client-go's spam filter has it: 25 events of one object at once, then one in five minutes. */
const BURST_MAX = 25;
const REFILL_MS = 300_000;

/** A repetition that comes later than this is a new event: client-go's end of a series. */
const SERIES_MS = 360_000;
/** Repetitions are counted here, and written no more often than this. */
const SERIES_WRITE_MS = 60_000;

/** As client-go's caches; the oldest is forgotten, and at worst told anew. */
const REMEMBERED_MAX = 4_096;

/** Behind them more are dropped: newer ones are not better than those that wait. */
const WAITING_MAX = 1_000;

const TRIES_MAX = 3;
const RETRY_MS = 1_000;

interface Series {
  readonly reference: ObjectReference;
  readonly event: RecordedEvent;
  /** Of the object that holds it. */
  readonly name: string;
  count: number;
  firstMs: number;
  lastMs: number;
  /** How many of them the server knows of; 0: none, it is to be made. */
  written: number;
  isWaiting: boolean;
}

interface Bucket {
  tokens: number;
  refilledMs: number;
}

/** Takes events without waiting, and writes them one after the other. */
export class EventRecorder {
  readonly #options: EventRecorderOptions;
  readonly #series = new Map<string, Series>();
  readonly #buckets = new Map<string, Bucket>();
  readonly #waiting: Series[] = [];
  readonly #stop = new AbortController();
  #isWriting = false;
  #cancelFlush: (() => void) | undefined;
  #dropped = 0;

  constructor(options: EventRecorderOptions) {
    this.#options = options;
  }

  /** Events that were not written: too many of one object, too many at all, or refused. */
  get dropped(): number {
    return this.#dropped;
  }

  record(reference: ObjectReference, event: RecordedEvent): void {
    if (this.#stop.signal.aborted) return;
    const nowMs = this.#options.clock.nowMs();
    if (!this.#mayTell(reference.uid, nowMs)) {
      this.#dropped++;
      return;
    }
    const series = this.#seriesOf(reference, event, nowMs);
    series.count++;
    series.lastMs = nowMs;
    // The first two at once, so that a repetition is seen as one; then a minute's in one write.
    if (series.count <= 2) this.#enqueue(series);
    else this.#cancelFlush ??= this.#options.clock.after(SERIES_WRITE_MS, () => this.#flush());
  }

  /** What waits is not written any more. */
  stop(): void {
    this.#stop.abort();
    this.#cancelFlush?.();
    this.#waiting.length = 0;
  }

  #mayTell(uid: string, nowMs: number): boolean {
    const bucket = this.#buckets.get(uid) ?? { tokens: BURST_MAX, refilledMs: nowMs };
    const refill = Math.max(0, nowMs - bucket.refilledMs) / REFILL_MS;
    bucket.tokens = Math.min(BURST_MAX, bucket.tokens + refill);
    bucket.refilledMs = nowMs;
    remember(this.#buckets, uid, bucket);
    if (bucket.tokens < 1) return false;
    bucket.tokens--;
    return true;
  }

  #seriesOf(reference: ObjectReference, event: RecordedEvent, nowMs: number): Series {
    const { type, reason, action, note } = event;
    const key = JSON.stringify([reference.uid, type, reason, action, note]);
    const known = this.#series.get(key);
    if (known !== undefined && nowMs - known.lastMs < SERIES_MS) {
      remember(this.#series, key, known);
      return known;
    }
    const digest = createHash('sha256').update(`${key} ${nowMs} ${this.#options.instance}`);
    const begun = {
      reference,
      event,
      name: `${reference.name.slice(0, NAME_CHARACTERS_MAX)}.${digest.digest('hex').slice(0, 16)}`,
      count: 0,
      firstMs: nowMs,
      lastMs: nowMs,
      written: 0,
      isWaiting: false,
    };
    remember(this.#series, key, begun);
    return begun;
  }

  #flush(): void {
    this.#cancelFlush = undefined;
    for (const series of this.#series.values()) {
      if (series.count > series.written) this.#enqueue(series);
    }
  }

  #enqueue(series: Series): void {
    if (series.isWaiting) return;
    if (this.#waiting.length >= WAITING_MAX) {
      this.#dropped++;
      return;
    }
    series.isWaiting = true;
    this.#waiting.push(series);
    if (!this.#isWriting) void this.#write();
  }

  async #write(): Promise<void> {
    this.#isWriting = true;
    for (let series = this.#waiting.shift(); series; series = this.#waiting.shift()) {
      series.isWaiting = false;
      await this.#writeOne(series);
    }
    this.#isWriting = false;
  }

  async #writeOne(series: Series): Promise<void> {
    const { api, clock, random, logger } = this.#options;
    const { count } = series;
    for (let tries = 1; !this.#stop.signal.aborted; tries++) {
      try {
        await this.#send(api, series);
        series.written = count;
        return;
      } catch (error) {
        // After an hour the server forgets an event, and then it is told anew.
        if (isNotFound(error) && series.written > 0) series.written = 0;
        // The answer to a try before got lost.
        else if (isAlreadyExists(error) && series.written === 0) series.written = 1;
        else if (!isPassing(error) || tries === TRIES_MAX) {
          this.#dropped++;
          const message = error instanceof Error ? error.message : String(error);
          return logger.debug({ reason: series.event.reason }, `an event is dropped: ${message}`);
        }
        await sleep(clock, RETRY_MS * tries * (0.5 + random()), this.#stop.signal);
      }
    }
  }

  #send(api: KubeApi, series: Series): Promise<KubeObject> {
    const { reference, name, count, lastMs, written } = series;
    const { namespace } = reference;
    const repeated = { series: { count, lastObservedTime: microTime(lastMs) } };
    if (written > 0) return api.patch(EVENTS_V1, { namespace, name }, repeated);
    const { type, reason, action, note } = series.event;
    const object = {
      apiVersion: EVENTS_V1.apiVersion,
      kind: EVENTS_V1.kind,
      metadata: { namespace, name },
      eventTime: microTime(series.firstMs),
      reportingController: this.#options.controller,
      reportingInstance: this.#options.instance.slice(0, WORD_CHARACTERS_MAX),
      regarding: reference,
      type,
      reason: reason.slice(0, WORD_CHARACTERS_MAX),
      action: action.slice(0, WORD_CHARACTERS_MAX),
      note: cut(note),
      ...(count > 1 && repeated),
    };
    return api.create(EVENTS_V1, object);
  }
}

function isPassing(error: unknown): boolean {
  if (error instanceof UnreachableError) return true;
  return error instanceof KubeApiError && (error.status >= 500 || error.status === 429);
}

/** As the newest; beyond the bound the oldest goes. */
function remember<Value>(map: Map<string, Value>, key: string, value: Value): void {
  map.delete(key);
  map.set(key, value);
  if (map.size <= REMEMBERED_MAX) return;
  for (const oldest of map.keys()) {
    map.delete(oldest);
    return;
  }
}

/** At a whole character. */
function cut(note: string): string {
  const bytes = Buffer.from(note);
  if (bytes.length <= NOTE_BYTES_MAX) return note;
  const dots = '…';
  let end = NOTE_BYTES_MAX - Buffer.byteLength(dots);
  // The bytes 10xxxxxx go on with a character.
  while (((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  return bytes.subarray(0, end).toString() + dots;
}
