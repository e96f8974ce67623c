/** Waits for what becomes of one object. */
import type { Clock } from '../../../control/clock.ts';
import { failure, success, type Result } from '../../../domain/result.ts';
import { printable } from '../../../domain/text.ts';
import type { ClusterObject } from './cluster-objects.ts';
import type { ClusterWatches } from './cluster-watches.ts';
import type { Fault, ObjectKey, WaitOptions } from './target.ts';

export interface Waiting extends WaitOptions {
  readonly watches: ClusterWatches;
  readonly clock: Clock;
  readonly faultOf: (error: unknown) => Fault;
}

/** An object as it is now; undefined: it is gone. */
export interface Look {
  readonly object: ClusterObject | undefined;
  /** The last of `lookAgainMs` that has passed, or 0. */
  readonly passedMs: number;
  /** Says what is waited for. */
  readonly tell: (message: string) => void;
}

export interface Wait<Answer> {
  /** Of the object that is waited for. */
  readonly uid: string | undefined;
  /** Undefined: not yet. */
  readonly look: (look: Look) => Answer | undefined;
  readonly atTimeout: () => Answer;
  /** When it is looked at once more although nothing has changed. */
  readonly lookAgainMs?: readonly number[];
}

/** A failure: it cannot be seen. */
export function waitFor<Answer>(
  key: ObjectKey,
  { watches, clock, faultOf, timeoutMs, onProgress }: Waiting,
  { uid, look, atTimeout, lookAgainMs = [] }: Wait<Answer>,
): Promise<Result<Answer, Fault>> {
  return new Promise((resolve) => {
    const tell = onceChanged(onProgress);
    let passedMs = 0;
    let lookAgain = (): void => undefined;
    const end = (answer: Result<Answer, Fault>): void => {
      for (const cancel of timers) cancel();
      stop();
      resolve(answer);
    };
    const lookAt = (object: ClusterObject | undefined): void => {
      lookAgain = (): void => lookAt(object);
      const answer = look({ object, passedMs, tell });
      if (answer !== undefined) end(success(answer));
    };
    const onTrouble = (error: unknown, isFinal: boolean): void => {
      const fault = faultOf(error);
      if (isFinal) end(failure(fault));
      else tell(fault.message);
    };
    const stop = watches.follow(key, { uid, look: lookAt, onTrouble });
    const timers = [
      clock.after(timeoutMs, () => end(success(atTimeout()))),
      ...lookAgainMs.map((afterMs) =>
        clock.after(afterMs, () => {
          passedMs = afterMs;
          lookAgain();
        }),
      ),
    ];
  });
}

function onceChanged(onProgress: (message: string) => void): (message: string) => void {
  let last = '';
  return (message) => {
    const line = printable(`waiting: ${message}`);
    if (line !== last) onProgress(line);
    last = line;
  };
}
