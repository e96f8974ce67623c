import type { Clock } from '../../control/clock.ts';

/** Runs `task` again and again, `pauseMs` after it ended the last time. The answer ends that. */
export function repeat(
  clock: Clock,
  pauseMs: number,
  task: () => Promise<void>,
  onError: (error: unknown) => void,
): () => void {
  let cancel = (): void => undefined;
  let ended = false;
  const schedule = (): void => {
    if (ended) return;
    cancel = clock.after(pauseMs, () => void task().catch(onError).then(schedule));
  };
  schedule();
  return () => {
    ended = true;
    cancel();
  };
}
