import type { Clock } from '../clock.ts';
import type { Ending } from '../ending.ts';
import { ReasonCode } from '../../domain/reason-codes.ts';

/** What is counted together, and how long a client that flaps is kept out. */
const WINDOW_MS = 30000;
const HOLD_OFF_MS = 30000;
/**
 * Connections of one client in a window. Event Grid grants a session one a second; scripts that
 * connect for each message they publish come near it, so this is twice as many.
 */
const CONNECTS_MAX = 60;
/**
 * Of these, how many may end without the client's DISCONNECT: lost, taken over, or closed for what
 * the client did. Two programs with one client identifier that take over from each other all the
 * time, and a program that is disconnected for each message it publishes, come here in seconds when
 * they do not wait and in half a minute when they wait for a second. A device that loses its
 * network or its broker comes back once.
 */
const INTERRUPTIONS_MAX = 15;

interface Record {
  readonly sinceMs: number;
  connects: number;
  interruptions: number;
  heldUntilMs: number;
}

/**
 * Clients that connect again and again. Only those that proved who they are count, so that nobody
 * locks out somebody else, and so that there are no more records than declared clients.
 */
export class FlappingClients {
  readonly #records = new Map<string, Record>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Counts a connection; why it must wait, or undefined. */
  connecting(client: string): string | undefined {
    const nowMs = this.#clock.nowMs();
    const record = this.#recordOf(client, nowMs);
    if (record.heldUntilMs <= nowMs) {
      record.connects++;
      const cause = findCause(record);
      if (cause === undefined) return undefined;
      record.heldUntilMs = nowMs + HOLD_OFF_MS;
      return `${cause} in ${WINDOW_MS / 1000} seconds; ${waitFor(HOLD_OFF_MS)}`;
    }
    return `this client connected too often; ${waitFor(record.heldUntilMs - nowMs)}`;
  }

  /** A connection of this client ended, and the client did not say that it would. */
  interrupted(client: string): void {
    this.#recordOf(client, this.#clock.nowMs()).interruptions++;
  }

  /** Forgets clients that were quiet for a while. */
  sweep(): void {
    const nowMs = this.#clock.nowMs();
    for (const [client, record] of this.#records) {
      if (isOver(record, nowMs)) this.#records.delete(client);
    }
  }

  #recordOf(client: string, nowMs: number): Record {
    const known = this.#records.get(client);
    if (known !== undefined && !isOver(known, nowMs)) return known;
    const record = { sinceMs: nowMs, connects: 0, interruptions: 0, heldUntilMs: -Infinity };
    this.#records.set(client, record);
    return record;
  }
}

/** Whether the client did not want this end. */
export function isInterruption({ code, disconnection }: Ending): boolean {
  return disconnection !== 'ClientInitiatedDisconnect' && code !== ReasonCode.ServerShuttingDown;
}

function isOver({ sinceMs, heldUntilMs }: Record, nowMs: number): boolean {
  return nowMs >= heldUntilMs && (nowMs - sinceMs >= WINDOW_MS || heldUntilMs !== -Infinity);
}

function findCause({ connects, interruptions }: Record): string | undefined {
  if (interruptions > INTERRUPTIONS_MAX) {
    return `${interruptions} connections of this client ended without its DISCONNECT`;
  }
  return connects > CONNECTS_MAX ? `this client connected ${connects} times` : undefined;
}

function waitFor(ms: number): string {
  return `it is let in again in ${Math.ceil(ms / 1000)} seconds`;
}
