/**
 * In which order a preview hears of a program's objects. Pulumi checks one resource after the other
 * as they arrive, so what a check says of an object beside others rests on those that came before
 * it. So each waits for its turn: kinds in the order in which they build on each other.
 */
import { KINDS, type Kind } from '../domain/resources.ts';

/** A route topic is what a MqttNamespace refers to. */
const ORDER: readonly Kind[] = ['EventTopic', ...KINDS];

/** Of these it matters which comes first, also among their own: by name, one at a time. */
const ONE_BY_ONE: ReadonlySet<Kind> = new Set(['ClientGroup', 'TopicSpace', 'PermissionBinding']);

/**
 * Where for so long none of those that had their turn was registered, they wait themselves: for one
 * that has not had it. They are not waited for any longer. A provider process starts in less.
 */
const QUIET_MS = 3_000;

interface Turn {
  readonly kind: Kind;
  readonly name: string;
  readonly start: () => void;
}

/** One for a program. As many wait as it declares. */
export class Turns {
  #waiting: Turn[] = [];
  /** Had their turn, and are not registered yet. */
  readonly #pending = new Set<Turn>();
  #timer: NodeJS.Timeout | undefined;

  /**
   * Resolves, to true, at the resource's turn.
   *
   * @param registered resolves when Pulumi has taken it
   */
  wait(kind: Kind, name: string, registered: Promise<void>): Promise<true> {
    return new Promise((resolve) => {
      const turn = { kind, name, start: () => resolve(true) };
      this.#waiting.push(turn);
      this.#schedule();
      void registered.then(() => {
        this.#pending.delete(turn);
        this.#schedule();
      });
    });
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    if (this.#waiting.length === 0) return;
    // What goes on after a registration may declare more, before the timer runs.
    this.#timer = setTimeout(() => this.#next(), this.#pending.size === 0 ? 0 : QUIET_MS);
  }

  #next(): void {
    this.#pending.clear();
    const [first, ...others] = this.#waiting.sort(compare);
    if (first === undefined) return;
    const isNext = (turn: Turn): boolean => turn.kind === first.kind && !ONE_BY_ONE.has(first.kind);
    const started = [first, ...others.filter(isNext)];
    this.#waiting = others.filter((turn) => !isNext(turn));
    for (const turn of started) {
      this.#pending.add(turn);
      turn.start();
    }
    this.#schedule();
  }
}

function compare(left: Turn, right: Turn): number {
  const kinds = ORDER.indexOf(left.kind) - ORDER.indexOf(right.kind);
  if (kinds !== 0) return kinds;
  return left.name < right.name ? -1 : 1;
}
