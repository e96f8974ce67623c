/** Messages over one byte stream, as lines of JSON, and the news that the peer is gone. */
import type { Duplex } from 'node:stream';
import type { Clock } from './clock.ts';
import type { Decode } from './decode.ts';
import { decodeBrokerMessage, decodeOperatorMessage } from './decode.ts';
import { BROKER_LINE_BYTES_MAX, OPERATOR_LINE_BYTES_MAX } from './messages.ts';
import type { BrokerMessage, OperatorMessage } from './messages.ts';

/** One end of a stream. After `close`, and after `closed` was told, it neither sends nor tells. */
export interface Link<Sent, Received> {
  /** For what is small and rare: it waits in memory, and more than a little of it closes. */
  send(message: Sent): void;
  /** Takes one message after the other, as the peer takes them; one such sequence at a time. */
  sendEach(messages: Iterator<Sent, void, undefined>): void;
  /** To be called once, at once; nothing is read before. */
  listen(listener: LinkListener<Received>): void;
  /** Sends what waits, for a moment, and ends. `closed` is not told. */
  close(): void;
}

export interface LinkListener<Received> {
  message(message: Received): void;
  /** By the peer, the network, or because the peer breaks the rules; `reason` is for a log. */
  closed(reason: string): void;
}

export type OperatorLink = Link<OperatorMessage, BrokerMessage>;
export type BrokerLink = Link<BrokerMessage, OperatorMessage>;

/** How often the operator asks whether the broker is there, which tells the broker the same. */
export const PING_INTERVAL_MS = 3000;
/** A peer of which nothing came for two whole intervals is gone: found out in 6 to 9 seconds. */
const SILENT_INTERVALS_MAX = 2;
/** Bytes that wait for a peer that does not read: a part of an update and what else there is. */
const OUTPUT_BYTES_MAX = 2 * OPERATOR_LINE_BYTES_MAX;
/** How long a peer may take its last bytes. */
const CLOSE_GRACE_MS = 1000;
const LINE_FEED = 0x0a;

interface Rules<Sent, Received> {
  readonly decode: Decode<Received>;
  readonly lineBytesMax: number;
  /** Sent at every interval. */
  readonly ping: Sent | undefined;
  readonly isPing: (message: Received) => boolean;
  readonly pong: Sent | undefined;
}

const OPERATOR_RULES: Rules<OperatorMessage, BrokerMessage> = {
  decode: decodeBrokerMessage,
  lineBytesMax: BROKER_LINE_BYTES_MAX,
  ping: { type: 'Ping' },
  isPing: ({ type }) => type === 'Pong',
  pong: undefined,
};

const BROKER_RULES: Rules<BrokerMessage, OperatorMessage> = {
  decode: decodeOperatorMessage,
  lineBytesMax: OPERATOR_LINE_BYTES_MAX,
  ping: undefined,
  isPing: ({ type }) => type === 'Ping',
  pong: { type: 'Pong' },
};

/** The operator's end. */
export function operatorLink(stream: Duplex, clock: Clock): OperatorLink {
  return new StreamLink(stream, clock, OPERATOR_RULES);
}

/** The broker's end. */
export function brokerLink(stream: Duplex, clock: Clock): BrokerLink {
  return new StreamLink(stream, clock, BROKER_RULES);
}

class StreamLink<Sent, Received> implements Link<Sent, Received> {
  readonly #stream: Duplex;
  readonly #clock: Clock;
  readonly #rules: Rules<Sent, Received>;
  #listener: LinkListener<Received> | undefined;
  #sequence: Iterator<Sent, void, undefined> | undefined;
  #waitsForRoom = false;
  /** Of a line that is not complete. */
  #pieces: Uint8Array[] = [];
  #pieceBytes = 0;
  #heard = true;
  #silentIntervals = 0;
  #cancelTick: () => void = () => undefined;
  #ended = false;

