/** One MQTT client of the load generator: no more of the protocol than measuring takes. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SecureContext, TLSSocket } from 'node:tls';
import tls from 'node:tls';
import type { OnFrame } from '../frames.ts';
import { FrameCutter, packet, text } from '../frames.ts';

export const CONNACK = 2;
export const PUBLISH = 3;
export const PUBACK = 4;
export const SUBACK = 9;
export const UNSUBACK = 11;

const KEEP_ALIVE_SECONDS = 600;
const SESSION_EXPIRY_INTERVAL = 0x11;
const SESSION_EXPIRY_SECONDS = 3600;
/** A broker that says nothing for so long is not measured. */
const ANSWER_TIMEOUT_MS = 30000;

export interface Target {
  readonly port: number;
  readonly ports?: Readonly<Record<string, number>>;
  readonly certificates: string;
  readonly level: 4 | 5;
}

/** Reading and parsing a certificate costs as much as a handshake: once for each client. */
const contexts = new Map<string, SecureContext>();

function contextOf(name: string, { certificates }: Target): SecureContext {
  const known = contexts.get(name);
  if (known !== undefined) return known;
  const read = (file: string): string => readFileSync(join(certificates, file), 'utf8');
  const context = tls.createSecureContext({
    cert: read(`${name}.pem`),
    key: read(`${name}.key`),
    ca: read('ca.pem'),
  });
  contexts.set(name, context);
  return context;
}

export class LoadClient {
  readonly name: string;
  readonly socket: TLSSocket;
  readonly #level: 4 | 5;
  readonly #cutter = new FrameCutter();
  #onFrame: OnFrame = () => undefined;
  #onChunk: () => void = () => undefined;
  #onLost: (reason: string) => void = () => undefined;
  /** An answer that is waited for; it is not for the listener. */
  #expected: { readonly type: number; readonly resolve: (answer: Answer) => void } | undefined;
  /** Tells the one who waits that there will be nothing. */
  #fail: ((reason: string) => void) | undefined;

