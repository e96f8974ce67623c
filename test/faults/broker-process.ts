/** The real broker in a process of its own, to be killed. */
import { pino } from 'pino';
import type { Broker, ServerCertificate } from '../../broker/broker.ts';
import { startBroker } from '../../broker/broker.ts';
import type { DeliveryStanding } from '../../domain/delivery-standing.ts';
import type { Snapshot } from '../../domain/snapshot.ts';
import { openHastyStore } from './hasty-store.ts';

export interface BrokerSettings {
  /** 0: any that is free. */
  readonly port: number;
  readonly tls: ServerCertificate;
  readonly snapshot: Snapshot;
  readonly storePath: string;
  /** Acknowledges before it commits: what a test must find. */
  readonly hasty: boolean;
}

export type BrokerAnswer =
  | { readonly type: 'loaded' }
  | { readonly type: 'listening'; readonly port: number }
  | { readonly type: 'unstarted'; readonly cause: string }
  /** Told from when it listens on, whenever it changes. */
  | { readonly type: 'deliveries'; readonly deliveries: readonly DeliveryStanding[] };

function tell(answer: BrokerAnswer): void {
  process.send?.(answer);
}

let broker: Promise<Broker> | undefined;

function tellDeliveries(): void {
  void broker?.then(({ deliveries }) => tell({ type: 'deliveries', deliveries }));
}

process.once('message', ({ hasty, ...settings }: BrokerSettings) => {
  broker = startBroker({
    host: '127.0.0.1',
    logger: pino({ level: 'error' }, pino.destination({ dest: 2, sync: true })),
    ...settings,
    onDeliveries: tellDeliveries,
    ...(hasty && { openStore: openHastyStore }),
  });
  broker.then(
    ({ port }) => tell({ type: 'listening', port }),
    (error: Error) => tell({ type: 'unstarted', cause: error.message }),
  );
});
process.once('SIGTERM', () => {
  // As `mqttgrid up` does; nothing is to be kept from ending the process by itself.
  void broker?.then(async (running) => {
    await running.close();
    process.exit(0);
  });
});
tell({ type: 'loaded' });
