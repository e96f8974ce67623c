/** What the README of examples/routing claims beside the outputs of its commands. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { ROUTING, runReceiver, serveRoutingExample } from './support/routing-example.ts';
import type { UpEvent } from './support/up.ts';
import { eventually } from './support/within.ts';

const README = path.join(ROUTING, 'README.md');
const UPDATE = process.env['UPDATE_GOLDEN'] === '1';
const EVENTUALLY_MS = 60_000;
const WEBHOOK_URL = 'http://127.0.0.1:8080/';
const WEBHOOK = 'EventSubscription/default/positions-to-webhook';

/** What the receiver prints of one run of client.ts. */
const POSITIONS = Array.from({ length: 19 }, (_, index) => {
  const latitude = Number((47.631 + index / 1000).toFixed(3));
  const position = { index: index + 1, latitude, longitude: -122.12 };
  return `MQTT.EventPublished vehicles/s4-vehicle1/GPS/position ${JSON.stringify(position)}`;
});

/** Of the file, as soon as there is one. */
async function firstEvent(file: string): Promise<Record<string, unknown>> {
  const line = await eventually(EVENTUALLY_MS, `an event in ${file}`, () => {
    try {
      return /^.*\n/.exec(readFileSync(file, 'utf8'))?.[0];
    } catch {
      return undefined;
    }
  });
  return JSON.parse(line) as Record<string, unknown>;
}

test('the events that the README shows are those in the files', async (t) => {
  const { data, runClient } = await serveRoutingExample(t);
  await runClient();
  const files = ['positions.ndjson', 'too-hot.ndjson'];
  const events = await Promise.all(
    files.map((file) => firstEvent(path.join(data, 'events', file))),
  );
  const text = readFileSync(README, 'utf8');
  const shown = [...text.matchAll(/```json\n([^`]*)```/g)].map(([, json = '']) => json);
  assert.equal(shown.length, events.length);
  for (const [index, event] of events.entries()) {
    assert.match(String(event['id']), /^[0-9a-f-]{16,}$/);
    assert.ok(Math.abs(Date.parse(String(event['time'])) - Date.now()) < EVENTUALLY_MS);
    const before = JSON.parse(shown[index]!) as Record<string, unknown>;
    // Each has its own, of which the README has an example.
    const { id = event['id'], time = event['time'] } = before;
    const same = { ...event, id, time };
    if (!UPDATE) assert.deepEqual(before, same);
    else if (!isDeepStrictEqual(before, same)) {
      const json = `${JSON.stringify(same, undefined, 2)}\n`;
      writeFileSync(README, readFileSync(README, 'utf8').replace(shown[index]!, json));
    }
  }
});

test('a webhook that is declared takes the positions, and what it missed when it is back', async (t) => {
  const { up, copy, runClient } = await serveRoutingExample(t);
  const receiver = await runReceiver(t);
  const url = `http://127.0.0.1:${receiver.port}/`;
  await copy('webhook', [WEBHOOK_URL, url]);
  await runClient();
  assert.deepEqual(await receiver.lines(19), POSITIONS);

  await receiver.stop();
  const told = (ready: boolean) => (event: UpEvent) =>
    event.event === 'condition' && event['object'] === WEBHOOK && event['ready'] === ready;
  const away = up.next(told(false));
  await runClient();
  const conditions = (await away)['conditions'] as readonly { reason: string; message: string }[];
  const fault = conditions.find(({ reason }) => reason === 'DestinationUnreachable');
  assert.match(fault?.message ?? '', /nobody listens there.* since \d{4}-\d\d-\d\dT/);
  const again = await runReceiver(t, receiver.port);
  assert.deepEqual(await again.lines(19), POSITIONS);
  await eventually(EVENTUALLY_MS, 'that it is back', () => up.events.findLast(told(true)));
});
