import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startTestBroker, telemetrySketch } from '../test/support/broker.ts';
import type { SnapshotSketch } from '../test/support/snapshots.ts';
import { aClient } from '../test/support/snapshots.ts';

const NOT_AUTHORIZED = 0x87;

test('a revoked permission stops delivery at once, queued messages too', async (t) => {
  const { connect, broker, snapshot } = await startTestBroker(t);
  const publisher = await connect('publisher');
  const options = { protocolVersion: 4, clean: false } as const;
  const away = await connect('subscriber', options);
  await away.client.subscribeAsync('shared/#', { qos: 1 });
  await away.client.subscribeAsync('telemetry/+/temperature', { qos: 1 });
  await away.end();
  await publisher.client.publishAsync('shared/secret', 'queued', { qos: 1 });
  await publisher.client.publishAsync('telemetry/publisher/temperature', '1', { qos: 1 });
  const reading = { templates: ['telemetry/+/temperature'], subscribers: ['subscribers'] };
  broker.apply(
    snapshot({
      ...telemetrySketch,
      spaces: { ...telemetrySketch.spaces, reading: { ...reading, publishers: [] } },
    }),
  );
  const back = await connect('subscriber', options);
  await publisher.client.publishAsync('shared/secret', 'live', { qos: 1 });
  await publisher.client.publishAsync('telemetry/publisher/temperature', '2', { qos: 1 });
  assert.deepEqual(await back.until(2), [
    'telemetry/publisher/temperature 1',
    'telemetry/publisher/temperature 2',
  ]);
  broker.apply(snapshot(telemetrySketch));
  await publisher.client.publishAsync('shared/secret', 'again', { qos: 1 });
  assert.deepEqual((await back.until(3)).at(-1), 'shared/secret again');
});

test('a client that is disabled, deleted or no longer trusted is disconnected', async (t) => {
  const { connect, broker, snapshot } = await startTestBroker(t);
  const publisher = { protocolVersion: 5 } as const;
  const changes: Partial<SnapshotSketch>[] = [
    { clients: [aClient('publisher', { state: 'Disabled' })] },
    { clients: [aClient('subscriber')] },
    { caCertificates: [] },
  ];
  for (const change of changes) {
    broker.apply(snapshot(telemetrySketch));
    const connected = await connect('publisher', publisher);
    broker.apply(snapshot({ ...telemetrySketch, ...change }));
    await connected.closed;
    assert.equal(connected.disconnected?.reasonCode, NOT_AUTHORIZED);
  }
});

test('a client keeps its connection through changes that do not concern it', async (t) => {
  const { connect, broker, snapshot } = await startTestBroker(t);
  const subscriber = await connect('subscriber');
  await subscriber.client.subscribeAsync('shared/#', { qos: 1 });
  const publisher = await connect('publisher');
  broker.apply(
    snapshot({ ...telemetrySketch, clients: [...telemetrySketch.clients, aClient('new')] }),
  );
  await connect('new');
  await publisher.client.publishAsync('shared/x', 'x', { qos: 1 });
  assert.deepEqual(await subscriber.until(1), ['shared/x x']);
});
