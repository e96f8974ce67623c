/** What became of numbered messages as events, and what of it must not be. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { numberOf } from './clients.ts';
import type { Matches } from './history.ts';
import { History } from './history.ts';

interface ReceivedEvent {
  readonly id: string;
  readonly mqtttopic: string;
  readonly data?: { readonly number: number };
  readonly data_base64?: string;
}

export class EventHistory {
  readonly history = new History();
  /** By id: an event that comes again is the same. */
  readonly #texts = new Map<string, string>();
  /** Of each message: it has one for each time that it was published. */
  readonly #ids = new Map<string, Set<string>>();

  subscribed(name: string, matches?: Matches): void {
    this.history.subscribed(name, matches);
  }

  /** An event that its destination took. */
  received(subscription: string, received: unknown): void {
    const event = received as ReceivedEvent;
    const { id, mqtttopic: topic, data, data_base64: base64 = '' } = event;
    const number = data?.number ?? numberOf(Buffer.from(base64, 'base64'));
    // Whatever came more than once is a repetition: any event may.
    const as = { crashes: 0, duplicate: true };
    this.history.delivered(subscription, { topic, number }, as);
    const text = JSON.stringify(event);
    if ((this.#texts.get(id) ?? text) !== text) {
      this.history.found('another id', `${id} is two events: ${topic} ${number}, and before it`);
    }
    this.#texts.set(id, text);
    const message = `${topic} ${number}`;
    const ids = this.#ids.get(message) ?? new Set();
    this.#ids.set(message, ids.add(id));
    if (ids.size > this.history.sends(topic, number)) {
      this.history.found('another id', `${message} is ${[...ids].join(' and ')}`);
    }
  }
}

/** A file of events, read as it grows. */
export class GrowingFile {
  readonly #path: string;
  #readBytes = 0;

  constructor(path: string) {
    this.#path = path;
  }

  /** The lines that were ended since the last time. @throws where one is no JSON object */
  read(): unknown[] {
    const bytes = this.#bytes().subarray(this.#readBytes);
    const ended = bytes.subarray(0, bytes.lastIndexOf('\n') + 1);
    this.#readBytes += ended.length;
    return linesOf(ended);
  }

  /** How many lines there are; each of them is checked once more, also the last one. */
  check(): number {
    const bytes = this.#bytes();
    assert.equal(bytes.at(-1), 0x0a, 'the last line has an end');
    return linesOf(bytes).length;
  }

  #bytes(): Buffer {
    try {
      return readFileSync(this.#path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return Buffer.alloc(0);
      throw error;
    }
  }
}

function linesOf(bytes: Buffer): unknown[] {
  const lines = bytes.toString().split('\n').slice(0, -1);
  return lines.map((line) => JSON.parse(line) as unknown);
}
