/**
 * Time of work in this process, the least of some attempts: whatever else the machine does can only
 * make one longer. (CPU time of a thread is counted too coarsely on some kernels.)
 */

/** Nothing shorter is measured: the clock and a page fault must not matter. */
const MILLISECONDS_MIN = 3;
const ATTEMPTS = 7;
const REPEATS_MAX = 2 ** 24;

function millisecondsOf(work: () => void): number {
  const startedMs = performance.now();
  work();
  return performance.now() - startedMs;
}

/** Of one call of `work`, in microseconds. */
export function costOf(work: (call: number) => void): number {
  let calls = 0;
  const repeat = (repeats: number) => (): void => {
    for (let each = 0; each < repeats; each++) work(calls++);
  };
  let repeats = 1;
  while (millisecondsOf(repeat(repeats)) < MILLISECONDS_MIN && repeats < REPEATS_MAX) repeats *= 2;
  const attempts = Array.from({ length: ATTEMPTS }, () => millisecondsOf(repeat(repeats)));
  return (1000 * Math.min(...attempts)) / repeats;
}

/** Of work that cannot be done twice with the same things: `prepare` makes new ones each time. */
export function costOnce<Things>(prepare: () => Things, work: (things: Things) => void): number {
  const attempts = Array.from({ length: ATTEMPTS }, () => {
    const things = prepare();
    return millisecondsOf(() => work(things));
  });
  return 1000 * Math.min(...attempts);
}
