/** One provider process: what it was told and what it found out, in one preview or one update. */
import { systemClock, type Clock } from '../../control/clock.ts';
import type { Resource } from '../../domain/resources.ts';
import { failure, success, type Result } from '../../domain/result.ts';
import type { TargetPlace } from './declaration.ts';
import { openEngineLog, type EngineLog } from './engine-log.ts';
import { Program } from './program.ts';
import { openTarget } from './targets/open.ts';
import { placeKey } from './targets/place.ts';
import type { Fault, ObjectKey, Target } from './targets/target.ts';

export interface SessionOptions {
  readonly clock: Clock;
  readonly log: EngineLog;
  readonly open: (place: TargetPlace, clock: Clock) => Result<Target, Fault>;
}

export class Session {
  readonly clock: Clock;
  readonly log: EngineLog;
  readonly program: Program;
  /** URNs of what is changed or replaced, and not new: as many as the program declares. */
  readonly inState = new Set<string>();
  readonly #open: SessionOptions['open'];
  /** As many as the program states. */
  readonly #targets = new Map<string, Result<Target, Fault>>();
  readonly #reached = new Map<string, Promise<Result<void, Fault>>>();
  /** Targets that cannot be read: said once, and not for each of a thousand resources. */
  readonly #told = new Set<string>();

  constructor({ clock, log, open }: SessionOptions) {
    this.clock = clock;
    this.log = log;
    this.program = new Program(clock);
    this.#open = open;
  }

  open(place: TargetPlace): Result<Target, Fault> {
    const key = placeKey(place);
    const opened = this.#targets.get(key) ?? this.#open(place, this.clock);
    this.#targets.set(key, opened);
    return opened;
  }

  /** Asked once: a target that is not there is told of before any of its objects is begun. */
  reach(target: Target, key: ObjectKey): Promise<Result<void, Fault>> {
    const reached = this.#reached.get(target.identity) ?? target.reach(key);
    this.#reached.set(target.identity, reached);
    return reached;
  }

  /** What the target has; `Told`: it cannot be read, and somebody was told. */
  async held(
    target: Target,
    namespace: string,
    urn: string,
  ): Promise<Result<readonly Resource[], Fault | 'Told'>> {
    const held = await target.declared(namespace);
    for (const notice of target.takeNotices?.() ?? []) this.log.warn(urn, notice);
    if (held.ok) return success(held.value);
    if (this.#told.has(target.identity)) return failure('Told');
    this.#told.add(target.identity);
    return failure(held.fault);
  }
}

export function startSession(engineAddress: string): Session {
  return new Session({ clock: systemClock, log: openEngineLog(engineAddress), open: openTarget });
}
