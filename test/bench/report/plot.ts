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

const WIDTH = 900;
const LABEL_WIDTH = 190;
const VALUE_WIDTH = 190;
const BAR_HEIGHT = 13;
const GAP = 10;
const TOP = 64;

export function plotOf(rows: readonly Row[], caption: string): string {
  const lines: string[] = [];
  let y = TOP;
  for (const scenario of new Set(rows.map((row) => row.scenario))) {
    const bars = rows.filter((row) => row.scenario === scenario && valueOf(row) !== undefined);
    if (bars.length === 0) continue;
    lines.push(textAt({ x: LABEL_WIDTH - 8, y: y + BAR_HEIGHT - 2, anchor: 'end' }, scenario));
    // Each scenario has a scale of its own: what is compared is brokers.
    const longest = Math.max(...bars.map((row) => valueOf(row)!));
    for (const row of bars) {
      lines.push(...bar(row, y, longest));
      y += BAR_HEIGHT;
    }
    y += GAP;
  }
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y}" width="${WIDTH}"`,
    ' font-family="sans-serif" font-size="11" fill="#777777">',
    textAt({ x: 8, y: 18, size: 14 }, 'Cost of each unit: CPU time of the broker; of idle: memory'),
    textAt({ x: 8, y: 36 }, caption),
    ...legend(rows),
    ...lines,
    '</svg>',
    '',
  ].join('\n');
}

function valueOf(row: Row): number | undefined {
  return row.unit === 'connection' ? row.residentKibEach : row.cpuMicroseconds;
}

function bar(row: Row, y: number, longest: number): string[] {
  const value = valueOf(row)!;
  const width = Math.max(1, (value / longest) * (WIDTH - LABEL_WIDTH - VALUE_WIDTH));
  const unit = row.unit === 'connection' ? 'KiB' : 'µs';
  const ratio = row.ratio === undefined ? '' : `, ${row.ratio.toFixed(2)} × ${row.baseline}`;
  const rectangle =
    `<rect x="${LABEL_WIDTH}" y="${y}" width="${width.toFixed(1)}" height="${BAR_HEIGHT - 2}" ` +
    `fill="${COLOURS[row.broker]}"/>`;
  const place = { x: LABEL_WIDTH + width + 5, y: y + BAR_HEIGHT - 3 };
  return [rectangle, textAt(place, `${value.toFixed(2)} ${unit}${ratio}`)];
}

function legend(rows: readonly Row[]): string[] {
  return [...new Set(rows.map(({ broker }) => broker))].flatMap((broker, index) => {
    const x = LABEL_WIDTH + index * 110;
    const box = `<rect x="${x}" y="44" width="10" height="10" fill="${COLOURS[broker]}"/>`;
    return [box, textAt({ x: x + 15, y: 53 }, broker)];
  });
}

interface Place {
  readonly x: number;
  readonly y: number;
  readonly anchor?: 'start' | 'end';
  readonly size?: number;
}

function textAt({ x, y, anchor = 'start', size = 11 }: Place, content: string): string {
  const escaped = content.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  const attributes = `x="${x.toFixed(1)}" y="${y}" text-anchor="${anchor}" font-size="${size}"`;
  return `<text ${attributes}>${escaped}</text>`;
}
