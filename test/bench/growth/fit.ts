/** How fast a cost grows: the slope of measured points on two logarithmic axes. */

export const ORDERS = ['O(1)', 'O(n)', 'O(n log n)'] as const;
export type Order = (typeof ORDERS)[number];

export interface Point {
  readonly n: number;
  /** In the curve's unit. */
  readonly cost: number;
}

/** With more points, those of small n are left out: what is constant hides the slope there. */
const POINTS_MIN = 3;
/**
 * How far a measured exponent may be above the expected one before it is worth a look: memory that
 * no longer fits the processor's caches makes even a look-up in a Map grow by some n^0.15.
 */
const TOLERANCE = 0.25;

export function growthOf(order: Order, n: number): number {
  if (order === 'O(1)') return 1;
  return order === 'O(n)' ? n : n * Math.log(n);
}

/** The upper half of the points, by n. */
export function upperPart(points: readonly Point[]): readonly Point[] {
  const kept = Math.max(Math.min(POINTS_MIN, points.length), Math.ceil(points.length / 2));
  return points.slice(points.length - kept);
}

/** Least squares of log cost on log n over the upper part; NaN for fewer than two points. */
export function exponentOf(points: readonly Point[]): number {
  return slope(upperPart(points).map(({ n, cost }) => [Math.log(n), Math.log(cost)]));
}

/** The exponent that the order itself has between the same points. */
export function expectedExponent(order: Order, points: readonly Point[]): number {
  const part = upperPart(points);
  return slope(part.map(({ n }) => [Math.log(n), Math.log(growthOf(order, n))]));
}

export function isBeyond(order: Order, points: readonly Point[]): boolean {
  return exponentOf(points) > expectedExponent(order, points) + TOLERANCE;
}

function slope(points: readonly (readonly [number, number])[]): number {
  const meanX = mean(points.map(([x]) => x));
  const meanY = mean(points.map(([, y]) => y));
  let above = 0;
  let below = 0;
  for (const [x, y] of points) {
    above += (x - meanX) * (y - meanY);
    below += (x - meanX) ** 2;
  }
  return above / below;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