  constructor(stream: Duplex, clock: Clock, rules: Rules<Sent, Received>) {
    this.#stream = stream;
    this.#clock = clock;
    this.#rules = rules;
    stream.on('error', (error) => this.#fail(`the connection broke: ${error.message}`));
    stream.on('close', () => this.#fail('the connection was closed'));
    stream.on('end', () => this.#fail('the peer closed the connection'));
    stream.on('drain', () => this.#pump());
    this.#tickLater();
  }

  listen(listener: LinkListener<Received>): void {
    this.#listener = listener;
    this.#stream.on('data', (chunk: Uint8Array) => this.#take(chunk));
  }

  send(message: Sent): void {
    if (this.#ended) return;
    if (this.#stream.writableLength > OUTPUT_BYTES_MAX) {
      this.#fail('the peer does not read what it is sent');
      return;
    }
    this.#write(message);
  }

  sendEach(messages: Iterator<Sent, void, undefined>): void {
    this.#sequence = messages;
    if (!this.#waitsForRoom) this.#pump();
  }

  close(): void {
    if (this.#ended) return;
    this.#end();
    this.#stream.end();
    const cancel = this.#clock.after(CLOSE_GRACE_MS, () => this.#stream.destroy());
    this.#stream.once('close', cancel);
    // The peer's last words are read and dropped, or the end would never be seen.
    this.#stream.resume();
  }

  #write(message: Sent): void {
    this.#waitsForRoom = !this.#stream.write(`${JSON.stringify(message)}\n`);
  }

  #pump(): void {
    this.#waitsForRoom = false;
    // A small update is one packet.
    this.#stream.cork();
    while (!this.#ended && !this.#waitsForRoom && this.#sequence !== undefined) {
      const next = this.#sequence.next();
      if (next.done === true) this.#sequence = undefined;
      else this.#write(next.value);
    }
    this.#stream.uncork();
  }

  #take(chunk: Uint8Array): void {
    this.#heard = true;
    let start = 0;
    let end = chunk.indexOf(LINE_FEED);
    while (end !== -1 && !this.#ended) {
      this.#line(chunk.subarray(start, end));
      start = end + 1;
      end = chunk.indexOf(LINE_FEED, start);
    }
    if (!this.#ended && start < chunk.length) this.#keep(chunk.subarray(start));
  }

  /** False: the line is too long. */
  #keep(piece: Uint8Array): boolean {
    const { lineBytesMax } = this.#rules;
    this.#pieceBytes += piece.length;
    if (this.#pieceBytes > lineBytesMax) {
      this.#fail(`the peer sent a line of more than ${lineBytesMax} bytes`);
      return false;
    }
    this.#pieces.push(piece);
    return true;
  }

  #line(last: Uint8Array): void {
    if (!this.#keep(last)) return;
    const line = this.#pieces.length === 1 ? last : Buffer.concat(this.#pieces);
    this.#pieces = [];
    this.#pieceBytes = 0;
    const decoded = this.#rules.decode(line);
    if (!decoded.ok) this.#fail(decoded.fault);
    else if (!this.#rules.isPing(decoded.value)) this.#listener?.message(decoded.value);
    else if (this.#rules.pong !== undefined) this.send(this.#rules.pong);
  }

  #tickLater(): void {
    this.#cancelTick = this.#clock.after(PING_INTERVAL_MS, () => this.#tick());
  }

  #tick(): void {
    this.#silentIntervals = this.#heard ? 0 : this.#silentIntervals + 1;
    this.#heard = false;
    if (this.#silentIntervals >= SILENT_INTERVALS_MAX) {
      this.#fail('nothing was heard of the peer any more');
      return;
    }
    if (this.#rules.ping !== undefined) this.send(this.#rules.ping);
    if (!this.#ended) this.#tickLater();
  }

  #fail(reason: string): void {
    if (this.#ended) return;
    const listener = this.#listener;
    this.#end();
    this.#stream.destroy();
    listener?.closed(reason);
  }

  #end(): void {
    this.#ended = true;
    this.#sequence = undefined;
    this.#pieces = [];
    this.#listener = undefined;
    this.#cancelTick();
  }
}
