/** A broker in a process of its own, which says how it is when it is asked. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { pino } from 'pino';
import type { Broker, ServerCertificate } from '../../broker/broker.ts';
import { startBroker } from '../../broker/broker.ts';
import { systemClock } from '../../broker/clock.ts';
import type { Metrics } from '../../broker/metrics.ts';
import type { Snapshot } from '../../domain/snapshot.ts';

export interface BrokerSettings {
  readonly tls: ServerCertificate;
  readonly snapshot: Snapshot;
}

export interface BrokerState {
  readonly type: 'state';
  /** The highest so far. */
  readonly rssBytes: number;
  /** TCP connections, whatever became of them. */
  readonly sockets: number;
  readonly metrics: Metrics;
  readonly logBytes: number;
  readonly longestLogLine: string;
  /** The longest turn of the event loop. */
  readonly turnMs: number;
}

export type BrokerAnswer = { readonly type: 'listening'; readonly port: number } | BrokerState;
export type BrokerRequest = { readonly type: 'start'; readonly settings: BrokerSettings } | 'state';

const SAMPLE_MS = 50;

let logBytes = 0;
let longestLogLine = '';
let rssBytes = 0;
let broker: Broker | undefined;

const turns = monitorEventLoopDelay({ resolution: 5 });
turns.enable();

const logger = pino(
  { level: 'debug' },
  {
    write(line: string): void {
      logBytes += line.length;
      if (line.length > longestLogLine.length) longestLogLine = line;
    },
  },
);

function tell(answer: BrokerAnswer): void {
  process.send!(answer);
}

async function start({ tls, snapshot }: BrokerSettings): Promise<void> {
  broker = await startBroker({ host: '127.0.0.1', port: 0, tls, snapshot, logger });
  systemClock.every(SAMPLE_MS, () => {
    rssBytes = Math.max(rssBytes, process.memoryUsage.rss());
  });
  tell({ type: 'listening', port: broker.port });
}

process.on('message', (request: BrokerRequest) => {
  if (request !== 'state') {
    void start(request.settings);
    return;
  }
  const sockets = process.getActiveResourcesInfo().filter((kind) => kind === 'TCPSocketWrap');
  tell({
    type: 'state',
    rssBytes,
    sockets: sockets.length,
    metrics: broker!.metrics,
    logBytes,
    longestLogLine,
    turnMs: turns.max / 1e6,
  });
});
