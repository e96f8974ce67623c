/** What whoever started it is told of destinations, with a real broker, files and web services. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import mqtt from 'mqtt';
import { pino } from 'pino';
import { temporaryFolder } from '../test/support/temporary-folder.ts';
import { REPOSITORY } from '../test/support/up.ts';
import { eventually } from '../test/support/within.ts';
import { systemClock } from './clock.ts';
import type { StandaloneEvent } from './standalone-events.ts';
import { startStandalone } from './standalone.ts';
import type { Standalone } from './standalone.ts';

/** Generous: the machine that runs the tests may be busy, and retries wait. */
const EVENTUALLY_MS = 60_000;
const KEY = 'EventSubscription/default/positions';
const TOPIC = 'vehicles/s4-vehicle1/GPS/position';

interface Bench {
  readonly data: string;
  readonly events: StandaloneEvent[];
  readonly standalone: Standalone;
  readonly publish: (...payloads: readonly string[]) => Promise<void>;
  /** How the EventSubscription `positions` stands: `Ready`, or why not. */
  readonly stands: (reason: string) => Promise<string>;
}

/** The example, with another destination of `positions`. */
async function serve(t: TestContext, destination?: string): Promise<Bench> {
  const folder = temporaryFolder(t);
  const [manifests, data] = [join(folder, 'manifests'), join(folder, 'data')];
  cpSync(join(REPOSITORY, 'examples/routing'), manifests, { recursive: true });
  if (destination !== undefined) {
    const file = join(manifests, 'event-subscriptions.yaml');
    const text = readFileSync(file, 'utf8');
    writeFileSync(file, text.replace(/ {4}file:\n.*positions\.ndjson\n.*\n/, destination));
  }
  const events: StandaloneEvent[] = [];
  const started = await startStandalone({
    ...{ folder: manifests, data, host: '127.0.0.1', port: 0, developmentCertificates: true },
    ...{ clock: systemClock, logger: pino({ level: 'silent' }) },
    onEvent: (event) => events.push(event),
  });
  assert.ok(started.ok);
  const standalone = started.value;
  t.after(() => standalone.close());
  return {
    data,
    events,
    standalone,
    publish: (...payloads) => publish(standalone, payloads),
    stands: async (reason) => {
      const find = (): string | undefined => {
        const ready = readyOf(standalone);
        return ready?.reason === reason ? ready.message : undefined;
      };
      return await eventually(EVENTUALLY_MS, `${KEY} is ${reason}`, find);
    },
  };
}

function readyOf({ round }: Standalone) {
  return round.statuses.get(KEY)?.conditions.find(({ type }) => type === 'Ready');
}

async function publish({ served, serverCaFile }: Standalone, payloads: readonly string[]) {
  const [{ port, clientFiles }] = served as [Standalone['served'][number]];
  const files = clientFiles.get('s4-vehicle1')!;
  const client = await mqtt.connectAsync(`mqtts://127.0.0.1:${port}`, {
    clientId: 's4-vehicle1',
    ca: readFileSync(serverCaFile!),
    cert: readFileSync(files.certificateFile),
    key: readFileSync(files.privateKeyFile),
    reconnectPeriod: 0,
  });
  for (const payload of payloads) await client.publishAsync(TOPIC, payload, { qos: 1 });
  await client.endAsync();
}

interface Receiver {
  readonly port: number;
  readonly requests: IncomingMessage[];
  readonly payloads: string[];
  readonly server: Server;
}

async function receive(t: TestContext, port = 0): Promise<Receiver> {
  const [requests, payloads]: [IncomingMessage[], string[]] = [[], []];
  const server = createServer((request, response) => {
    requests.push(request);
    void json(request).then((event) => {
      payloads.push(atob((event as { data_base64: string }).data_base64));
      response.writeHead(204).end();
    });
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return { port: (server.address() as AddressInfo).port, requests, payloads, server };
}

test('a file whose path is relative is in the folder of what is kept', async (t) => {
  const { data, publish, standalone } = await serve(t);
  assert.equal(readyOf(standalone)?.reason, 'Ready');
  await publish('one', 'two');
  const lines = await eventually(EVENTUALLY_MS, 'two events', () => {
    const file = join(data, 'events/positions.ndjson');
    const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
    return text.split('\n').length === 3 ? text.trim().split('\n') : undefined;
  });
  const events = lines.map((line) => JSON.parse(line) as { subject: string; data_base64: string });
  assert.deepEqual(
    events.map(({ subject, data_base64: bytes }) => `${subject} ${atob(bytes)}`),
    [`${TOPIC} one`, `${TOPIC} two`],
  );
});

test('a destination that is away is told once, with its cause, and once that it is back', async (t) => {
  const { port, server } = await receive(t);
  server.close();
  const webhook = `    webhook:\n      url: http://127.0.0.1:${port}/events\n`;
  const { publish, stands, events } = await serve(t, webhook);
  const from = events.length;
  await publish('one', 'two', 'three');
  const message = await stands('DestinationUnreachable');
  assert.match(message, new RegExp(`127\\.0\\.0\\.1:${port}`));
  assert.match(message, /nobody listens there/);
  assert.match(message, /since \d{4}-\d\d-\d\dT/);
  const receiver = await receive(t, port);
  await stands('Ready');
  const delivered = (): true | undefined => (receiver.payloads.length >= 3 ? true : undefined);
  await eventually(EVENTUALLY_MS, 'the events', delivered);
  assert.deepEqual(receiver.payloads, ['one', 'two', 'three']);
  const told = events.slice(from).map((event) => event.event);
  assert.deepEqual(told, ['condition', 'delivery', 'condition', 'delivery']);
});

test('a Secret that is missing is told with the file to write, and used when it is there', async (t) => {
  const receiver = await receive(t);
  const url = `http://127.0.0.1:${receiver.port}/events`;
  const webhook = `    webhook:\n      url: ${url}\n      authSecretName: hook\n`;
  const { data, publish, stands, events, standalone } = await serve(t, webhook);
  const token = join(data, 'secrets/hook/token');
  assert.ok((await stands('RefNotFound')).includes(`write ${token}`));
  const [located] = standalone.round.violations;
  assert.equal(located?.object, KEY);
  assert.match(located.file, /event-subscriptions\.yaml$/);
  assert.ok(events.some((event) => event.event === 'violation'));
  await publish('waits');
  mkdirSync(join(data, 'secrets/hook'), { recursive: true });
  writeFileSync(token, 'a-token\n');
  await stands('Ready');
  assert.ok(events.some((event) => event.event === 'resolved'));
  const arrived = (): true | undefined => (receiver.payloads.length > 0 ? true : undefined);
  await eventually(EVENTUALLY_MS, 'the event', arrived);
  assert.equal(receiver.requests[0]?.headers.authorization, 'Bearer a-token');
  rmSync(token);
});
