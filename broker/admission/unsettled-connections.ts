import { ReasonCode } from '../../domain/reason-codes.ts';
import type { Clock } from '../clock.ts';
import type { Connection } from '../connection.ts';

/** From the end of the handshake to an accepted CONNECT; clients send theirs at once. */
const CONNECT_TIMEOUT_MS = 10000;
/** Connections without CONNECT: what the clients of a namespace open in two seconds at most. */
const STRANGERS_MAX = 1000;
/** How long a client may take to read its last bytes. */
const CLOSE_TIMEOUT_MS = 5000;
/**
 * What may still come after a connection is closed: what the network and its buffers hold. Node may
 * keep all that comes then in memory without telling anybody (`TLSSocket.end` while data waits to
 * be decrypted), so it is looked after often.
 */
const BYTES_AFTER_END_MAX = 1048576;
const CLOSING_CHECK_MS = 20;
/** Closed connections whose clients have not taken their last bytes. */
const CLOSING_MAX = 1000;

/** All that are kept at most. */
export const UNSETTLED_CONNECTIONS_MAX = STRANGERS_MAX + CLOSING_MAX;

/**
 * Connections that cost memory and of which no accepted CONNECT says whose they are: those that
 * sent none yet, and those that are closed and not gone. Beyond their bounds the oldest give way,
 * which has waited for longest and so is the least likely to be a client that behaves.
 */
export class UnsettledConnections {
  readonly #strangers = new Set<Connection>();
  /** By connection: when its socket is torn down. */
  readonly #closing = new Map<Connection, number>();
  readonly #clock: Clock;
  #stopChecking: (() => void) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** TLS is there, and nothing else. */
  opened(connection: Connection): void {
    this.#strangers.add(connection);
    if (this.#strangers.size <= STRANGERS_MAX) return;
    const [oldest] = this.#strangers;
    const reason = `${STRANGERS_MAX} newer connections wait for their CONNECT`;
    oldest!.finish({ code: ReasonCode.QuotaExceeded, reason });
  }

  /** Its CONNECT was accepted. */
  settled(connection: Connection): void {
    this.#strangers.delete(connection);
  }

  /** Its socket is given some time to be closed from the other side as well. */
  closed(connection: Connection): void {
    this.#strangers.delete(connection);
    if (connection.socket.destroyed) return;
    this.#closing.set(connection, this.#clock.nowMs() + CLOSE_TIMEOUT_MS);
    this.#stopChecking ??= this.#clock.every(CLOSING_CHECK_MS, () => this.#checkClosing());
    if (this.#closing.size <= CLOSING_MAX) return;
    const [[oldest]] = this.#closing as unknown as [[Connection]];
    this.#destroy(oldest);
  }

  sweep(nowMs: number): void {
    for (const connection of this.#strangers) {
      if (nowMs - connection.openedAtMs <= CONNECT_TIMEOUT_MS) break;
      const reason = `no CONNECT within ${CONNECT_TIMEOUT_MS / 1000} seconds`;
      connection.finish({ code: ReasonCode.KeepAliveTimeout, reason });
    }
  }

  /** Whatever clients still had to take is given up. */
  destroyClosing(): void {
    for (const connection of this.#closing.keys()) this.#destroy(connection);
  }

  #checkClosing(): void {
    const nowMs = this.#clock.nowMs();
    for (const [connection, destroyAtMs] of this.#closing) {
      const isOver = connection.socket.destroyed || destroyAtMs <= nowMs;
      if (isOver || connection.bytesAfterEnd > BYTES_AFTER_END_MAX) this.#destroy(connection);
    }
    if (this.#closing.size > 0) return;
    this.#stopChecking?.();
    this.#stopChecking = undefined;
  }

  #destroy(connection: Connection): void {
    this.#closing.delete(connection);
    connection.socket.destroy();
  }
}
