/** Requests to one URL, over a few connections that are kept. */
import http from 'node:http';
import type { ClientRequest, RequestOptions } from 'node:http';
import https from 'node:https';
import type { Socket } from 'node:net';
import type { SecureContext } from 'node:tls';
import type { Secrets } from '../secrets.ts';
import { trustOf } from './webhook-credentials.ts';
import type { Headers } from './webhook-credentials.ts';
import { RequestFault } from './webhook-fault.ts';
import type { Answer } from './webhook-outcome.ts';

export interface Timeouts {
  /** For TCP and TLS. */
  readonly connectMs: number;
  /** From the request to the head of its answer; the connection is part of it. */
  readonly answerMs: number;
  /** For the rest of the answer, which nobody reads: it is taken so that the connection is free. */
  readonly bodyMs: number;
}

/** 30 s for an answer, as Event Grid waits; the others are for the network and its peer's haste. */
export const TIMEOUTS: Timeouts = { connectMs: 10_000, answerMs: 30_000, bodyMs: 5000 };

/** Of an answer's head; Node's own default, stated since it is what bounds it. */
const HEADER_BYTES_MAX = 16 * 1024;
/** Of an answer's body. With more of it the connection is not worth keeping. */
const BODY_BYTES_MAX = 64 * 1024;
/** 1xx answers before the one that counts. One or two are usual; each costs us a turn. */
const INFORMATIONAL_MAX = 8;
/** Less than most servers and proxies keep a connection that is idle. */
const IDLE_MS = 50_000;

export interface Call {
  readonly method: 'POST' | 'OPTIONS';
  readonly headers: Headers;
  readonly body?: Buffer;
}

export interface WebhookClientOptions {
  readonly url: URL;
  readonly secrets: Secrets;
  readonly caSecretName?: string | undefined;
  readonly socketsMax: number;
  readonly timeouts: Timeouts;
}

/** Connections that were made with the same trust. */
interface Pool {
  readonly agent: http.Agent;
  readonly pem: Buffer | undefined;
  calls: number;
}

export class WebhookClient {
  readonly #options: WebhookClientOptions;
  readonly #underWay = new Set<(fault: RequestFault) => void>();
  #pool: Pool | undefined;
  #closed = false;

  constructor(options: WebhookClientOptions) {
    this.#options = options;
  }

  /** Rejects with whatever was in the way of an answer, and after at most two `answerMs`. */
  async call(call: Call, signal: AbortSignal): Promise<Answer> {
    if (signal.aborted || this.#closed) throw endedFault();
    const pool = this.#currentPool();
    pool.calls++;
    try {
      return await this.#again(pool, call, signal);
    } finally {
      pool.calls--;
      if (pool.calls === 0 && pool !== this.#pool) pool.agent.destroy();
    }
  }

  async #again(pool: Pool, call: Call, signal: AbortSignal): Promise<Answer> {
    const first = this.#request(pool, call);
    try {
      return await this.#exchange(first, call, signal);
    } catch (error) {
      // Its server may have closed it as idle just then, which says nothing (RFC 9112, 9.3.1).
      if (!first.reusedSocket || !isReset(error)) throw error;
    }
    for (const sockets of Object.values(pool.agent.freeSockets)) {
      for (const socket of sockets ?? []) socket.destroy();
    }
    return this.#exchange(this.#request(pool, call), call, signal);
  }

  #request(pool: Pool, { method, headers }: Call): ClientRequest {
    const { url } = this.#options;
    const options: RequestOptions = {
      method,
      headers,
      agent: pool.agent,
      maxHeaderSize: HEADER_BYTES_MAX,
    };
    return url.protocol === 'https:' ? https.request(url, options) : http.request(url, options);
  }

  async #exchange(request: ClientRequest, call: Call, signal: AbortSignal): Promise<Answer> {
    let end: ((fault: RequestFault) => void) | undefined;
    const abort = (): void => end?.(endedFault());
    const answer = new Promise<Answer>((resolve, reject) => {
      end = follow(request, this.#options.timeouts, { resolve, reject });
    });
    signal.addEventListener('abort', abort, { once: true });
    this.#underWay.add(end!);
    request.end(call.body);
    try {
      return await answer;
    } finally {
      signal.removeEventListener('abort', abort);
      this.#underWay.delete(end!);
    }
  }

