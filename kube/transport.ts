import { request } from 'node:https';
import type { IncomingMessage } from 'node:http';
import type { Clock } from '../control/clock.ts';
import type { Credentials } from './credentials.ts';
import { KubeApiError, UnreachableError } from './kube-api.ts';
import type { StatusDetails } from './kube-api.ts';

/** As long as an API server works on a call by default is 60 s; half of it is given up sooner. */
export const CALL_TIMEOUT_MS_DEFAULT = 30_000;

/** What JSON.parse can take as one text, with room; a page of 500 objects of 500 KiB. */
const ANSWER_BYTES_MAX = 256 * 1024 * 1024;

const USER_AGENT_DEFAULT = 'mqttgrid-operator';

/** Of an answer that is not an API server's, a proxy's page for instance. */
const FOREIGN_TEXT_CHARACTERS_MAX = 200;

export interface HttpCall {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** With its query. */
  readonly path: string;
  readonly body?: object | undefined;
  readonly contentType?: string | undefined;
}

export interface HttpAnswer {
  readonly status: number;
  readonly retryAfter: string | undefined;
  readonly text: string;
}

export interface ExchangeOptions {
  readonly clock: Clock;
  readonly timeoutMs: number;
  /** By which audit logs, metrics and managedFields tell whose call it was. */
  readonly userAgent?: string | undefined;
}

/** @throws UnreachableError where no answer comes within `timeoutMs` */
export function exchange(
  server: URL,
  call: HttpCall,
  credentials: Credentials,
  { clock, timeoutMs, userAgent = USER_AGENT_DEFAULT }: ExchangeOptions,
): Promise<HttpAnswer> {
  const body = call.body === undefined ? undefined : Buffer.from(JSON.stringify(call.body));
  const { agent, auth, headers } = credentials;
  const base = server.pathname === '/' ? '' : server.pathname;
  return new Promise((resolve, reject) => {
    const sent = request(server, {
      agent,
      auth: auth ?? null,
      method: call.method,
      path: base + call.path,
      headers: {
        ...headers,
        'user-agent': userAgent,
        accept: 'application/json',
        ...(body === undefined
          ? {}
          : {
              'content-type': call.contentType ?? 'application/json',
              'content-length': body.length,
            }),
      },
    });
    const late = (): void => {
      sent.destroy(new Error(`no answer in ${timeoutMs} ms`));
    };
    const cancel = clock.after(timeoutMs, late);
    const fail = (error: Error): void => {
      cancel();
      reject(new UnreachableError(error.message, { cause: error }));
    };
    sent.on('error', fail);
    sent.on('response', (answer) => {
      readText(answer).then((text) => {
        cancel();
        const retryAfter = answer.headers['retry-after'];
        resolve({ status: answer.statusCode ?? 0, retryAfter, text });
      }, fail);
    });
    sent.end(body);
  });
}

async function readText(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > ANSWER_BYTES_MAX) throw new Error(`an answer of over ${ANSWER_BYTES_MAX} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

/** `metav1.Status`, as far as we look at it. */
interface Status {
  readonly kind?: unknown;
  readonly message?: unknown;
  readonly reason?: unknown;
  readonly code?: unknown;
  readonly details?: {
    readonly retryAfterSeconds?: unknown;
    readonly kind?: unknown;
    readonly causes?: unknown;
  } | null;
}

/** @param what the operation and its object, for people */
export function errorOf(what: string, answer: HttpAnswer): KubeApiError {
  const status = parseStatus(answer.text);
  const foreign = answer.text.slice(0, FOREIGN_TEXT_CHARACTERS_MAX).replaceAll(/\s+/g, ' ');
  return statusError(what, status ?? { message: foreign }, answer);
}

/** @param answer undefined: it came in a watch, where only the Status itself has the code */
export function statusError(
  what: string,
  status: Status,
  answer?: Pick<HttpAnswer, 'status' | 'retryAfter'>,
): KubeApiError {
  const code = answer?.status ?? Number(status.code ?? 0);
  const seconds = Number(answer?.retryAfter ?? status.details?.retryAfterSeconds);
  return new KubeApiError(`${what}: ${textOf(status.message)} (${code})`, {
    status: code,
    reason: textOf(status.reason),
    retryAfterSeconds: seconds >= 0 ? seconds : undefined,
    details: detailsOf(status),
  });
}

function detailsOf({ message, details }: Status): StatusDetails {
  const causes: readonly unknown[] = Array.isArray(details?.causes) ? details.causes : [];
  return {
    message: textOf(message),
    kind: textOf(details?.kind),
    causes: causes.map((cause) => {
      const { reason, message, field } = (cause ?? {}) as Readonly<Record<string, unknown>>;
      return { reason: textOf(reason), message: textOf(message), field: textOf(field) };
    }),
  };
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function parseStatus(text: string): Status | undefined {
  try {
    const value = JSON.parse(text) as Status | null;
    return value?.kind === 'Status' ? value : undefined;
  } catch {
    return undefined;
  }
}
