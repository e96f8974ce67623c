/** What lies between a client and its server, where calls and events get lost, late and stale. */
import type { Clock } from '../../../control/clock.ts';
import type {
  ApplyOptions,
  DeleteOptions,
  KubeApi,
  KubeList,
  KubeObject,
  ListOptions,
  ObjectName,
  PatchOptions,
  ResourceType,
  WatchEvent,
  WatchOptions,
} from '../../../kube/kube-api.ts';
import { KubeApiError, UnreachableError } from '../../../kube/kube-api.ts';
import type { ModelApi } from './model-api.ts';

export type Verb = 'get' | 'list' | 'watch' | 'create' | 'replace' | 'patch' | 'apply' | 'delete';

export interface Call {
  readonly atMs: number;
  /** Of all calls of this client, from 0. */
  readonly index: number;
  /** Of its writes, from 0; undefined: it reads. */
  readonly writeIndex: number | undefined;
  readonly verb: Verb;
  readonly type: ResourceType;
  /** Undefined: of lists and watches. */
  readonly name: ObjectName | undefined;
  readonly subresource: 'status' | undefined;
  /** Whose delete it is. */
  readonly uid: string | undefined;
}

export type CallFault =
  /** The server never gets it. */
  | { readonly is: 'Refused'; readonly error: Error }
  /** The server has done it, and nobody is told. */
  | { readonly is: 'AnswerLost'; readonly error: Error }
  | { readonly is: 'Delayed'; readonly delayMs: number }
  /** A list, as it was then. */
  | { readonly is: 'Stale'; readonly atRevision: number };

export interface Delivery {
  /** Of all events that this client is told, from 0; bookmarks are not counted. */
  readonly index: number;
  readonly type: ResourceType;
  readonly event: WatchEvent<KubeObject>;
}

export type EventFault =
  | { readonly is: 'Duplicated' }
  /** With all that follow on its watch, so that other kinds' events overtake it. */
  | { readonly is: 'Held'; readonly delayMs: number }
  /** With all that follow, until the server says that they are no longer kept. */
  | { readonly is: 'Missed'; readonly forMs: number }
  /** Instead of it, the watch ends: in order, broken, or since too much has happened. */
  | { readonly is: 'Ended'; readonly error: Error | undefined };

export interface Faults {
  readonly onCall?: (call: Call) => CallFault | undefined;
  readonly onEvent?: (delivery: Delivery) => EventFault | undefined;
}

export const FAULTS: Readonly<Record<string, () => Error>> = {
  unreachable: () => new UnreachableError('the connection was reset'),
  conflict: () => refusal(409, 'Conflict'),
  tooManyRequests: () => refusal(429, 'TooManyRequests', 1),
  internal: () => refusal(500, 'InternalError'),
  forbidden: () => refusal(403, 'Forbidden'),
  gone: () => refusal(410, 'Expired'),
};

/** @throws where there is no such fault */
export function faultNamed(name: keyof typeof FAULTS): Error {
  const make = FAULTS[name];
  if (make === undefined) throw new Error(`there is no fault ${name}`);
  return make();
}

function refusal(status: number, reason: string, retryAfterSeconds?: number): KubeApiError {
  return new KubeApiError(`the test refuses it: ${reason}`, { status, reason, retryAfterSeconds });
}

export class FaultyApi implements KubeApi {
  readonly #api: ModelApi;
  readonly #clock: Clock;
  readonly #faults: Faults;
  readonly #calls: Call[] = [];
  #writes = 0;
  #events = 0;
  #isDead = false;
  #thawsAtMs = 0;

  constructor(api: ModelApi, clock: Clock, faults: Faults = {}) {
    this.#api = api;
    this.#clock = clock;
    this.#faults = faults;
  }

  /** Its process stands still: what it was about to send or to hear waits. */
  freeze(forMs: number): void {
    this.#thawsAtMs = this.#clock.nowMs() + forMs;
  }

  /** In the order in which they were made. */
  get calls(): readonly Call[] {
    return this.#calls;
  }

  /** Its process is gone: what was sent may take effect, and nobody hears of anything. */
  die(): void {
    this.#isDead = true;
  }

  get<T extends KubeObject>(type: ResourceType, name: ObjectName): Promise<T | undefined> {
    return this.#call({ verb: 'get', type, name }, () => this.#api.get<T>(type, name));
  }

