/**
 * Where API servers ask for admission. Whatever goes wrong here lets the object through: by an
 * answer that says so where there can be one, and else by an error, which the webhook's
 * failurePolicy takes for a yes.
 */
import { createServer, type Server } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Logger } from 'pino';
import type { Clock } from '../../control/clock.ts';
import { reviewOf, uidOf, type AdmissionAnswer } from './admission-review.ts';
import type { AdmissionWorlds } from './admission-worlds.ts';
import { allowedUnseen, reviewAdmission } from './review-admission.ts';

/** What deploy/webhook.yaml names. */
export const WEBHOOK_PATH = '/validate';

/** An API server takes 3 MiB of an object, and sends the one before as well. */
export const REVIEW_BYTES_MAX = 8 * 1024 * 1024;

/** API servers ask over few connections, each one thing at a time; 8 MiB each at the worst. */
const CONNECTIONS_MAX = 64;

/** An API server gives up after timeoutSeconds, at most 30. */
const REQUEST_MS_MAX = 10_000;
/** For a connection on which nothing is asked. */
const IDLE_MS_MAX = 120_000;

/** PEM. The certificate may be followed by intermediates. */
export interface ServerKeyPair {
  readonly certificate: string;
  readonly privateKey: string;
}

export interface WebhookOptions {
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
  readonly keyPair: ServerKeyPair;
  readonly worlds: AdmissionWorlds;
  readonly logger: Logger;
  readonly clock: Clock;
  /** Told of each answer: its HTTP status, and how long it took. */
  readonly onAnswer?: (status: number, durationMs: number) => void;
}

export interface WebhookServer {
  readonly port: number;
  /** For connections from now on. @throws where the two do not belong together */
  setKeyPair(keyPair: ServerKeyPair): void;
  close(): Promise<void>;
}

/** @throws what listening or the key pair fails with */
export async function startWebhookServer(options: WebhookOptions): Promise<WebhookServer> {
  const server = createServer(
    {
      ...tlsOptions(options.keyPair),
      minVersion: 'TLSv1.2',
      requestTimeout: REQUEST_MS_MAX,
      headersTimeout: REQUEST_MS_MAX,
      keepAliveTimeout: IDLE_MS_MAX,
      handshakeTimeout: REQUEST_MS_MAX,
    },
    (request, response) => void answer(request, response, options),
  );
  server.maxConnections = CONNECTIONS_MAX;
  await listen(server, options);
  return {
    port: (server.address() as AddressInfo).port,
    setKeyPair: (keyPair) => server.setSecureContext(tlsOptions(keyPair)),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function tlsOptions({ certificate, privateKey }: ServerKeyPair): { cert: string; key: string } {
  return { cert: certificate, key: privateKey };
}

function listen(server: Server, { host, port }: WebhookOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  options: WebhookOptions,
): Promise<void> {
  const { clock, onAnswer } = options;
  const startedMs = clock.nowMs();
  const { status, body } = await answerTo(request, options);
  // What is left of a body that nobody read must not be taken for the next request.
  if (!request.complete) response.setHeader('Connection', 'close');
  response.writeHead(status, { 'Content-Type': 'application/json' });
  response.end(JSON.stringify(body));
  onAnswer?.(status, clock.nowMs() - startedMs);
}

interface HttpAnswer {
  readonly status: number;
  readonly body: object;
}

async function answerTo(request: IncomingMessage, options: WebhookOptions): Promise<HttpAnswer> {
  if (request.method !== 'POST' || request.url?.split('?', 1)[0] !== WEBHOOK_PATH) {
    return { status: 404, body: { error: `only POST ${WEBHOOK_PATH} is served` } };
  }
  const text = await readText(request);
  if (text === undefined) {
    return { status: 413, body: { error: `a review has at most ${REVIEW_BYTES_MAX} bytes` } };
  }
  const review = parse(text);
  const uid = uidOf(review);
  if (uid === undefined) {
    return { status: 400, body: { error: 'not an AdmissionReview of admission.k8s.io/v1' } };
  }
  return { status: 200, body: reviewOf(uid, judge(review, options)) };
}

/** Undefined: there is too much of it, or its sender went away. */
async function readText(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of request.iterator({ destroyOnReturn: false })) {
      bytes += (chunk as Buffer).length;
      if (bytes > REVIEW_BYTES_MAX) return undefined;
      chunks.push(chunk as Buffer);
    }
  } catch {
    return undefined;
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function judge(review: unknown, { worlds, logger }: WebhookOptions): AdmissionAnswer {
  try {
    return reviewAdmission(review, worlds);
  } catch (error) {
    logger.error({ err: error }, 'a declaration could not be judged for admission: it is let in');
    return allowedUnseen('mqttgrid met an error of its own');
  }
}
