/**
 * The floor: what any broker on Node must pay. TLS in, PUBLISH frames found, their bytes forwarded
 * as they came to whoever subscribed, QoS 1 acknowledged at once. No identity, no permission, no
 * session, no limit, no state of a message: what a broker spends beyond this is its own.
 */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import tls from 'node:tls';
import { readCertificates } from './certificates.ts';
import { FrameCutter } from './frames.ts';
import { tellReady } from './brokers/process.ts';

const PINGRESP = Buffer.from([0xd0, 0]);

/** Filters without a wildcard, and those that end in `#`, without it. */
const exact = new Map<string, Set<Client>>();
const prefixes = new Map<string, Set<Client>>();
/** By topic, found anew whenever somebody subscribes or leaves. */
const receivers = new Map<string, readonly Client[]>();
let dirty: Client[] = [];

class Client {
  readonly #socket: TLSSocket;
  readonly #cutter = new FrameCutter();
  #version5 = false;
  #output: Buffer[] = [];

  constructor(socket: TLSSocket) {
    this.#socket = socket;
    const onFrame = this.#onFrame.bind(this);
    socket.on('data', (chunk: Buffer) => this.#cutter.push(chunk, onFrame));
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#left());
  }

  /** What is sent in one turn of the event loop leaves in one write, as one TLS record or few. */
  send(bytes: Buffer): void {
    if (this.#output.length === 0) {
      if (dirty.length === 0) setImmediate(flush);
      dirty.push(this);
    }
    this.#output.push(bytes);
  }

  flush(): void {
    const output = this.#output;
    this.#output = [];
    this.#socket.write(output.length === 1 ? output[0]! : Buffer.concat(output));
  }

  #onFrame(bytes: Buffer, start: number, body: number, end: number): void {
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
    const table = filter.endsWith('#') ? prefixes : exact;
    const key = filter.endsWith('#') ? filter.slice(0, -1) : filter;
    const clients = table.get(key) ?? new Set();
    table.set(key, clients.add(this));
    receivers.clear();
    const identifier = [bytes[body]!, bytes[body + 1]!];
    const granted = bytes[end]! & 3;
    const answer = this.#version5 ? [0x90, 4, ...identifier, 0, granted] : [0x90, 3, ...identifier];
    this.send(Buffer.from(this.#version5 ? answer : [...answer, granted]));
  }

  #left(): void {
    for (const table of [exact, prefixes]) {
      for (const clients of table.values()) clients.delete(this);
    }
    receivers.clear();
  }
}

function flush(): void {
  const clients = dirty;
  dirty = [];
  for (const client of clients) client.flush();
}

function receiversOf(topic: string): readonly Client[] {
  const known = receivers.get(topic);
  if (known !== undefined) return known;
  const found = new Set(exact.get(topic));
  for (const [prefix, clients] of prefixes) {
    if (topic.startsWith(prefix)) for (const client of clients) found.add(client);
  }
  receivers.set(topic, [...found]);
  return [...found];
}

const { authorityPem, serverChainPem, serverKeyPem } = readCertificates(process.argv[2]!);
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
  },
  (socket) => new Client(socket),
);
server.on('tlsClientError', (_error, socket) => socket.destroy());
server.listen(0, '127.0.0.1');
await once(server, 'listening');
tellReady((server.address() as AddressInfo).port);
