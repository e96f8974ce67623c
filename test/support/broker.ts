/** A real broker on loopback for a test, and clients that others wrote connected to it. */
import type { TestContext } from 'node:test';
import type { ConnectionOptions } from 'node:tls';
import type { IClientOptions, IDisconnectPacket, IPublishPacket, MqttClient } from 'mqtt';
import mqtt from 'mqtt';
import { pino } from 'pino';
import type { Broker, BrokerOptions } from '../../broker/broker.ts';
import { startBroker } from '../../broker/broker.ts';
import type { Snapshot } from '../../domain/snapshot.ts';
import { testAuthority } from './certificates.ts';
import { RawClient } from './raw-client.ts';
import type { SnapshotSketch } from './snapshots.ts';
import { aClient, aSnapshot } from './snapshots.ts';

/** A fleet that reports, and who may read it: enough for most questions. */
export const telemetrySketch: SnapshotSketch = {
  clients: [aClient('publisher'), aClient('subscriber'), aClient('off', { state: 'Disabled' })],
  groups: { publishers: "name = 'publisher'", subscribers: "name = 'subscriber'" },
  spaces: {
    telemetry: {
      templates: ['telemetry/${client.name}/#', 'shared/#'],
      publishers: ['publishers'],
      subscribers: [],
    },
    reading: {
      templates: ['telemetry/+/temperature', 'shared/#'],
      publishers: [],
      subscribers: ['subscribers'],
    },
  },
};

export interface LogLine {
  readonly msg: string;
  readonly client?: string;
  readonly operation?: string;
  readonly reasonCode?: string;
  readonly cause?: string;
}

export interface TestBroker {
  readonly broker: Broker;
  readonly logs: readonly LogLine[];
  /** The snapshot of a sketch, with the test's certificate authority registered. */
  readonly snapshot: (sketch: SnapshotSketch) => Snapshot;
  readonly connect: (client: string, options?: ConnectOptions) => Promise<TestClient>;
  /** A TLS connection with the client's certificate and no packet sent. */
  readonly raw: (client: string, version: 4 | 5, options?: ConnectionOptions) => Promise<RawClient>;
  /** The reason code (MQTT 5) or return code that CONNECT is refused with. */
  readonly refusal: (client: string, options?: ConnectOptions) => Promise<number | 'closed'>;
}

/** `undefined` for `cert` and `key`: none is presented. */
export type ConnectOptions = IClientOptions & {
  readonly tls?: { readonly cert?: string | undefined; readonly key?: string | undefined };
};

/** What one client saw, in order. */
export class TestClient {
  readonly client: MqttClient;
  readonly messages: IPublishPacket[] = [];
  disconnected: IDisconnectPacket | undefined;
  readonly closed: Promise<void>;

  constructor(client: MqttClient) {
    this.client = client;
    client.on('message', (_topic, _payload, packet) => this.messages.push(packet));
    client.on('disconnect', (packet) => (this.disconnected = packet));
    client.on('error', () => undefined);
    this.closed = new Promise((resolve) => client.on('close', () => resolve()));
  }

  /** `topic payload` of each message so far. */
  get received(): string[] {
    return this.messages.map(({ topic, payload }) => `${topic} ${payload.toString()}`);
  }

  /** Resolves once so many messages have come; the test's own time-out bounds it. */
  async until(count: number): Promise<string[]> {
    while (this.messages.length < count) {
      await new Promise((resolve) => this.client.once('message', resolve));
    }
    return this.received;
  }

  end(): Promise<void> {
    return this.client.endAsync();
  }
}

export async function startTestBroker(
  t: TestContext,
  changes: Partial<SnapshotSketch> = {},
  more: Pick<
    BrokerOptions,
    'storePath' | 'openStore' | 'clock' | 'startEventsThread' | 'onDeliveries'
  > = {},
): Promise<TestBroker> {
  const sketch = { ...telemetrySketch, ...changes };
  const authority = await testAuthority();
  const logs: LogLine[] = [];
  const logger = pino({ level: 'debug' }, { write: (line) => void logs.push(parseLine(line)) });
  const snapshot = (next: SnapshotSketch): Snapshot =>
    aSnapshot({ ...next, caCertificates: next.caCertificates ?? [authority.root.certificatePem] });
  const { chainPem, privateKeyPem } = authority.server;
  const broker = await startBroker({
    host: '127.0.0.1',
    port: 0,
    tls: { certificatePem: chainPem, privateKeyPem },
    snapshot: snapshot(sketch),
    logger,
    ...more,
  });
  const clients: MqttClient[] = [];
  const raws: RawClient[] = [];
  t.after(async () => {
    for (const client of clients) client.end(true);
    for (const client of raws) client.destroy();
    await broker.close();
  });
  const open = async (client: string, options: ConnectOptions): Promise<MqttClient> => {
    const { tls, ...rest } = options;
    const certificates = await authority.clientOptions(client);
    const opened = mqtt.connect({
      protocol: 'mqtts',
      host: '127.0.0.1',
      port: broker.port,
      clientId: client,
      reconnectPeriod: 0,
      ...certificates,
      ...tls,
      ...rest,
    } as IClientOptions);
    clients.push(opened);
    return opened;
  };
  return {
    broker,
    logs,
    snapshot,
    async connect(client, options = {}) {
      const opened = await open(client, options);
      const connected = new TestClient(opened);
      await new Promise((resolve, reject) => {
        opened.once('connect', resolve);
        opened.once('error', reject);
      });
      return connected;
    },
    async raw(client, version, options = {}) {
      const certificates = await authority.clientOptions(client);
      const opened = await RawClient.open(
        { port: broker.port, ...certificates, ...options },
        version,
      );
      raws.push(opened);
      return opened;
    },
    async refusal(client, options = {}) {
      return refusalOf(await open(client, options));
    },
  };
}

function parseLine(line: string): LogLine {
  return JSON.parse(line) as LogLine;
}

function refusalOf(client: MqttClient): Promise<number | 'closed'> {
  return new Promise((resolve, reject) => {
    client.on('connect', () => reject(new Error('CONNECT was accepted')));
    client.on('error', (error) => {
      if ('code' in error && typeof error.code === 'number') resolve(error.code);
    });
    client.on('close', () => resolve('closed'));
  });
}
