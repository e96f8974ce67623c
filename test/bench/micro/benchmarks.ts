/** All micro-benchmarks, in the order of the table. */
import type { Benchmark } from './benchmark.ts';
import { ENCODE } from './encode.ts';
import { EVENTS } from './events.ts';
import { LIMITS } from './limits.ts';
import { MATCH } from './match.ts';
import { PARSE } from './parse.ts';
import { PERMISSION } from './permission.ts';

/** In every other figure too. */
const NOTHING: Benchmark = {
  group: 'loop',
  name: 'nothing: the loop and the call',
  prepare: () => ({ operate: (index) => 1 + (index >> 31), yields: 1 }),
};

export const BENCHMARKS: readonly Benchmark[] = [
  NOTHING,
  ...PARSE,
  ...MATCH,
  ...PERMISSION,
  ...ENCODE,
  ...LIMITS,
  ...EVENTS,
];
