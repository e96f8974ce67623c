/** CPU time (memory for idle connections) of every scenario and broker as bars, as SVG. */
import type { BrokerName } from '../brokers/start.ts';
import type { Row } from './summary.ts';

/** Told apart also by those who see few colours, and on light and dark paper. */
const COLOURS: Readonly<Record<BrokerName, string>> = {
  mqttgrid: '#0072b2',
  durable: '#56b4e9',
  floor: '#999999',
  mosquitto: '#e69f00',
  aedes: '#cc79a7',
};

/** Seen on light and dark paper. */
const TARGET_COLOUR = '#d62728';

const WIDTH = 1100;
const LABEL_WIDTH = 190;
const VALUE_WIDTH = 440;
const BAR_HEIGHT = 13;
const GAP = 10;
const TOP = 64;

/** `absent`: brokers that are missing, and why. */
export function plotOf(
  measured: readonly Row[],
  caption: string,
  absent: readonly string[] = [],
): string {
  // At half load each broker has a rate of its own, so CPU time compares nothing.
  const rows = measured.filter(({ isHalfLoad }) => !isHalfLoad);
  const lines: string[] = [];
  let y = TOP;
  for (const scenario of new Set(rows.map((row) => row.scenario))) {
    const bars = rows.filter((row) => row.scenario === scenario && valueOf(row) !== undefined);
    if (bars.length === 0) continue;
    lines.push(textAt({ x: LABEL_WIDTH - 8, y: y + BAR_HEIGHT - 2, anchor: 'end' }, scenario));
    // Each scenario has a scale of its own: what is compared is brokers.
    const longest = Math.max(...bars.flatMap((row) => [valueOf(row)!, targetOf(row) ?? 0]));
    for (const row of bars) {
      lines.push(...bar(row, y, longest));
      y += BAR_HEIGHT;
    }
    y += GAP;
  }
  const height = y + absent.length * 14 + 8;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}"`,
    ' font-family="sans-serif" font-size="11" fill="#777777">',
    textAt({ x: 8, y: 18, size: 14 }, 'Cost of each unit: CPU time of the broker; of idle: memory'),
    textAt({ x: 8, y: 36 }, caption),
    ...absent.map((reason, index) => textAt({ x: 8, y: y + 12 + index * 14 }, `ABSENT: ${reason}`)),
    ...legend(rows),
    ...lines,
    '</svg>',
    '',
  ].join('\n');
}

function valueOf(row: Row): number | undefined {
  return row.unit === 'connection' ? row.residentKibEach : row.cpuMicroseconds;
}

/** What the bar may reach, in its unit. */
function targetOf(row: Row): number | undefined {
  const target = row.targets.find(({ figure }) => figure === 'ratio');
  if (target === undefined || row.ratio === undefined) return undefined;
  return (valueOf(row)! / row.ratio) * target.bound;
}

function bar(row: Row, y: number, longest: number): string[] {
  const value = valueOf(row)!;
  const scale = (WIDTH - LABEL_WIDTH - VALUE_WIDTH) / longest;
  const width = Math.max(1, value * scale);
  const unit = row.unit === 'connection' ? 'KiB' : 'µs';
  const ratio = row.ratio === undefined ? '' : `, ${row.ratio.toFixed(2)} × ${row.baseline}`;
  const rectangle =
    `<rect x="${LABEL_WIDTH}" y="${y}" width="${width.toFixed(1)}" height="${BAR_HEIGHT - 2}" ` +
    `fill="${COLOURS[row.broker]}"/>`;
  const target = targetOf(row);
  const targetX = LABEL_WIDTH + (target ?? 0) * scale;
  const endX = Math.max(LABEL_WIDTH + width, targetX);
  const place = { x: endX + 5, y: y + BAR_HEIGHT - 3 };
  const missed = row.misses.length === 0 ? '' : `, MISSED: ${row.misses.map(shortly).join(', ')}`;
  const colour = missed === '' ? {} : { colour: TARGET_COLOUR };
  return [
    rectangle,
    ...(target === undefined ? [] : [targetMark(targetX, y)]),
    textAt({ ...place, ...colour }, `${value.toFixed(2)} ${unit}${ratio}${missed}`),
  ];
}

/** What it should be is in the table; the ratio and its target are in the plot already. */
function shortly(miss: string): string {
  return miss.startsWith('ratio') ? 'ratio' : miss.split(',')[0]!;
}

function targetMark(x: number, y: number): string {
  const place = `x="${(x - 1).toFixed(1)}" y="${y - 1}" width="2" height="${BAR_HEIGHT}"`;
  return `<rect ${place} fill="${TARGET_COLOUR}"/>`;
}

function legend(rows: readonly Row[]): string[] {
  const brokers = [...new Set(rows.map(({ broker }) => broker))];
  const targetX = LABEL_WIDTH + brokers.length * 110;
  const target = [targetMark(targetX + 5, 44), textAt({ x: targetX + 15, y: 53 }, 'target')];
  const boxes = brokers.flatMap((broker, index) => {
    const x = LABEL_WIDTH + index * 110;
    const box = `<rect x="${x}" y="44" width="10" height="10" fill="${COLOURS[broker]}"/>`;
    return [box, textAt({ x: x + 15, y: 53 }, broker)];
  });
  return [...boxes, ...target];
}

export interface Place {
  readonly x: number;
  readonly y: number;
  readonly anchor?: 'start' | 'end';
  readonly size?: number;
  readonly colour?: string;
}

export function textAt(
  { x, y, anchor = 'start', size = 11, colour }: Place,
  content: string,
): string {
  const escaped = content.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  const attributes = `x="${x.toFixed(1)}" y="${y}" text-anchor="${anchor}" font-size="${size}"`;
  const fill = colour === undefined ? '' : ` fill="${colour}"`;
  return `<text ${attributes}${fill}>${escaped}</text>`;
}
