import { randomInt } from 'node:crypto';

/** As many steps as make no difference to what is spread by it. */
const STEPS = 2 ** 32;

/** From 0 up to 1. */
export function random(): number {
  return randomInt(STEPS) / STEPS;
}