  private constructor(name: string, socket: TLSSocket, level: 4 | 5) {
    this.name = name;
    this.socket = socket;
    this.#level = level;
    const onFrame: OnFrame = (bytes, start, body, end) => {
      if (bytes[start]! >> 4 === this.#expected?.type) this.#expected.resolve({ bytes, body, end });
      else this.#onFrame(bytes, start, body, end);
    };
    socket.on('data', (chunk: Buffer) => {
      this.#cutter.push(chunk, onFrame);
      this.#onChunk();
    });
    socket.on('error', (error: Error) => this.#lost(error.message));
    socket.on('close', () => this.#lost('the connection was closed'));
  }

  /** A TLS connection and no packet. `session`: one to resume. */
  static async open(name: string, target: Target, session?: Buffer): Promise<LoadClient> {
    const socket = tls.connect({
      host: '127.0.0.1',
      port: target.ports?.[name] ?? target.port,
      servername: 'localhost',
      secureContext: contextOf(name, target),
      ...(session === undefined ? {} : { session }),
    });
    socket.setNoDelay(true);
    const client = new LoadClient(name, socket, target.level);
    await client.#within('the TLS handshake', (resolve) => socket.once('secureConnect', resolve));
    return client;
  }

  async connect(clean: boolean): Promise<void> {
    const properties = clean ? [0] : [5, SESSION_EXPIRY_INTERVAL, 0, 0, 0, 0];
    const header = Buffer.from([this.#level, clean ? 2 : 0, 0, 0]);
    header.writeUInt16BE(KEEP_ALIVE_SECONDS, 2);
    const property = Buffer.from(this.#level === 5 ? properties : []);
    if (property.length > 1) property.writeUInt32BE(SESSION_EXPIRY_SECONDS, 2);
    const answered = this.#expect(CONNACK);
    this.socket.write(packet(0x10, text('MQTT'), header, property, text(this.name)));
    const { bytes, body } = await answered;
    if (bytes[body + 1] !== 0) throw new Error(`${this.name}: CONNECT refused: ${bytes[body + 1]}`);
  }

  async subscribe(filter: string, qos: 0 | 1): Promise<void> {
    await this.subscribeEach([filter], qos);
  }

  /** In one packet. */
  async subscribeEach(filters: readonly string[], qos: 0 | 1): Promise<void> {
    const header = Buffer.from(this.#level === 5 ? [0, 1, 0] : [0, 1]);
    const answered = this.#expect(SUBACK);
    const requests = filters.flatMap((filter) => [text(filter), Buffer.from([qos])]);
    this.socket.write(packet(0x82, header, ...requests));
    const { bytes, end } = await answered;
    const codes = bytes.subarray(end - filters.length, end);
    const refused = codes.findIndex((code) => code >= 0x80);
    if (refused === -1) return;
    const what = `SUBSCRIBE ${filters[refused]} refused: ${codes[refused]}`;
    throw new Error(`${this.name}: ${what}`);
  }

  async unsubscribe(filter: string): Promise<void> {
    const header = Buffer.from(this.#level === 5 ? [0, 1, 0] : [0, 1]);
    const answered = this.#expect(UNSUBACK);
    this.socket.write(packet(0xa2, header, text(filter)));
    await answered;
  }

  /**
   * A PUBLISH with room for what changes from message to message: the packet identifier at
   * `identifierAt` (QoS 1), the payload from `payloadAt` on.
   */
  publish(topic: string, qos: 0 | 1, payloadBytes: number): PublishFrame {
    const identifier = Buffer.alloc(qos === 1 ? 2 : 0);
    const properties = Buffer.alloc(this.#level === 5 ? 1 : 0);
    const payload = Buffer.alloc(payloadBytes);
    const bytes = packet(0x30 | (qos << 1), text(topic), identifier, properties, payload);
    const payloadAt = bytes.length - payloadBytes;
    return { bytes, payloadAt, identifierAt: payloadAt - properties.length - 2 };
  }

  /** Where the payload of a PUBLISH that came begins. */
  payloadAt(bytes: Buffer, start: number, body: number): number {
    let at = body + 2 + bytes.readUInt16BE(body) + (bytes[start]! & 6 ? 2 : 0);
    // Properties of up to 127 bytes: brokers add few, and publishers here none.
    if (this.#level === 5) at += 1 + bytes[at]!;
    return at;
  }

  /** From now on: every frame, the end of every chunk, and the end of the connection. */
  listen(listener: {
    readonly onFrame: OnFrame;
    readonly onChunk?: () => void;
    readonly onLost: (reason: string) => void;
  }): void {
    this.#onFrame = listener.onFrame;
    if (listener.onChunk !== undefined) this.#onChunk = listener.onChunk;
    this.#onLost = listener.onLost;
  }

  /** Says goodbye, and resolves when the connection is gone. */
  async disconnect(): Promise<void> {
    this.#onLost = () => undefined;
    const closed = new Promise((resolve) => this.socket.once('close', resolve));
    this.socket.end(Buffer.from([0xe0, 0]));
    const timer = setTimeout(() => this.socket.destroy(), ANSWER_TIMEOUT_MS);
    await closed;
    clearTimeout(timer);
  }

  async #expect(type: number): Promise<Answer> {
    try {
      return await this.#within<Answer>(`packet ${type}`, (resolve) => {
        this.#expected = { type, resolve };
      });
    } finally {
      this.#expected = undefined;
    }
  }

  /** @throws where the connection is lost, or it takes too long */
  async #within<Value>(
    what: string,
    begin: (resolve: (value: Value) => void) => void,
  ): Promise<Value> {
    let timer: NodeJS.Timeout | undefined;
    try {
      return await new Promise<Value>((resolve, reject) => {
        const fail = (reason: string): void => {
          reject(new Error(`${this.name}: ${what}: ${reason}`));
        };
        this.#fail = fail;
        timer = setTimeout(() => fail('nothing came'), ANSWER_TIMEOUT_MS);
        begin(resolve);
      });
    } finally {
      clearTimeout(timer);
      this.#fail = undefined;
    }
  }

  #lost(reason: string): void {
    if (this.#fail === undefined) this.#onLost(reason);
    else this.#fail(reason);
  }
}

interface Answer {
  readonly bytes: Buffer;
  readonly body: number;
  readonly end: number;
}

export interface PublishFrame {
  readonly bytes: Buffer;
  readonly identifierAt: number;
  readonly payloadAt: number;
}

/** Opens clients a few at a time: a handshake more under way does not make them faster. */
export async function openAll<Key, Client>(
  keys: readonly Key[],
  open: (key: Key) => Promise<Client>,
): Promise<Client[]> {
  const clients = new Array<Client>(keys.length);
  const pending = keys.entries();
  const work = async (): Promise<void> => {
    for (const [index, key] of pending) clients[index] = await open(key);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return clients;
}

const AT_ONCE = 8;
