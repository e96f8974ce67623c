import type { Socket } from 'node:net';
import type { Clock } from '../clock.ts';

/**
 * Handshakes that begin in one turn of the event loop. Each costs it about a millisecond (ECDSA,
 * on a slow core), so that those who are connected wait some 10 ms at most for those who are not.
 */
const STARTED_PER_TURN_MAX = 8;
/** Handshakes in progress: what can come back in one turn when all are held up and then let go. */
const HANDSHAKES_MAX = 200;
/** Connections that wait for their handshake; a fleet that comes back waits here for a second. */
const WAITING_MAX = 1000;
/** How long a handshake may take while others wait: beyond it, it gives way to them. */
const PATIENCE_MS = 2000;
/** How long one may take when nobody waits, and how long one may wait. */
const HANDSHAKE_TIMEOUT_MS = 10000;

/** All connections that a gate holds at most. */
export const GATE_CONNECTIONS_MAX = HANDSHAKES_MAX + WAITING_MAX;

interface Waiting {
  readonly socket: Socket;
  readonly sinceMs: number;
}

interface Handshake extends Waiting {
  /** Listens for the end of the socket while its handshake is in progress, and no longer. */
  readonly ended: () => void;
}

/**
 * Lets connections begin their handshake a few at a time, in turn by remote address, so that a
 * flood from one address neither keeps others out nor stops those who are connected. No address is
 * refused for the number of its connections: a whole fleet may be behind one (NAT, a load
 * balancer).
 */
export class HandshakeGate {
  readonly #waiting = new Map<string, Waiting[]>();
  #waitingCount = 0;
  /** By peer; the oldest one first. */
  readonly #inProgress = new Map<string, Handshake>();
  readonly #clock: Clock;
  readonly #begin: (socket: Socket) => void;
  readonly #dropped: (remoteAddress: string | undefined, reason: string) => void;
  #scheduled = false;

  constructor(options: {
    readonly clock: Clock;
    /** Begins the handshake of a socket that nothing was read from. */
    readonly begin: (socket: Socket) => void;
    /** Told of each connection that is closed here. */
    readonly dropped: (remoteAddress: string | undefined, reason: string) => void;
  }) {
    this.#clock = options.clock;
    this.#begin = options.begin;
    this.#dropped = options.dropped;
  }

  enter(socket: Socket): void {
    const address = socket.remoteAddress;
    // It is closed already when it has none.
    if (address === undefined) return;
    socket.on('error', destroy);
    const waiting = { socket, sinceMs: this.#clock.nowMs() };
    const others = this.#waiting.get(address);
    if (others === undefined) this.#waiting.set(address, [waiting]);
    else others.push(waiting);
    this.#waitingCount++;
    if (this.#waitingCount > WAITING_MAX) this.#dropLast();
    this.#schedule();
  }

  /** The handshake of this peer is over: the socket below TLS, or undefined if it was closed. */
  finished(socket: Socket): Socket | undefined {
    const peer = peerOf(socket);
    const handshake = this.#inProgress.get(peer);
    this.#inProgress.delete(peer);
    handshake?.socket.off('close', handshake.ended);
    this.#schedule();
    return handshake?.socket;
  }

  /** To be called now and then: looks after those that take too long. */
  sweep(): void {
    const nowMs = this.#clock.nowMs();
    for (const [address, sockets] of this.#waiting) {
      while (sockets.length > 0 && nowMs - sockets[0]!.sinceMs > HANDSHAKE_TIMEOUT_MS) {
        this.#waitingCount--;
        this.#drop(sockets.shift()!, 'it waited too long for its handshake');
      }
      if (sockets.length === 0) this.#waiting.delete(address);
    }
    for (const [peer, handshake] of this.#inProgress) {
      if (nowMs - handshake.sinceMs <= HANDSHAKE_TIMEOUT_MS) break;
      this.#inProgress.delete(peer);
      this.#drop(handshake, `no handshake within ${HANDSHAKE_TIMEOUT_MS / 1000} seconds`);
    }
    this.#schedule();
  }

  /** Closes all that have not finished. */
  close(): void {
    for (const sockets of this.#waiting.values()) {
      for (const { socket } of sockets) socket.destroy();
    }
    this.#waiting.clear();
    this.#waitingCount = 0;
    for (const { socket } of this.#inProgress.values()) socket.destroy();
  }

  #schedule(): void {
    if (this.#scheduled || this.#waitingCount === 0) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#pump();
    });
  }

  #pump(): void {
    let started = 0;
    while (started < STARTED_PER_TURN_MAX && this.#waitingCount > 0) {
      if (this.#inProgress.size >= HANDSHAKES_MAX && !this.#makeRoom()) return;
      this.#start(this.#next());
      started++;
    }
    this.#schedule();
  }

  /** The oldest connection of the address whose turn it is. */
  #next(): Socket {
    const [[address, sockets]] = this.#waiting as unknown as [[string, Waiting[]]];
    const { socket } = sockets.shift()!;
    this.#waitingCount--;
    this.#waiting.delete(address);
    if (sockets.length > 0) this.#waiting.set(address, sockets);
    return socket;
  }

  #start(socket: Socket): void {
    if (socket.destroyed) return;
    const peer = peerOf(socket);
    const ended = (): void => this.#ended(peer, socket);
    this.#inProgress.set(peer, { socket, sinceMs: this.#clock.nowMs(), ended });
    socket.on('close', ended);
    this.#begin(socket);
  }

  #ended(peer: string, socket: Socket): void {
    if (this.#inProgress.get(peer)?.socket !== socket) return;
    this.#inProgress.delete(peer);
    this.#schedule();
  }

  /** False: nobody in progress has used up the patience there is. */
  #makeRoom(): boolean {
    const [oldest] = this.#inProgress;
    const [peer, handshake] = oldest!;
    if (this.#clock.nowMs() - handshake.sinceMs < PATIENCE_MS) return false;
    this.#inProgress.delete(peer);
    this.#drop(handshake, 'its handshake took too long while others waited');
    return true;
  }

  /** The last that came of the address that has most of those that wait. */
  #dropLast(): void {
    let address = '';
    let most: Waiting[] = [];
    for (const [each, sockets] of this.#waiting) {
      if (sockets.length > most.length) [address, most] = [each, sockets];
    }
    this.#waitingCount--;
    this.#drop(most.pop()!, 'too many connections wait for their handshake');
    if (most.length === 0) this.#waiting.delete(address);
  }

  #drop({ socket }: Waiting, reason: string): void {
    const { remoteAddress } = socket;
    socket.destroy();
    this.#dropped(remoteAddress, reason);
  }
}

/** One for all: each connection keeps its listener for as long as it lasts. */
function destroy(this: Socket): void {
  this.destroy();
}

/** Which end of a TCP connection it is; the same for the socket below TLS and for the one above. */
function peerOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}
