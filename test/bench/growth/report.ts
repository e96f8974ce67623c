/** The figures as tables for a terminal. */
import { median } from '../report/medians.ts';
import type { MeasuredCurve } from './curve.ts';
import { expectedExponent, exponentOf, isBeyond } from './fit.ts';
import type { ScaleStep } from './scale.ts';
import type { Swap } from './swap.ts';

/** Issue 8: what 10,000 clients and 100,000 subscriptions may add to a message, and a change. */
const RATIO_MAX = 1.1;
const DELAY_MS_MAX = 20;

function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows
    .map((row) =>
      row
        .map((cell, at) => (at === 0 ? cell.padEnd(widths[at]!) : cell.padStart(widths[at]!)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

export function curvesTable(curves: readonly MeasuredCurve[]): string {
  const rows = curves.map(({ curve, points }) => {
    const [first, last] = [points[0]!, points.at(-1)!];
    return [
      curve.name,
      `${first.n} to ${last.n}`,
      `${Number(first.cost.toPrecision(3))} to ${Number(last.cost.toPrecision(3))} ${curve.unit}`,
      curve.expected,
      expectedExponent(curve.expected, points).toFixed(2),
      exponentOf(points).toFixed(2),
      isBeyond(curve.expected, points) ? 'BEYOND' : '',
    ];
  });
  return table([['curve', 'n', 'cost', 'expected', 'exponent', 'measured', ''], ...rows]);
}

export function scaleTable(steps: readonly ScaleStep[]): string {
  const rows = steps.map(({ what, of, microseconds, baseMicroseconds, ratio }) => {
    const isTarget = of !== 'topics' && of !== 'changes';
    return [
      what,
      microseconds.toFixed(2),
      baseMicroseconds.toFixed(2),
      ratio.toFixed(3),
      isTarget && ratio >= RATIO_MAX ? 'MISSED' : '',
    ];
  });
  return table([['CPU of a message beside', 'µs', 'of 100 clients', 'ratio', ''], ...rows]);
}

export function swapTable(swaps: readonly Swap[]): string {
  const rows = swaps.map(({ change, gapMs, latestMs, acknowledgedMs }) => [
    change,
    ...[gapMs, latestMs].flatMap((values) => [
      Math.min(...values).toFixed(1),
      median(values)!.toFixed(1),
    ]),
    median(acknowledgedMs)!.toFixed(0),
    Math.min(...latestMs) > DELAY_MS_MAX ? 'MISSED' : '',
  ]);
  const titles = ['changed', 'loop held, least', 'median', 'latest message, least', 'median'];
  return table([[...titles, 'acknowledged', ''], ...rows]);
}

const CURVES_OF_STEPS = {
  clients: { name: 'message-clients', of: 'clients' },
  exact: { name: 'message-exact', of: 'subscriptions' },
} as const;

/** CPU of a message against clients and subscriptions. */
export function stepsAsCurves(steps: readonly ScaleStep[]): MeasuredCurve[] {
  return Object.entries(CURVES_OF_STEPS).flatMap(([of, named]): MeasuredCurve[] => {
    const points = steps
      .filter((step) => step.of === of)
      // What the machine did to both brokers cancels out.
      .map(({ n, ratio }) => ({ n, cost: ratio * steps[0]!.baseMicroseconds }));
    if (points.length < 2) return [];
    const what = 'CPU of a message';
    return [{ curve: { ...named, what, unit: 'µs', expected: 'O(1)' }, points }];
  });
}
