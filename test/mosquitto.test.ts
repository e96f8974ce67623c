/** Hello world with `mosquitto_pub` and `mosquitto_sub`, as its README and a newcomer use them. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, suite, test } from 'node:test';
import type { TestContext } from 'node:test';
import {
  MOSQUITTO_MISSING,
  hasMosquitto,
  mosquittoPublish,
  mosquittoReceive,
  mosquittoSubscribe,
} from './support/mosquitto.ts';
import type { PeerOptions, ProtocolVersion } from './support/peer.ts';
import { skipWithout } from './support/peers.ts';
import { developmentOptions } from './support/play.ts';
import { REPOSITORY, startUp } from './support/up.ts';
import type { Up } from './support/up.ts';

const found = hasMosquitto();
let data: string;
let up: Up;

before(async () => {
  data = mkdtempSync(path.join(tmpdir(), 'mqttgrid-mosquitto-'));
  up = await startUp(path.join(REPOSITORY, 'examples/hello-world'), data);
});
after(async () => {
  await up.stop();
  rmSync(data, { recursive: true });
});

function options(clientId: string, version: ProtocolVersion): PeerOptions {
  return developmentOptions(up, 'hello-world', { clientId, version });
}

type Play = (version: ProtocolVersion) => Promise<void>;

function testWith(title: string, play: Play, version: ProtocolVersion): void {
  test(title, async (t: TestContext) => {
    if (found) await play(version);
    else skipWithout(t, MOSQUITTO_MISSING);
  });
}

/** What is published while the subscriber is away waits in its session. */
async function delivers(version: ProtocolVersion): Promise<void> {
  const subscribed = await mosquittoSubscribe(options('sub-client', version), 'samples/#');
  assert.match(subscribed.output, /Subscribed \(mid: 1\): 1/);
  const publisher = options('pub-client', version);
  const published = await mosquittoPublish(publisher, 'samples/topic', 'hello');
  assert.equal(published.code, 0, published.output);
  assert.match(published.output, /received PUBACK \(Mid: 1, RC:0\)/);
  const received = await mosquittoReceive(options('sub-client', version), 'samples/#');
  assert.equal(received.code, 0, received.output);
  assert.match(received.output, /received hello on samples\/topic/);
}

async function refusesToSubscribe(version: ProtocolVersion): Promise<void> {
  const { output } = await mosquittoSubscribe(options('sub-client', version), '#');
  assert.match(output, version === 5 ? /Subscribed \(mid: 1\): 135/ : /Subscribed \(mid: 1\): 128/);
  assert.match(output, /All subscription requests were denied/);
}

async function refusesToPublish(version: ProtocolVersion): Promise<void> {
  const publisher = options('pub-client', version);
  const { code, output } = await mosquittoPublish(publisher, 'other/topic', 'hello');
  assert.notEqual(code, 0, output);
  if (version === 4) {
    assert.match(output, /The connection was lost/);
    return;
  }
  assert.match(output, /received PUBACK \(Mid: 1, RC:135\)/);
  assert.match(output, /not permitted to publish to "other\/topic"/);
}

async function refusesWithoutCertificate(version: ProtocolVersion): Promise<void> {
  const { certificate, key, ...anonymous } = options('pub-client', version);
  assert.ok(certificate !== undefined && key !== undefined);
  const { code, output } = await mosquittoPublish(anonymous, 'samples/topic', 'hello');
  assert.equal(code, version === 5 ? 0x87 : 5, output);
}

for (const version of [4, 5] as const) {
  suite(version === 5 ? 'MQTT 5' : 'MQTT 3.1.1', () => {
    testWith('delivers', delivers, version);
    testWith('refuses to subscribe outside of the topic space', refusesToSubscribe, version);
    testWith('refuses to publish outside of the topic space', refusesToPublish, version);
    testWith('refuses to connect without a certificate', refusesWithoutCertificate, version);
  });
}
