/** A folder that is edited while clients are connected: what is revoked stops at once. */
import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { mqttjs } from './support/mqttjs-peer.ts';
import { PeerClient } from './support/peer.ts';
import { developmentOptions } from './support/play.ts';
import { REPOSITORY, startUp } from './support/up.ts';
import type { Up } from './support/up.ts';

/** Four times the 250 ms that are promised: two cores run the rest of the tests meanwhile. */
const IN_FORCE_MS = 1000;
const TOPIC = 'vehicles/s2-vehicle1/GPS/position';

let folder: string;
let manifests: string;
let up: Up;

before(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'mqttgrid-live-'));
  manifests = path.join(folder, 'fan-in');
  cpSync(path.join(REPOSITORY, 'examples/fan-in'), manifests, { recursive: true });
  up = await startUp(manifests, path.join(folder, 'data'));
});
after(async () => {
  await up.stop();
  rmSync(folder, { recursive: true });
});

async function connect(clientId: string): Promise<PeerClient> {
  const options = developmentOptions(up, 'fan-in', { clientId, version: 5 });
  const client = new PeerClient(mqttjs, options);
  assert.equal(await client.connected(), 0);
  return client;
}

/** Changes the file, and waits until `up` says that it is in force. */
async function edit(file: string, change: (text: string) => string, object: string): Promise<void> {
  const place = path.join(manifests, file);
  const text = readFileSync(place, 'utf8');
  const changed = change(text);
  assert.notEqual(changed, text, `the edit of ${file} changes something`);
  const startedMs = performance.now();
  const told = up.next((event) => event.event === 'change' && event['object'] === object);
  writeFileSync(place, changed);
  await told;
  const tookMs = performance.now() - startedMs;
  assert.ok(tookMs < IN_FORCE_MS, `in force after ${tookMs.toFixed()} ms`);
}

/** The documents of a file without the one that names this object. */
function without(name: string): (text: string) => string {
  return (text) =>
    text
      .split('---\n')
      .filter((document) => !document.includes(`name: ${name}\n`))
      .join('---\n');
}

test('a revoked subscription is suspended, and resumes when it is granted again', async () => {
  const [map, vehicle] = [await connect('s2-map-client'), await connect('s2-vehicle1')];
  assert.equal((await map.subscribe('vehicles/+/GPS/#')).code, 1);
  await vehicle.deliver(TOPIC, 'before');
  await map.messagesUntil(`${TOPIC} before`);

  const bindings = readFileSync(path.join(manifests, 'permission-bindings.yaml'), 'utf8');
  const object = 'PermissionBinding/default/map-subscriber';
  await edit('permission-bindings.yaml', without('map-subscriber'), object);
  await vehicle.deliver(TOPIC, 'revoked');
  assert.equal((await map.subscribe('vehicles/s2-vehicle1/GPS/#')).code, 0x87);

  await edit('permission-bindings.yaml', () => bindings, object);
  await vehicle.deliver(TOPIC, 'granted again');
  const messages = await map.messagesUntil(`${TOPIC} granted again`);
  assert.deepEqual(messages, [`${TOPIC} granted again`], 'what was published meanwhile is gone');
  await Promise.all([map.end(), vehicle.end()]);
});

test('a client that is disabled is told so and disconnected; the others stay', async () => {
  const [vehicle, other] = [await connect('s2-vehicle1'), await connect('s2-vehicle2')];
  const clients = readFileSync(path.join(manifests, 'clients.yaml'), 'utf8');
  const disable = (text: string): string =>
    text.replace(/(name: s2-vehicle1\nspec:\n)/, '$1  state: Disabled\n');
  await edit('clients.yaml', disable, 'Client/default/s2-vehicle1');
  const { code, reason } = await vehicle.next('disconnect');
  assert.equal(code, 0x87);
  assert.match(reason ?? '', /disabled/i);
  await vehicle.next('close');
  await other.deliver('vehicles/s2-vehicle2/GPS/position', 'still here');
  await edit('clients.yaml', () => clients, 'Client/default/s2-vehicle1');
  const again = await connect('s2-vehicle1');
  await Promise.all([again.end(), other.end()]);
});

test('a file that does not parse keeps what it declared', async () => {
  const vehicle = await connect('s2-vehicle1');
  const place = path.join(manifests, 'permission-bindings.yaml');
  const bindings = readFileSync(place, 'utf8');
  const told = up.next((event) => event.event === 'violation');
  writeFileSync(place, `${bindings}---\nspec: [\n`);
  const violation = await told;
  assert.equal(violation['file'], place);
  assert.equal(violation['reason'], 'InvalidShape');
  await vehicle.deliver(TOPIC, 'still allowed');
  writeFileSync(place, bindings);
  await up.next((event) => event.event === 'resolved');
  await vehicle.end();
});

test('an immutable field that is changed stays as it was, with a violation', async () => {
  const vehicle = await connect('s2-vehicle1');
  const place = path.join(manifests, 'topic-spaces.yaml');
  const spaces = readFileSync(place, 'utf8');
  const told = up.next((event) => event['reason'] === 'Immutable');
  writeFileSync(
    place,
    spaces.replace('subscriptionSupport: LowFanout', 'subscriptionSupport: HighFanout'),
  );
  const violation = await told;
  assert.equal(violation['object'], 'TopicSpace/default/subscribe');
  assert.equal(violation['field'], 'spec.subscriptionSupport');
  await vehicle.deliver(TOPIC, 'still allowed');
  writeFileSync(place, spaces);
  await up.next((event) => event.event === 'resolved');
  await vehicle.end();
});
