/**
 * The floor's relay: TLS in, PUBLISH frames found, their bytes forwarded as they came to whoever
 * subscribed, QoS 1 acknowledged at once. Its state is that of the thread that imports it.
 */
import tls from 'node:tls';
import { readCertificates } from './certificates.ts';
import type { OnFrame } from './frames.ts';
import { FrameCutter } from './frames.ts';

const PINGRESP = Buffer.from([0xd0, 0]);

/** Filters without a wildcard, and those that end in `#`, without it. */
const exact = new Map<string, Set<Receiver>>();
const prefixes = new Map<string, Set<Receiver>>();
/** By topic, found anew whenever somebody subscribes or leaves. */
const receivers = new Map<string, readonly Receiver[]>();
/** The same without other threads. */
const ownReceivers = new Map<string, readonly Receiver[]>();
const dirty: Flushing[] = [];
let onInterest: ((filter: string, wanted: boolean) => void) | undefined;

export interface Flushing {
  flush(): void;
}

/** Who gets messages: a client, or another thread for its clients. */
export interface Receiver {
  send(frame: Buffer): void;
}

export class Client implements Receiver, Flushing {
  readonly #write: (bytes: Buffer) => unknown;
  readonly #cutter = new FrameCutter();
  readonly #onFrame: OnFrame;
  #version5 = false;
  #output: Buffer[] = [];

  constructor(write: (bytes: Buffer) => unknown) {
    this.#write = write;
    this.#onFrame = this.#take.bind(this);
  }

  push(chunk: Buffer): void {
    this.#cutter.push(chunk, this.#onFrame);
  }

  /** What is sent in one turn of the event loop leaves in one write, as one TLS record or few. */
  send(bytes: Buffer): void {
    if (this.#output.length === 0) flushLater(this);
    this.#output.push(bytes);
  }

  flush(): void {
    const output = this.#output;
    this.#output = [];
    this.#write(output.length === 1 ? output[0]! : Buffer.concat(output));
  }

  left(): void {
    for (const table of [exact, prefixes]) {
      for (const [key, subscribers] of table) {
        if (!subscribers.delete(this) || holdsClient(subscribers)) continue;
        onInterest?.(table === exact ? key : `${key}#`, false);
      }
    }
    forgetReceivers();
  }

  #take(bytes: Buffer, start: number, body: number, end: number): void {
    const type = bytes[start]! >> 4;
    if (type === 3) this.#forward(bytes, start, body, end);
    else if (type === 1) this.#welcome(bytes, body);
    else if (type === 8) this.#subscribe(bytes, body);
    else if (type === 12) this.send(PINGRESP);
  }

  #forward(bytes: Buffer, start: number, body: number, end: number): void {
    const topicEnd = body + 2 + bytes.readUInt16BE(body);
    const frame = bytes.subarray(start, end);
    for (const client of receiversOf(bytes.latin1Slice(body + 2, topicEnd))) client.send(frame);
    if ((bytes[start]! & 6) === 0) return;
    this.send(Buffer.from([0x40, 2, bytes[topicEnd]!, bytes[topicEnd + 1]!]));
  }

  #welcome(bytes: Buffer, body: number): void {
    this.#version5 = bytes[body + 6] === 5;
    this.send(Buffer.from(this.#version5 ? [0x20, 3, 0, 0, 0] : [0x20, 2, 0, 0]));
  }

  #subscribe(bytes: Buffer, body: number): void {
    const at = body + 2 + (this.#version5 ? 1 + bytes[body + 2]! : 0);
    const end = at + 2 + bytes.readUInt16BE(at);
    const filter = bytes.latin1Slice(at + 2, end);
    subscribe(filter, this);
    onInterest?.(filter, true);
    const identifier = [bytes[body]!, bytes[body + 1]!];
    const granted = bytes[end]! & 3;
    const answer = this.#version5 ? [0x90, 4, ...identifier, 0, granted] : [0x90, 3, ...identifier];
    this.send(Buffer.from(this.#version5 ? answer : [...answer, granted]));
  }
}

function holdsClient(subscribers: ReadonlySet<Receiver>): boolean {
  for (const each of subscribers) if (each instanceof Client) return true;
  return false;
}

function subscribersOf(filter: string): Set<Receiver> {
  const table = filter.endsWith('#') ? prefixes : exact;
  const key = filter.endsWith('#') ? filter.slice(0, -1) : filter;
  const subscribers = table.get(key) ?? new Set();
  table.set(key, subscribers);
  return subscribers;
}

export function subscribe(filter: string, receiver: Receiver): void {
  subscribersOf(filter).add(receiver);
  forgetReceivers();
}

export function unsubscribe(filter: string, receiver: Receiver): void {
  subscribersOf(filter).delete(receiver);
  forgetReceivers();
}

/** Told when a client of this thread subscribes, and when the last one with the filter left. */
export function listenForInterest(listener: (filter: string, wanted: boolean) => void): void {
  onInterest = listener;
}

/** To clients of this thread: it came from another one. */
export function sendToOwn(bytes: Buffer, start: number, body: number, end: number): void {
  const topic = bytes.latin1Slice(body + 2, body + 2 + bytes.readUInt16BE(body));
  const frame = bytes.subarray(start, end);
  let own = ownReceivers.get(topic);
  if (own === undefined) {
    own = receiversOf(topic).filter((each) => each instanceof Client);
    ownReceivers.set(topic, own);
  }
  for (const client of own) client.send(frame);
}

/** Its output leaves when this turn of the event loop is over. */
export function flushLater(flushing: Flushing): void {
  if (dirty.length === 0) setImmediate(flush);
  dirty.push(flushing);
}

/** What clients flush may go to another thread, which then is flushed after them. */
function flush(): void {
  for (const each of dirty) each.flush();
  dirty.length = 0;
}

function forgetReceivers(): void {
  receivers.clear();
  ownReceivers.clear();
}

function receiversOf(topic: string): readonly Receiver[] {
  const known = receivers.get(topic);
  if (known !== undefined) return known;
  const found = new Set(exact.get(topic));
  for (const [prefix, subscribers] of prefixes) {
    if (topic.startsWith(prefix)) for (const each of subscribers) found.add(each);
  }
  receivers.set(topic, [...found]);
  return [...found];
}

/** `ticketKeys`: threads that share them resume the TLS sessions of one another. */
export function newServer(
  certificates: string,
  onSocket: (socket: tls.TLSSocket) => void,
  ticketKeys?: Buffer,
): tls.Server {
  const { authorityPem, serverChainPem, serverKeyPem } = readCertificates(certificates);
  const server = tls.createServer(
    {
      cert: serverChainPem,
      key: serverKeyPem,
      ca: authorityPem,
      requestCert: true,
      rejectUnauthorized: true,
      // A session is resumed only for the purpose it was made for (SSL_CTX_set_session_id_context).
      sessionIdContext: 'floor',
      noDelay: true,
      ...(ticketKeys === undefined ? {} : { ticketKeys }),
    },
    onSocket,
  );
  server.on('tlsClientError', (_error, socket) => socket.destroy());
  return server;
}

/** A client of this thread. */
export function serve(socket: tls.TLSSocket): void {
  const client = new Client((bytes) => socket.write(bytes));
  socket.on('data', (chunk: Buffer) => client.push(chunk));
  socket.on('error', () => socket.destroy());
  socket.on('close', () => client.left());
}
