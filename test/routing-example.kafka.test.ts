/** The example's EventSubscription to Kafka, with a real one: HACKING, "Set up", says which. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTopic, deleteTopic, readTopic } from './support/kafka-client.ts';
import { serveRoutingExample } from './support/routing-example.ts';
import { eventually } from './support/within.ts';

/** Of one run of client.ts: 19 positions and four temperatures. */
const EVENTS = 23;
const EVENTUALLY_MS = 60_000;

test('everything goes to the topic, what one vehicle reports in its order', async (t) => {
  const broker = process.env['MQTTGRID_KAFKA'];
  assert.ok(broker !== undefined, 'MQTTGRID_KAFKA=HOST:PORT names a Kafka broker');
  const topic = await createTopic(broker);
  t.after(() => deleteTopic(broker, topic));
  const { copy, runClient } = await serveRoutingExample(t);
  const [stated, own] = [
    '        - 127.0.0.1:9092\n      topic: telemetry',
    `        - ${broker}\n      topic: ${topic}`,
  ];
  await copy('kafka', [stated, own]);
  await runClient();
  const records = await eventually(EVENTUALLY_MS, `${EVENTS} records`, async () => {
    const read = await readTopic(broker, topic);
    return read.length >= EVENTS ? read : undefined;
  });
  assert.equal(records.length, EVENTS);
  const positions = records.filter(({ key }) => key === 'vehicles/s4-vehicle1/GPS/position');
  const indexes = positions.map(({ value }) => {
    const { data_base64: bytes } = JSON.parse(value) as { data_base64: string };
    return (JSON.parse(atob(bytes)) as { index: number }).index;
  });
  assert.deepEqual(
    indexes,
    Array.from({ length: 19 }, (_, index) => index + 1),
  );
  assert.equal(new Set(positions.map(({ partition }) => partition)).size, 1);
});
