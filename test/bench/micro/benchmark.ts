/** What a micro-benchmark is. */

export const GROUPS = [
  'loop',
  'parse',
  'match',
  'permission',
  'encode',
  'limits',
  'events',
] as const;

/** Does it once, and answers a number that depends on all that was done. */
export type Operation = (index: number) => number;

/** The same done in a plain or a widespread way, to compare with. */
export interface Plain {
  readonly what: string;
  readonly operate: Operation;
}

export interface Prepared {
  readonly operate: Operation;
  readonly plain?: Plain;
  /** What every call of either answers. */
  readonly yields: number;
}

export interface Benchmark {
  readonly group: (typeof GROUPS)[number];
  readonly name: string;
  /** Packets, messages, … that one call is about (1). */
  readonly units?: number;
  readonly prepare: () => Prepared;
}

/**
 * The answers of so many calls, added up. All operations are called from this one place, so V8
 * neither inlines them here nor leaves out what nobody would miss.
 */
export function repeat(operate: Operation, times: number): number {
  let sum = 0;
  for (let index = 0; index < times; index++) sum += operate(index);
  return sum;
}
