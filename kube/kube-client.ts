import type { KubeConfig } from '@kubernetes/client-node';
import type { Clock } from '../control/clock.ts';
import { CALL_LIMITS_DEFAULT, CallLimiter } from './call-limiter.ts';
import type { CallLimits } from './call-limiter.ts';
import { CredentialSource, serverUrl } from './credentials.ts';
import { KubeApiError, UnreachableError, isNotFound } from './kube-api.ts';
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
} from './kube-api.ts';
import {
  describeObject,
  describePart,
  resourcePath,
  selectionQuery,
  withQuery,
} from './resource-path.ts';
import { CALL_TIMEOUT_MS_DEFAULT, errorOf, exchange } from './transport.ts';
import type { HttpAnswer, HttpCall } from './transport.ts';
import { watchOnce } from './watch.ts';

/** An HTTP status, or `<error>` where none came. */
export type CountCall = (code: string, method: string, host: string) => void;

export interface KubeClientOptions {
  readonly config: KubeConfig;
  readonly clock: Clock;
  readonly random: () => number;
  readonly limits?: Partial<CallLimits> | undefined;
  /** For each attempt. */
  readonly callTimeoutMs?: number | undefined;
  readonly countCall?: CountCall | undefined;
  /** The operator's by default. */
  readonly userAgent?: string | undefined;
}

/** A server that is this busy is busy for longer: the caller's own backoff takes over. */
const BUSY_RETRIES_MAX = 5;
const BUSY_RETRY_SECONDS_DEFAULT = 1;
const BUSY_RETRY_SECONDS_MAX = 30;

/**
 * An API server over HTTPS. A leader's election needs one of its own, lest renewing the Lease
 * waits behind thousands of writes.
 */
export class KubeClient implements KubeApi {
  readonly #config: KubeConfig;
  readonly #server: URL;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #limiter: CallLimiter;
  readonly #credentials: CredentialSource;
  readonly #callTimeoutMs: number;
  readonly #countCall: CountCall;
  readonly #userAgent: string | undefined;

  constructor(options: KubeClientOptions) {
    const limits = { ...CALL_LIMITS_DEFAULT, ...options.limits };
    this.#config = options.config;
    this.#server = serverUrl(options.config);
    this.#clock = options.clock;
    this.#random = options.random;
    this.#limiter = new CallLimiter(limits, options.clock);
    this.#credentials = new CredentialSource(options.config, limits.inFlightMax, options.clock);
    this.#callTimeoutMs = options.callTimeoutMs ?? CALL_TIMEOUT_MS_DEFAULT;
    this.#countCall = options.countCall ?? (() => undefined);
    this.#userAgent = options.userAgent;
  }

  /** Ends what is under way; watches end by their signals. */
  close(): void {
    this.#limiter.close();
    this.#credentials.close();
  }

  async get<T extends KubeObject>(type: ResourceType, name: ObjectName): Promise<T | undefined> {
    const what = `get ${describeObject(type, name)}`;
    try {
      return await this.#call<T>(what, { method: 'GET', path: resourcePath(type, name) });
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  async list<T extends KubeObject>(type: ResourceType, options: ListOptions): Promise<KubeList<T>> {
    const { limit, continue: from } = options;
    const query = { ...selectionQuery(options), limit, continue: from };
    const path = withQuery(resourcePath(type, { namespace: options.namespace }), query);
    const answer = await this.#call<{
      readonly metadata: { readonly resourceVersion: string; readonly continue?: string };
      readonly items: readonly T[] | null;
    }>(`list ${type.plural}`, { method: 'GET', path });
    const { resourceVersion, continue: rest } = answer.metadata;
    const { apiVersion, kind } = type;
    return {
      // Items of the server's own types leave out what the list says already.
      items: (answer.items ?? []).map((item) => (item.kind ? item : { ...item, apiVersion, kind })),
      resourceVersion,
      ...(rest ? { continue: rest } : {}),
    };
  }

  watch<T extends KubeObject>(
    type: ResourceType,
    options: WatchOptions,
    onEvent: (event: WatchEvent<T>) => void,
  ): Promise<void> {
    const { resourceVersion, timeoutSeconds, signal } = options;
    const call = {
      what: `watch ${type.plural}`,
      path: resourcePath(type, { namespace: options.namespace }),
      query: {
        ...selectionQuery(options),
        resourceVersion,
        timeoutSeconds,
        allowWatchBookmarks: true,
      },
      signal,
      onAnswer: (status: number | undefined): void => this.#count('GET', status),
    };
    return watchOnce<T>(this.#config, call, onEvent);
  }

  create<T extends KubeObject>(type: ResourceType, object: T): Promise<T> {
    const { namespace } = object.metadata;
    const path = resourcePath(type, { namespace });
    const what = `create ${describeObject(type, object.metadata)}`;
    return this.#call(what, { method: 'POST', path, body: object });
  }

  replace<T extends KubeObject>(type: ResourceType, object: T): Promise<T> {
    const path = resourcePath(type, object.metadata);
    const what = `replace ${describeObject(type, object.metadata)}`;
    return this.#call(what, { method: 'PUT', path, body: object });
  }

  patch<T extends KubeObject>(
    type: ResourceType,
    name: ObjectName,
    patch: object,
    options: PatchOptions = {},
  ): Promise<T> {
    return this.#call(`patch ${describePart(type, name, options.subresource)}`, {
      method: 'PATCH',
      path: resourcePath(type, name, options.subresource),
      body: patch,
      contentType: 'application/merge-patch+json',
    });
  }

