/**
 * How much waits in the outbox, in parts of which each goes as a whole: what is known of a million
 * messages is a few dozen numbers. A part is counted until all of it may go.
 */
import type { Limits } from '../../domain/limits.ts';
import type { OutboxPart } from '../store/session-store.ts';

/** At the bound, so small a part of what waits is given up at a time. */
const PARTS = 64;

type Bounds = Pick<Limits, 'eventOutboxMessages' | 'eventOutboxBytes'>;

interface Part {
  upTo: number;
  messages: number;
  bytes: number;
}

export class OutboxBounds {
  #messages = 0;
  #bytes = 0;
  #bounds: Bounds;
  /** Oldest first. */
  readonly #parts: Part[] = [];

  constructor(found: readonly OutboxPart[], bounds: Bounds) {
    this.#bounds = bounds;
    for (const part of found) {
      this.#parts.push({ ...part });
      this.#messages += part.messages;
      this.#bytes += part.bytes;
    }
  }

  get messages(): number {
    return this.#messages;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Whether more than half of what it holds at most waits. */
  get isHalfFull(): boolean {
    const { eventOutboxMessages, eventOutboxBytes } = this.#bounds;
    return this.#messages > eventOutboxMessages / 2 || this.#bytes > eventOutboxBytes / 2;
  }

  setBounds(bounds: Bounds): void {
    this.#bounds = bounds;
  }

  /** A message for which there will never be room is taken while nothing else waits. */
  hasRoom(messages: number, bytes: number): boolean {
    if (this.#messages === 0) return true;
    const { eventOutboxMessages, eventOutboxBytes } = this.#bounds;
    return (
      this.#messages + messages <= eventOutboxMessages && this.#bytes + bytes <= eventOutboxBytes
    );
  }

  add(number: number, bytes: number): void {
    const { eventOutboxMessages, eventOutboxBytes } = this.#bounds;
    let part = this.#parts.at(-1);
    if (
      part === undefined ||
      part.messages >= eventOutboxMessages / PARTS ||
      part.bytes >= eventOutboxBytes / PARTS
    ) {
      part = { upTo: 0, messages: 0, bytes: 0 };
      this.#parts.push(part);
    }
    part.upTo = number;
    part.messages++;
    part.bytes += bytes;
    this.#messages++;
    this.#bytes += bytes;
  }

  /** Messages with numbers up to this one wait no more. */
  trim(upTo: number): void {
    while (this.#parts.length > 0 && this.#parts[0]!.upTo <= upTo) this.#dropOldest();
  }

  /** Makes room; answers what of the oldest was given up for it. Undefined: there is room. */
  makeRoom(messages: number, bytes: number): OutboxPart | undefined {
    let given: Part | undefined;
    while (this.#parts.length > 0 && !this.hasRoom(messages, bytes)) {
      const oldest = this.#dropOldest();
      given = {
        upTo: oldest.upTo,
        messages: oldest.messages + (given?.messages ?? 0),
        bytes: oldest.bytes + (given?.bytes ?? 0),
      };
    }
    return given;
  }

  #dropOldest(): Part {
    const oldest = this.#parts.shift()!;
    this.#messages -= oldest.messages;
    this.#bytes -= oldest.bytes;
    return oldest;
  }
}
