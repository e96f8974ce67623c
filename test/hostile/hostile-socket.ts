import { once } from 'node:events';
import net from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import tls from 'node:tls';
import type { Random } from './random.ts';

export interface Target {
  readonly port: number;
  readonly cert: string;
  readonly key: string;
  /** Names that the certificate is good for. */
  readonly clients: readonly string[];
}

/** What an attack is given. */
export interface Assault {
  readonly target: Target;
  readonly random: Random;
  readonly tally: Tally;
  /** When it is over, in milliseconds of `performance.now()`. */
  readonly endMs: number;
}

/** What was done, and the last that was sent. */
export class Tally {
  connections = 0;
  writes = 0;
  bytes = 0;
  /** Connections that were still there long after the broker should have ended them. */
  overdue = 0;
  lastSent = '';
}

/** What an attacker keeps unsent at most: it is the broker that is to run out of memory. */
const UNSENT_BYTES_MAX = 1048576;
const OPEN_TIMEOUT_MS = 15000;

export function isOver({ endMs }: Assault): boolean {
  return performance.now() >= endMs;
}

export async function pause(assault: Assault, ms: number): Promise<void> {
  await delay(Math.max(0, Math.min(ms, assault.endMs - performance.now())));
}

export class HostileSocket {
  readonly socket: net.Socket;
  readonly openedMs = performance.now();
  readonly closed: Promise<void>;
  readonly #tally: Tally;

  constructor(socket: net.Socket, tally: Tally) {
    this.socket = socket;
    this.#tally = tally;
    tally.connections++;
    socket.on('error', () => socket.destroy());
    this.closed = new Promise((resolve) => socket.once('close', () => resolve()));
  }

  /** TCP alone. */
  static tcp({ target, tally }: Assault): HostileSocket {
    const socket = net.connect({ host: '127.0.0.1', port: target.port });
    return new HostileSocket(socket, tally);
  }

  /** With TLS; undefined: it was not let in. */
  static async tls({ target, tally }: Assault): Promise<HostileSocket | undefined> {
    const { port, cert, key } = target;
    const socket = tls.connect({
      host: '127.0.0.1',
      port,
      cert,
      key,
      // An attacker does not mind whom it attacks.
      rejectUnauthorized: false,
    });
    const opened = new HostileSocket(socket, tally);
    const isSecure = await Promise.race([
      once(socket, 'secureConnect').then(
        () => true,
        () => false,
      ),
      opened.closed.then(() => false),
      delay(OPEN_TIMEOUT_MS, false, { ref: false }),
    ]);
    if (isSecure) return opened;
    socket.destroy();
    return undefined;
  }

  get isOpen(): boolean {
    return !this.socket.destroyed && this.socket.writable;
  }

  /** Reads and forgets; a client that is never told to read reads nothing. */
  read(): this {
    this.socket.resume();
    return this;
  }

  write(bytes: Buffer): void {
    if (!this.isOpen || bytes.length === 0) return;
    this.#tally.writes++;
    this.#tally.bytes += bytes.length;
    this.#tally.lastSent = bytes.toString('hex', 0, 200);
    this.socket.write(bytes);
  }

  /** As much of it as the broker takes, for as long as it takes it. */
  async flood(assault: Assault, bytes: Buffer): Promise<void> {
    while (this.isOpen && !isOver(assault)) {
      if (this.socket.writableLength < UNSENT_BYTES_MAX) this.write(bytes);
      else await pause(assault, 5);
      if (this.#tally.writes % 16 === 0) await delay(0);
    }
  }

  /** Until the broker closes it, or it is time to do something else. */
  async untilClosed(ms: number): Promise<void> {
    await Promise.race([this.closed, delay(ms, undefined, { ref: false })]);
  }

  destroy(): void {
    this.socket.destroy();
  }
}

/** Runs `attack` so many times beside itself until it is time. */
export async function besides(
  count: number,
  assault: Assault,
  attack: () => Promise<void>,
): Promise<void> {
  const lanes = Array.from({ length: count }, async () => {
    while (!isOver(assault)) {
      await attack();
      await delay(0);
    }
  });
  await Promise.all(lanes);
}