  /** Connections of an earlier trust end with the calls that they carry. */
  #currentPool(): Pool {
    const { secrets, caSecretName } = this.#options;
    const pem = caSecretName === undefined ? undefined : secrets.read(caSecretName, 'ca.crt');
    const current = this.#pool;
    if (current !== undefined && isSame(current.pem, pem)) return current;
    const trust = caSecretName === undefined ? undefined : trustOf(caSecretName, pem);
    if (current?.calls === 0) current.agent.destroy();
    this.#pool = { agent: this.#newAgent(trust), pem, calls: 0 };
    return this.#pool;
  }

  #newAgent(trust: SecureContext | undefined): http.Agent {
    const { url, socketsMax } = this.#options;
    const options = {
      keepAlive: true,
      maxSockets: socketsMax,
      maxFreeSockets: socketsMax,
      timeout: IDLE_MS,
    };
    if (url.protocol === 'http:') return new http.Agent(options);
    return new https.Agent({
      ...options,
      minVersion: 'TLSv1.2',
      ...(trust === undefined ? {} : { secureContext: trust }),
    });
  }

  close(): void {
    this.#closed = true;
    for (const end of [...this.#underWay]) end(endedFault());
    this.#pool?.agent.destroy();
  }
}

export function endedFault(): RequestFault {
  return new RequestFault('was given up, because its delivery ends here', 'Unreachable');
}

function isSame(left: Buffer | undefined, right: Buffer | undefined): boolean {
  return left === undefined || right === undefined ? left === right : left.equals(right);
}

function isReset(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ECONNRESET' || code === 'EPIPE';
}

interface Settle {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Settles once with the answer, when its body is over one way or another, or with what came
 * instead. Returns what ends it early.
 */
function follow(
  request: ClientRequest,
  timeouts: Timeouts,
  { resolve, reject }: Settle,
): (fault: RequestFault) => void {
  let answer: Answer | undefined;
  let informational = 0;
  const timers = new Timers();
  const over = (error: Error): void => {
    timers.clear();
    if (answer === undefined) reject(error);
    else resolve(answer);
  };
  const end = (fault: RequestFault): void => {
    request.destroy(fault);
    // A request that waits for a connection is not told of its end.
    over(fault);
  };
  const later = (ms: number, what: string): (() => void) =>
    timers.start(ms, () => end(new RequestFault(`${what} within ${ms} ms`, 'Unreachable')));

  later(timeouts.answerMs, 'there was no answer');
  request.on('error', over);
  request.on('close', () => over(closedError()));
  request.on('socket', (socket) => {
    if (!socket.connecting) return;
    const connected = later(timeouts.connectMs, 'there was no connection');
    socket.once(isTls(socket) ? 'secureConnect' : 'connect', connected);
  });
  request.on('information', () => {
    if (++informational <= INFORMATIONAL_MAX) return;
    end(new RequestFault('it answers 1xx again and again, and nothing else', 'Unreachable'));
  });
  request.on('response', (response) => {
    answer = { status: response.statusCode ?? 0, headers: response.headers };
    let bytes = 0;
    later(timeouts.bodyMs, 'the answer did not end');
    response.on('error', over);
    response.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > BODY_BYTES_MAX) end(new RequestFault('the answer is too long', 'Unreachable'));
    });
  });
  return end;
}

function closedError(): Error {
  return Object.assign(new Error('closed'), { code: 'ECONNRESET' });
}

function isTls(socket: Socket): boolean {
  return 'encrypted' in socket;
}

class Timers {
  readonly #timers = new Set<NodeJS.Timeout>();

  /** Returns what stops it. */
  start(ms: number, callback: () => void): () => void {
    const timer = setTimeout(callback, ms);
    this.#timers.add(timer);
    return () => {
      clearTimeout(timer);
      this.#timers.delete(timer);
    };
  }

  clear(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }
}