  list<T extends KubeObject>(type: ResourceType, options: ListOptions): Promise<KubeList<T>> {
    return this.#call({ verb: 'list', type }, (atRevision) =>
      this.#api.list<T>(type, options, atRevision),
    );
  }

  create<T extends KubeObject>(type: ResourceType, object: T): Promise<T> {
    const about = { verb: 'create', type, name: object.metadata } as const;
    return this.#call(about, () => this.#api.create(type, object));
  }

  replace<T extends KubeObject>(type: ResourceType, object: T): Promise<T> {
    const about = { verb: 'replace', type, name: object.metadata } as const;
    return this.#call(about, () => this.#api.replace(type, object));
  }

  patch<T extends KubeObject>(
    type: ResourceType,
    name: ObjectName,
    patch: object,
    options: PatchOptions = {},
  ): Promise<T> {
    const about = { verb: 'patch', type, name, subresource: options.subresource } as const;
    return this.#call(about, () => this.#api.patch<T>(type, name, patch, options));
  }

  apply<T extends KubeObject>(type: ResourceType, object: T, options: ApplyOptions): Promise<T> {
    const { subresource } = options;
    const about = { verb: 'apply', type, name: object.metadata, subresource } as const;
    return this.#call(about, () => this.#api.apply(type, object, options));
  }

  delete(type: ResourceType, name: ObjectName, options: DeleteOptions): Promise<void> {
    const about = { verb: 'delete', type, name, uid: options.uid } as const;
    return this.#call(about, () => this.#api.delete(type, name, options));
  }

  async watch<T extends KubeObject>(
    type: ResourceType,
    options: WatchOptions,
    onEvent: (event: WatchEvent<T>) => void,
  ): Promise<void> {
    const ended = new AbortController();
    const signal = AbortSignal.any([options.signal, ended.signal]);
    let failure: Error | undefined;
    const end = (error: Error | undefined): void => {
      failure = error;
      ended.abort();
    };
    const line = new EventLine(this.#clock, (event) => {
      const frozenMs = this.#frozenMs();
      if (frozenMs > 0) return line.tell(event, frozenMs);
      if (!this.#isDead && !signal.aborted) onEvent(event as WatchEvent<T>);
    });
    await this.#call({ verb: 'watch', type }, () =>
      this.#api.watch<KubeObject>(type, { ...options, signal }, (event) => {
        this.#deliver({ type, event }, line, end);
      }),
    );
    if (failure !== undefined) throw failure;
  }

  #deliver(
    { type, event }: Pick<Delivery, 'type' | 'event'>,
    line: EventLine,
    end: (error: Error | undefined) => void,
  ): void {
    const fault =
      event.type === 'BOOKMARK'
        ? undefined
        : this.#faults.onEvent?.({ index: this.#events++, type, event });
    switch (fault?.is) {
      case 'Ended':
        return end(fault.error);
      case 'Missed':
        line.isDeaf = true;
        this.#clock.after(fault.forMs, () => end(faultNamed('gone')));
        return;
      case 'Held':
        return line.tell(event, fault.delayMs);
      case 'Duplicated':
        line.tell(event);
        return line.tell(event);
      case undefined:
        return line.tell(event);
    }
  }

  async #call<Answer>(
    about: Pick<Call, 'verb' | 'type'> & Partial<Call>,
    send: (atRevision?: number) => Promise<Answer>,
  ): Promise<Answer> {
    if (this.#isDead) return nothing();
    const { verb, type, name, subresource, uid } = about;
    const isRead = verb === 'get' || verb === 'list' || verb === 'watch';
    const writeIndex = isRead ? undefined : this.#writes++;
    const atMs = this.#clock.nowMs();
    const index = this.#calls.length;
    const call = { atMs, index, writeIndex, verb, type, name, subresource, uid };
    this.#calls.push(call);
    const fault = this.#faults.onCall?.(call);
    if (await this.#endsUnsent(fault)) return nothing();
    try {
      return await this.#faulty(fault, send);
    } finally {
      await this.#thawed();
      if (this.#isDead) await nothing();
    }
  }

  /** The fault may be the end of this process, which may also come while it stands still. */
  async #endsUnsent(fault: CallFault | undefined): Promise<boolean> {
    const isLast = this.#isDead;
    if (isLast && fault === undefined) return true;
    await this.#thawed();
    return this.#isDead && !isLast;
  }

  #frozenMs(): number {
    return this.#thawsAtMs - this.#clock.nowMs();
  }

  async #thawed(): Promise<void> {
    const frozenMs = this.#frozenMs();
    if (frozenMs > 0) await this.#pause(frozenMs);
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#clock.after(ms, resolve));
  }

  async #faulty<Answer>(
    fault: CallFault | undefined,
    send: (atRevision?: number) => Promise<Answer>,
  ): Promise<Answer> {
    switch (fault?.is) {
      case 'Refused':
        throw fault.error;
      case 'Delayed':
        await this.#pause(fault.delayMs);
        return send();
      case 'AnswerLost':
        await send();
        throw fault.error;
      case 'Stale':
        return send(fault.atRevision);
      case undefined:
        return send();
    }
  }
}

/** Events in their order. */
class EventLine {
  /** What comes is lost. */
  isDeaf = false;
  readonly #clock: Clock;
  readonly #onEvent: (event: WatchEvent<KubeObject>) => void;
  #freeAtMs = 0;

  constructor(clock: Clock, onEvent: (event: WatchEvent<KubeObject>) => void) {
    this.#clock = clock;
    this.#onEvent = onEvent;
  }

  tell(event: WatchEvent<KubeObject>, delayMs = 0): void {
    if (this.isDeaf) return;
    const nowMs = this.#clock.nowMs();
    this.#freeAtMs = Math.max(this.#freeAtMs, nowMs + delayMs);
    if (this.#freeAtMs <= nowMs) this.#onEvent(event);
    else this.#clock.after(this.#freeAtMs - nowMs, () => this.#onEvent(event));
  }
}

function nothing(): Promise<never> {
  return new Promise(() => undefined);
}
