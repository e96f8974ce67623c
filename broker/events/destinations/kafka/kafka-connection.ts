/** One connection to one broker: one request at a time, each answered or the connection gone. */
import assert from 'node:assert/strict';
import { connect as connectTcp, isIP } from 'node:net';
import type { Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { KafkaFailure, asKafkaFailure, notKafka } from './kafka-failure.ts';
import { int16, int32, string } from './protocol.ts';
import type { Api } from './protocol.ts';
import { ResponseReader } from './response-reader.ts';

export interface BrokerAddress {
  readonly host: string;
  readonly port: number;
}

export interface ConnectionTls {
  /** PEM. Undefined: the authorities that Node brings. */
  readonly ca: string | undefined;
}

/** TCP and TLS; far more than a broker on another continent needs. */
const CONNECT_MS_MAX = 5_000;
/** Between TCP probes: load balancers forget silent connections after minutes. */
const KEEP_ALIVE_MS = 60_000;
/** A response with 10,000 partitions has 0.5 MiB; what says that it is larger is not Kafka. */
const RESPONSE_BYTES_MAX = 8 * 1024 * 1024;
const SIZE_BYTES = 4;
const CORRELATION_BYTES = 4;
/** What brokers call us in their logs and quotas. */
const CLIENT_ID = string('mqttgrid');
/** A TLS record with an alert: a broker that was spoken to in clear, and wants TLS. */
const TLS_ALERT = 0x15;

export function addressText({ host, port }: BrokerAddress): string {
  return isIP(host) === 6 ? `[${host}]:${port}` : `${host}:${port}`;
}

export interface KafkaRequest {
  readonly api: Api;
  readonly version: number;
  readonly timeoutMs: number;
}

interface Waiting {
  readonly correlation: number;
  resolve(reader: ResponseReader): void;
  reject(failure: KafkaFailure): void;
}

export class KafkaConnection {
  readonly broker: string;
  readonly #socket: Socket;
  #waiting: Waiting | undefined;
  #correlation = 0;
  #chunks: Buffer[] = [];
  #bytes = 0;
  #failure: KafkaFailure | undefined;

  private constructor(broker: string, socket: Socket) {
    this.broker = broker;
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    socket.on('data', (chunk: Buffer) => this.#take(chunk));
    socket.on('error', (error) => this.#fail(asKafkaFailure(broker, error)));
    socket.on('close', () => this.#fail(closedFailure(broker)));
  }

  /** @throws KafkaFailure */
  static async open(
    address: BrokerAddress,
    tls: ConnectionTls | undefined,
    signal: AbortSignal,
  ): Promise<KafkaConnection> {
    const broker = addressText(address);
    const socket = await openSocket(address, tls, signal).catch((error: unknown) => {
      throw asKafkaFailure(broker, error);
    });
    return new KafkaConnection(broker, socket);
  }

  get isOpen(): boolean {
    return this.#failure === undefined;
  }

  /** Of a response, what follows its header. @throws KafkaFailure; the connection is then gone */
  async request(
    { api, version, timeoutMs }: KafkaRequest,
    body: readonly Buffer[],
    signal: AbortSignal,
  ): Promise<ResponseReader> {
    assert.ok(this.#waiting === undefined, 'one request at a time');
    if (this.#failure !== undefined) throw this.#failure;
    const correlation = (this.#correlation = (this.#correlation + 1) & 0x7fffffff);
    const head = [int16(api.key), int16(version), int32(correlation), CLIENT_ID];
    const parts = [...head, ...body];
    const size = parts.reduce((sum, part) => sum + part.length, 0);
    const timer = setTimeout(() => {
      const words = `${this.broker} did not answer ${api.name} within ${timeoutMs / 1000} s`;
      this.#fail(new KafkaFailure('Unreachable', words));
    }, timeoutMs);
    const abort = (): void => this.#fail(asKafkaFailure(this.broker, signal.reason));
    signal.addEventListener('abort', abort);
    try {
      return await new Promise((resolve, reject) => {
        this.#waiting = { correlation, resolve, reject };
        this.#socket.write(Buffer.concat([int32(size), ...parts]));
        if (signal.aborted) abort();
      });
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
      this.#waiting = undefined;
    }
  }

  close(): void {
    this.#fail(closedFailure(this.broker));
  }

  #fail(failure: KafkaFailure): void {
    if (this.#failure !== undefined) return;
    this.#failure = failure;
    this.#chunks = [];
    this.#socket.destroy();
    this.#waiting?.reject(failure);
  }

  #take(chunk: Buffer): void {
    if (this.#failure !== undefined) return;
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    if (this.#bytes < SIZE_BYTES) return;
    const [first] = (this.#chunks = [firstBytes(this.#chunks), ...this.#chunks.slice(1)]);
    const size = first!.readInt32BE(0);
    if (size < CORRELATION_BYTES || size > RESPONSE_BYTES_MAX || this.#waiting === undefined) {
      this.#fail(unexpected(this.broker, first!));
      return;
    }
    if (this.#bytes >= SIZE_BYTES + size) this.#answer(size, this.#waiting);
  }

  #answer(size: number, waiting: Waiting): void {
    const bytes = Buffer.concat(this.#chunks);
    const correlation = bytes.readInt32BE(SIZE_BYTES);
    if (bytes.length > SIZE_BYTES + size || correlation !== waiting.correlation) {
      this.#fail(notKafka(this.broker, 'a response that nobody asked for'));
      return;
    }
    this.#chunks = [];
    this.#bytes = 0;
    this.#waiting = undefined;
    waiting.resolve(new ResponseReader(bytes.subarray(SIZE_BYTES + CORRELATION_BYTES)));
  }
}

/** The first chunk with the size whole; other chunks are only joined when all are there. */
function firstBytes(chunks: Buffer[]): Buffer {
  while (chunks.length > 1 && chunks[0]!.length < SIZE_BYTES) {
    chunks.splice(0, 2, Buffer.concat(chunks.slice(0, 2)));
  }
  return chunks[0]!;
}

function unexpected(broker: string, bytes: Buffer): KafkaFailure {
  if (bytes[0] !== TLS_ALERT) return notKafka(broker, `it begins 0x${bytes.toString('hex', 0, 4)}`);
  return new KafkaFailure('Refused', `${broker} speaks TLS: state tls for this destination`);
}

function closedFailure(broker: string): KafkaFailure {
  return new KafkaFailure(
    'Unreachable',
    `${broker} closed the connection (as it does when it restarts; and at once, where one of` +
      ' the two is set to TLS or SASL and the other is not)',
  );
}

async function openSocket(
  { host, port }: BrokerAddress,
  tls: ConnectionTls | undefined,
  signal: AbortSignal,
): Promise<Socket> {
  const socket = tls === undefined ? connectTcp({ host, port }) : secureSocket(host, port, tls);
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const timer = setTimeout(() => reject(new TimeoutError()), CONNECT_MS_MAX);
  const abort = (): void => reject(signal.reason as Error);
  if (signal.aborted) abort();
  signal.addEventListener('abort', abort);
  socket.once(tls === undefined ? 'connect' : 'secureConnect', () => resolve(socket));
  // Stays: an error that nobody listens to would end the thread.
  socket.on('error', reject);
  try {
    return await promise;
  } catch (error) {
    socket.destroy();
    throw error;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', abort);
  }
}

function secureSocket(host: string, port: number, tls: ConnectionTls): Socket {
  const name = isIP(host) === 0 ? { servername: host } : {};
  const ca = tls.ca === undefined ? {} : { ca: tls.ca };
  return connectTls({ host, port, minVersion: 'TLSv1.2', ...name, ...ca });
}

class TimeoutError extends Error {
  readonly code = 'ETIMEDOUT';
}
