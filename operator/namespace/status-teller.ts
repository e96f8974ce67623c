/** From how an object stands to what is written of it, if anything: its status, and an event. */
import type { Clock } from '../../control/clock.ts';
import type { Declared, Status } from './declared.ts';
import { readStatus } from './declared.ts';
import { findCondition, nextStatus, type Standing } from './status.ts';
import type { StatusWriter } from './status-writer.ts';

/** What people read in `kubectl describe`. Best effort: events get lost, statuses do not. */
export interface EventSink {
  record(declared: Declared, event: TransitionEvent): void;
}

export interface TransitionEvent {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly note: string;
}

export interface StatusTellerOptions {
  readonly writer: StatusWriter;
  readonly events: EventSink;
  readonly clock: Clock;
}

export class StatusTeller {
  readonly #options: StatusTellerOptions;

  constructor(options: StatusTellerOptions) {
    this.#options = options;
  }

  /** Writes if there is something to write; `key` is looked at again where that fails. */
  tell(key: string, declared: Declared, standing: Standing): void {
    if (isTold(declared, standing)) return;
    const { writer, events, clock } = this.#options;
    const next = nextStatus(declared, standing, clock.nowMs());
    if (next === undefined) {
      const { verdict, programmed, fields } = standing;
      const status = declared.writing ?? declared.status;
      declared.told = fields === undefined ? { status, verdict, programmed } : undefined;
      return;
    }
    const event = transition(declared, next);
    if (event !== undefined) events.record(declared, event);
    writer.write(key, declared, next);
  }

  /** What is not as declared although brokers serve. */
  warn(declared: Declared, note: string): void {
    this.#options.events.record(declared, { type: 'Warning', reason: 'NotAsDeclared', note });
  }
}

/** Nearly always, and for thousands of objects in a row: so it is found without comparing texts. */
function isTold({ told, writing, status }: Declared, { verdict, programmed }: Standing): boolean {
  if (told === undefined || told.status !== (writing ?? status)) return false;
  return told.verdict === verdict && told.programmed === programmed;
}

/**
 * What became of an object that somebody has to act on. That thousands of objects are in force is
 * not told one by one; that a broker serves, or that something was mended, is.
 */
function transition(declared: Declared, next: Status): TransitionEvent | undefined {
  const ready = readyOf(next);
  const before = readyOf(readStatus(declared.writing ?? declared.status));
  if (before.text === ready.text || ready.reason === 'Pending') return undefined;
  const { reason, message: note } = ready;
  if (ready.status === 'False') return { type: 'Warning', reason, note };
  const wasWrong = before.status === 'False' && before.reason !== 'Pending';
  if (!wasWrong && declared.resource.kind !== 'MqttNamespace') return undefined;
  return { type: 'Normal', reason, note: 'in force on every broker pod' };
}

function readyOf(status: Partial<Status>) {
  const ready = findCondition(status.conditions, 'Ready');
  const { reason = '', message = '' } = ready ?? {};
  return { status: ready?.status, reason, message, text: `${ready?.status} ${reason} ${message}` };
}