  apply<T extends KubeObject>(type: ResourceType, object: T, options: ApplyOptions): Promise<T> {
    const { subresource, fieldManager, force, dryRun } = options;
    const path = resourcePath(type, object.metadata, subresource);
    return this.#call(`apply ${describePart(type, object.metadata, subresource)}`, {
      method: 'PATCH',
      path: withQuery(path, { fieldManager, force, dryRun: dryRun ? 'All' : undefined }),
      body: object,
      // JSON is YAML.
      contentType: 'application/apply-patch+yaml',
    });
  }

  async delete(type: ResourceType, name: ObjectName, options: DeleteOptions): Promise<void> {
    const { uid, resourceVersion, propagationPolicy, gracePeriodSeconds } = options;
    const body = {
      apiVersion: 'v1',
      kind: 'DeleteOptions',
      preconditions: { uid, resourceVersion },
      propagationPolicy,
      gracePeriodSeconds,
    };
    const what = `delete ${describeObject(type, name)}`;
    try {
      await this.#call(what, { method: 'DELETE', path: resourcePath(type, name), body });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  async #call<Answer>(what: string, call: HttpCall): Promise<Answer> {
    for (let retries = 0; ; retries++) {
      const answer = await this.#limiter.run(call.method !== 'GET', () =>
        this.#attempt(what, call),
      );
      if (answer.status < 300) return parseAnswer<Answer>(what, answer);
      if (answer.status === 401) this.#credentials.forget();
      const error = errorOf(what, answer);
      // A server that answers 429 has not begun with the call.
      if (error.status !== 429 || retries >= BUSY_RETRIES_MAX) throw error;
      await this.#pause(error);
    }
  }

  async #attempt(what: string, call: HttpCall): Promise<HttpAnswer> {
    const options = {
      clock: this.#clock,
      timeoutMs: this.#callTimeoutMs,
      userAgent: this.#userAgent,
    };
    try {
      const credentials = await this.#credentials.current();
      const answer = await exchange(this.#server, call, credentials, options);
      this.#count(call.method, answer.status);
      return answer;
    } catch (error) {
      this.#count(call.method, undefined);
      const message = error instanceof Error ? error.message : String(error);
      throw new UnreachableError(`${what}: ${message}`, { cause: error });
    }
  }

  /** Longer than it asks for by up to a half, so that not all whom it told so come at once. */
  #pause({ retryAfterSeconds = BUSY_RETRY_SECONDS_DEFAULT }: KubeApiError): Promise<void> {
    const seconds = Math.min(retryAfterSeconds, BUSY_RETRY_SECONDS_MAX);
    const pauseMs = seconds * 1000 * (1 + this.#random() / 2);
    return new Promise((resolve) => void this.#clock.after(pauseMs, resolve));
  }

  #count(method: string, status: number | undefined): void {
    this.#countCall(status === undefined ? '<error>' : String(status), method, this.#server.host);
  }
}

function parseAnswer<Answer>(what: string, { status, text }: HttpAnswer): Answer {
  try {
    return JSON.parse(text) as Answer;
  } catch {
    throw new KubeApiError(`${what}: the answer is not JSON`, { status, reason: 'InternalError' });
  }
}
