/** From PUBLISH to the destination: a real broker and its thread, real files, a real server. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import type { IClientPublishOptions } from 'mqtt';
import type { Destination } from '../../domain/resources.ts';
import type { SnapshotEventSubscription } from '../../domain/snapshot.ts';
import { startTestBroker, type TestBroker } from '../../test/support/broker.ts';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { startWebhookReceiver, type WebhookReceiver } from '../../test/support/webhook-receiver.ts';
import { eventually } from '../../test/support/within.ts';

const route = { eventTopic: 'events', outboxOverflow: 'DropOldest' } as const;
const json: IClientPublishOptions = {
  qos: 1,
  properties: { contentType: 'application/json; charset=utf-8' },
};

function subscription(
  name: string,
  destination: Destination,
  more: Partial<SnapshotEventSubscription> = {},
): SnapshotEventSubscription {
  const policy = { maxDeliveryAttempts: 30, eventTimeToLiveMs: 86_400_000 };
  return { name, filter: {}, destination, ...policy, ...more };
}

type Event = Readonly<Record<string, unknown>>;

function eventsIn(path: string): Event[] {
  const lines = readFileSync(path, 'utf8').split('\n').slice(0, -1);
  return lines.map((line) => JSON.parse(line) as Event);
}

const until = (what: string, holds: () => boolean) =>
  eventually(10_000, what, () => (holds() ? true : undefined));

const eventsOf = ({ requests }: WebhookReceiver): Event[] =>
  requests.map(({ body }) => JSON.parse(body) as Event);

/** A port on which nobody listens. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const deliveryOf = ({ broker }: TestBroker, name: string) =>
  broker.deliveries.find((standing) => standing.name === name)!;

suite('a published message', () => {
  test('becomes an event in a file, whether or not somebody subscribes', async (t) => {
    const folder = temporaryFolder(t);
    const path = join(folder, 'events.ndjson');
    const started = await startTestBroker(
      t,
      { route, eventSubscriptions: [subscription('to-file', { file: { path } })] },
      { storePath: join(folder, 'sessions.db') },
    );
    const client = await started.connect('publisher');
    await client.client.publishAsync('telemetry/publisher/temperature', '21', { qos: 1 });
    await client.client.publishAsync('telemetry/publisher/temperature', '22', { qos: 0 });
    await until('two events', () => deliveryOf(started, 'to-file').delivered === 2);
    const [first, second] = eventsIn(path);
    const { id, time, ...rest } = first!;
    assert.match(String(id), /^[0-9a-f-]{36}$/);
    assert.ok(Math.abs(Date.now() - Date.parse(String(time))) < 60_000);
    assert.deepEqual(rest, {
      specversion: '1.0',
      type: 'MQTT.EventPublished',
      source: 'test',
      subject: 'telemetry/publisher/temperature',
      mqtttopic: 'telemetry/publisher/temperature',
      data_base64: Buffer.from('21').toString('base64'),
    });
    assert.equal(second!['data_base64'], Buffer.from('22').toString('base64'));
    assert.notEqual(second!['id'], id);
  });

  test('is filtered by its data', async (t) => {
    const receiver = await startWebhookReceiver(t);
    const { url } = receiver;
    const hot = {
      filter: {
        subjectEndsWith: '/temperature',
        advancedFilters: [
          { operatorType: 'NumberGreaterThan', key: 'data.Temp', value: 100 } as const,
        ],
      },
    };
    const eventSubscriptions = [subscription('hot', { webhook: { url } }, hot)];
    const started = await startTestBroker(t, { route, eventSubscriptions });
    const client = await started.connect('publisher', { protocolVersion: 5 });
    for (const text of ['{"Temp":100}', '{"Temp":101}', 'Temp', '{"Temp":"102"}', '{"Temp":103}']) {
      await client.client.publishAsync('telemetry/publisher/temperature', text, json);
      await client.client.publishAsync('telemetry/publisher/humidity', text, json);
    }
    await until('three events', () => deliveryOf(started, 'hot').delivered === 3);
    assert.deepEqual(
      eventsOf(receiver).map(({ data }) => data),
      [{ Temp: 101 }, { Temp: '102' }, { Temp: 103 }],
    );
    assert.equal(deliveryOf(started, 'hot').matched, 3);
  });

  test('waits for its destination, also while the broker is away', async (t) => {
    const folder = temporaryFolder(t);
    const port = await freePort();
    const path = join(folder, 'events.ndjson');
    const sketch = {
      route,
      eventSubscriptions: [
        subscription('to-file', { file: { path } }),
        subscription('to-nobody', { webhook: { url: `http://127.0.0.1:${port}/` } }),
      ],
    };
    const more = { storePath: join(folder, 'sessions.db') };
    const before = await startTestBroker(t, sketch, more);
    const client = await before.connect('publisher');
    for (let index = 0; index < 50; index++) {
      await client.client.publishAsync(`telemetry/publisher/${index % 3}`, `${index}`, { qos: 1 });
    }
    await until('the file', () => deliveryOf(before, 'to-file').delivered === 50);
    const standing = deliveryOf(before, 'to-nobody');
    assert.equal(standing.fault?.reason, 'DestinationUnreachable');
    assert.equal(standing.pending, 50);
    await client.end();
    await before.broker.close();

    const after = await startTestBroker(t, sketch, more);
    const receiver = await startWebhookReceiver(t, { port });
    await until('the webhook', () => deliveryOf(after, 'to-nobody').delivered === 50);
    const events = eventsOf(receiver);
    for (const topic of [0, 1, 2]) {
      const wanted = Array.from({ length: 50 }, (_, index) => index);
      const numbers = events
        .filter(({ subject }) => subject === `telemetry/publisher/${topic}`)
        .map((event) => Number(Buffer.from(String(event['data_base64']), 'base64').toString()));
      assert.deepEqual(
        numbers,
        wanted.filter((index) => index % 3 === topic),
      );
    }
    assert.equal(deliveryOf(after, 'to-file').delivered, 50);
    assert.equal(deliveryOf(after, 'to-nobody').fault, undefined);
  });
});
