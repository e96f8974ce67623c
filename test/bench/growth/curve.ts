import type { Order, Point } from './fit.ts';

export interface Curve {
  readonly name: string;
  /** What is counted on the horizontal axis. */
  readonly of: string;
  /** What costs: the title of its plot. */
  readonly what: string;
  readonly unit: 'µs' | 'ms' | 'KiB';
  readonly expected: Order;
  readonly sizes: readonly number[];
  readonly quickSizes: readonly number[];
  readonly measure: (n: number) => number | Promise<number>;
}

export interface MeasuredCurve {
  readonly curve: Omit<Curve, 'measure' | 'sizes' | 'quickSizes'>;
  readonly points: readonly Point[];
}

export const TENS = {
  sizes: [100, 300, 1000, 3000, 10000, 30000, 100000],
  quickSizes: [100, 1000, 10000],
} as const;

/** Of what a MqttNamespace has at most 1,000. */
export const FEW = {
  sizes: [10, 30, 100, 300, 1000],
  quickSizes: [10, 100, 300],
} as const;
