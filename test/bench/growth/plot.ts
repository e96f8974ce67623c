/** A small plot for each curve: measured points and the line of the expected order, as SVG. */
import { textAt } from '../report/plot.ts';
import type { MeasuredCurve } from './curve.ts';
import { expectedExponent, exponentOf, growthOf, isBeyond, upperPart } from './fit.ts';

const COLUMNS = 4;
const CELL = { width: 225, height: 165 } as const;
/** Of the axes within a cell. */
const BOX = { left: 46, top: 36, width: 165, height: 92 } as const;
const HEAD = 48;
const COLOURS = { measured: '#0072b2', beyond: '#d55e00', expected: '#999999' } as const;

interface Scale {
  readonly x: (n: number) => number;
  readonly y: (cost: number) => number;
}

export function growthPlot(curves: readonly MeasuredCurve[], caption: string): string {
  const height = HEAD + Math.ceil(curves.length / COLUMNS) * CELL.height;
  const width = COLUMNS * CELL.width;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}"`,
    ' font-family="sans-serif" font-size="10" fill="#777777">',
    textAt({ x: 8, y: 18, size: 14 }, 'How costs grow: measured points, and the expected order'),
    textAt({ x: 8, y: 36 }, caption),
    ...curves.flatMap((curve, index) => {
      const [column, row] = [index % COLUMNS, Math.floor(index / COLUMNS)];
      const place = `translate(${column * CELL.width} ${HEAD + row * CELL.height})`;
      return [`<g transform="${place}">`, ...cellOf(curve), '</g>'];
    }),
    '</svg>',
    '',
  ].join('\n');
}

function cellOf({ curve, points }: MeasuredCurve): string[] {
  const scale = scaleOf({ curve, points });
  const { left, top, width, height } = BOX;
  const [first, last] = [points[0]!, points.at(-1)!];
  const bottom = top + height;
  const colour = isBeyond(curve.expected, points) ? COLOURS.beyond : COLOURS.measured;
  const measured = exponentOf(points).toFixed(2);
  const expected = expectedExponent(curve.expected, points).toFixed(2);
  const orders = `n^${measured}; ${curve.expected}: n^${expected}`;
  return [
    textAt({ x: left, y: 14, size: 11 }, curve.name),
    textAt({ x: left, y: 27 }, `${curve.what}`),
    `<path d="M${left} ${top}V${bottom}H${left + width}" fill="none" stroke="#bbbbbb"/>`,
    expectedLine({ curve, points }, scale),
    ...points.map(({ n, cost }) => {
      const [x, y] = [scale.x(n).toFixed(1), scale.y(cost).toFixed(1)];
      return `<circle cx="${x}" cy="${y}" r="2.6" fill="${colour}"/>`;
    }),
    ...[first, last].map(({ cost }) =>
      textAt({ x: left - 4, y: Math.round(scale.y(cost)) + 3, anchor: 'end' }, `${short(cost)}`),
    ),
    textAt({ x: left - 4, y: top - 2, anchor: 'end' }, curve.unit),
    textAt({ x: left, y: bottom + 12 }, short(first.n)),
    textAt({ x: left + width, y: bottom + 12, anchor: 'end' }, `${short(last.n)} ${curve.of}`),
    textAt({ x: left + width, y: bottom + 25, anchor: 'end' }, orders),
  ];
}

/** Through the middle of the upper part, which is what exponents are of. */
function expectedLine({ curve, points }: MeasuredCurve, scale: Scale): string {
  const part = upperPart(points);
  const logs = part.map(({ n, cost }) => Math.log(cost / growthOf(curve.expected, n)));
  const factor = Math.exp(logs.reduce((sum, log) => sum + log, 0) / logs.length);
  const line = points.map(({ n }) => {
    const y = scale.y(factor * growthOf(curve.expected, n));
    return `${scale.x(n).toFixed(1)},${Math.min(BOX.top + BOX.height, y).toFixed(1)}`;
  });
  const style = `fill="none" stroke="${COLOURS.expected}" stroke-dasharray="4 3"`;
  return `<polyline points="${line.join(' ')}" ${style}/>`;
}

/** Both axes are logarithmic; what hardly changes is not blown up to fill the plot. */
function scaleOf({ points }: MeasuredCurve): Scale {
  const xs = points.map(({ n }) => Math.log(n));
  const ys = points.map(({ cost }) => Math.log(cost));
  const [low, high] = [Math.min(...ys), Math.max(...ys)];
  const spread = Math.max(high - low, Math.log(10));
  const middle = (low + high) / 2;
  return {
    x: (n) => BOX.left + (BOX.width * (Math.log(n) - xs[0]!)) / (xs.at(-1)! - xs[0]!),
    y: (cost) => BOX.top + BOX.height * (0.5 - (0.9 * (Math.log(cost) - middle)) / spread),
  };
}

function short(value: number): string {
  if (value >= 10_000) return `${Number((value / 1000).toPrecision(3))}k`;
  return String(Number(value.toPrecision(2)));
}
