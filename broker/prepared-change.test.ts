import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startTestBroker, telemetrySketch } from '../test/support/broker.ts';
import { aClient } from '../test/support/snapshots.ts';

/** What subscribers may read in each of two declarations. */
function reading(...templates: string[]): typeof telemetrySketch {
  const space = { templates, publishers: [], subscribers: ['subscribers'] };
  return { ...telemetrySketch, spaces: { ...telemetrySketch.spaces, reading: space } };
}

const SHARED = reading('telemetry/+/temperature', 'shared/#');
const UNSHARED = reading('telemetry/+/temperature');

test('nothing of a change that is prepared is in force before it is applied', async (t) => {
  const { connect, broker, snapshot } = await startTestBroker(t, SHARED);
  const subscriber = await connect('subscriber', { protocolVersion: 5 });
  await subscriber.client.subscribeAsync('shared/#', { qos: 1 });
  const publisher = await connect('publisher');
  const without = snapshot({ ...UNSHARED, clients: [aClient('subscriber'), aClient('publisher')] });
  await broker.prepare(without);
  await publisher.client.publishAsync('shared/x', 'prepared', { qos: 1 });
  assert.deepEqual(await subscriber.until(1), ['shared/x prepared']);
  broker.apply(without);
  await publisher.client.publishAsync('shared/x', 'refused', { qos: 1 });
  await publisher.client.publishAsync('telemetry/publisher/temperature', '1', { qos: 1 });
  const shared = snapshot(SHARED);
  await broker.prepare(shared);
  broker.apply(shared);
  await publisher.client.publishAsync('shared/x', 'again', { qos: 1 });
  assert.deepEqual(await subscriber.until(2), ['shared/x prepared', 'shared/x again']);
});

test('who comes, goes and subscribes between is judged when the change is applied', async (t) => {
  const { connect, broker, snapshot } = await startTestBroker(t, SHARED);
  const subscriber = await connect('subscriber', { protocolVersion: 5 });
  await subscriber.client.subscribeAsync(['shared/a', 'shared/kept', 'telemetry/+/temperature'], {
    qos: 1,
  });
  const without = snapshot({ ...UNSHARED, clients: [aClient('publisher'), aClient('subscriber')] });
  await broker.prepare(without);
  await subscriber.client.unsubscribeAsync('shared/a');
  await subscriber.client.subscribeAsync(['shared/new', 'shared/kept'], { qos: 1 });
  const publisher = await connect('publisher', { protocolVersion: 5 });
  broker.apply(without);
  for (const topic of [
    'shared/a',
    'shared/new',
    'shared/kept',
    'telemetry/publisher/temperature',
  ]) {
    await publisher.client.publishAsync(topic, 'x', { qos: 1 });
  }
  assert.deepEqual(await subscriber.until(1), ['telemetry/publisher/temperature x']);
  const disabled = snapshot({
    ...UNSHARED,
    clients: [aClient('publisher', { state: 'Disabled' })],
  });
  await broker.prepare(disabled);
  broker.apply(disabled);
  await publisher.closed;
  await subscriber.closed;
});

test('a change prepared for what is no longer in force is judged anew', async (t) => {
  const { connect, broker, snapshot } = await startTestBroker(t, SHARED);
  const subscriber = await connect('subscriber', { protocolVersion: 5 });
  const publisher = await connect('publisher');
  await subscriber.client.subscribeAsync('shared/#', { qos: 1 });
  const shared = snapshot({ ...SHARED, clients: [...SHARED.clients, aClient('more')] });
  await broker.prepare(shared);
  broker.apply(snapshot(UNSHARED));
  broker.apply(shared);
  await publisher.client.publishAsync('shared/x', 'x', { qos: 1 });
  assert.deepEqual(await subscriber.until(1), ['shared/x x']);
});

test('packets have their turn while a change is prepared', async (t) => {
  const { broker, snapshot } = await startTestBroker(t, SHARED);
  let turns = 0;
  setImmediate(() => turns++);
  await broker.prepare(snapshot(UNSHARED));
  assert.equal(turns, 1);
});
