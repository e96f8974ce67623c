/** What MQTT demands while answers wait for a commit, which takes longer than a client's chunk. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import type { TestBroker } from '../support/broker.ts';
import { startTestBroker } from '../support/broker.ts';
import { testAuthority } from '../support/certificates.ts';
import { encodeWire } from './wire.ts';
import { WireClient } from './wire-client.ts';

const CONNECT = encodeWire('10 .. "MQTT" 05 00 003c (11 00000e10) "subscriber"');
const RECEIVE_MAXIMUM = 100;

async function start(t: TestContext): Promise<TestBroker> {
  const folder = mkdtempSync(join(tmpdir(), 'mqttgrid-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return startTestBroker(t, {}, { storePath: join(folder, 'sessions.db') });
}

async function open(t: TestContext, { broker }: TestBroker, name: string): Promise<WireClient> {
  const authority = await testAuthority();
  const options = await authority.clientOptions(name);
  const client = await WireClient.open({ port: broker.port, ...options });
  t.after(() => client.destroy());
  return client;
}

test('[MQTT-3.2.0-1] nothing leaves before a CONNACK that waits', async (t) => {
  const client = await open(t, await start(t), 'subscriber');
  client.send(Buffer.concat([CONNECT, encodeWire('c0 00 82 07 0001 00 "a" 00 c0 00')]));
  const types: (number | undefined)[] = [];
  for (let index = 0; index < 4; index++) types.push((await client.next())?.[0]);
  assert.equal(types[0], 0x20);
  assert.deepEqual(types.slice(1).sort(), [0x90, 0xd0, 0xd0]);
});

test('[MQTT-3.14.0-1] no DISCONNECT is sent to whom CONNACK was not', async (t) => {
  const client = await open(t, await start(t), 'subscriber');
  client.send(Buffer.concat([CONNECT, encodeWire('c1 00')]));
  assert.equal(await client.next(), undefined);
});

test('[MQTT-3.3.4-7] more than the Receive Maximum without PUBACK is refused with 0x93', async (t) => {
  const server = await start(t);
  const subscriber = await open(t, server, 'subscriber');
  subscriber.send(Buffer.concat([CONNECT, encodeWire('82 .. 0001 () "shared/x" 01')]));
  assert.equal((await subscriber.next())?.[0], 0x20);
  assert.equal((await subscriber.next())?.[0], 0x90);
  const publisher = await open(t, server, 'publisher');
  const connect = encodeWire('10 .. "MQTT" 05 02 003c () "publisher"');
  const publish = encodeWire(`32 .. "shared/x" 0001 () 'x'`);
  publisher.send(connect);
  assert.equal((await publisher.next())?.[0], 0x20);
  publisher.send(Buffer.concat(new Array<Buffer>(RECEIVE_MAXIMUM + 1).fill(publish)));
  const packet = await publisher.next();
  assert.deepEqual([packet?.[0], packet?.[2]], [0xe0, 0x93]);
  assert.equal(await publisher.next(), undefined);
});

test('[MQTT-3.3.4-7] as many as the Receive Maximum are taken', async (t) => {
  const server = await start(t);
  const publisher = await open(t, server, 'publisher');
  publisher.send(encodeWire('10 .. "MQTT" 05 02 003c () "publisher"'));
  const publish = encodeWire(`32 .. "shared/x" 0001 () 'x'`);
  publisher.send(Buffer.concat(new Array<Buffer>(RECEIVE_MAXIMUM).fill(publish)));
  assert.equal((await publisher.next())?.[0], 0x20);
  for (let index = 0; index < RECEIVE_MAXIMUM; index++) {
    assert.equal((await publisher.next())?.[0], 0x40);
  }
});
