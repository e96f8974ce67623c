/**
 * Disks that do not take what is written. The operating system itself refuses the broker's writes:
 * beyond a size (what a full disk does), all of them (what a disk does that became read-only), and
 * on a file system that is really full, where the test may mount one.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { IPublishPacket } from 'mqtt-packet';
import { RawClient } from '../support/raw-client.ts';
import { eventually } from '../support/within.ts';
import type { FaultWorld } from './fault-world.ts';
import { aFaultWorld } from './fault-world.ts';

const CLIENTS = ['away', 'here', 'publisher', 'other'] as const;
/** Longer than the store waits before it tries again. */
const BLOCKED_MS = 1200;
const RECOVERY_MS = 5000;
const TERMINATION_MS_MAX = 10000;

interface Disk {
  readonly block: (world: FaultWorld) => void;
  readonly unblock: (world: FaultWorld) => void;
}

/** util-linux can change the limits of a process that runs; macOS cannot. */
function limitFileSize({ broker }: FaultWorld, bytes: number | 'unlimited'): void {
  execFileSync('prlimit', ['--pid', String(broker.pid), `--fsize=${bytes}:`]);
}

const full: Disk = {
  block: (world) => limitFileSize(world, statSync(`${world.storePath}-wal`).size),
  unblock: (world) => limitFileSize(world, 'unlimited'),
};
const readOnly: Disk = {
  block: (world) => limitFileSize(world, 1),
  unblock: (world) => limitFileSize(world, 'unlimited'),
};

function canLimit(t: TestContext): boolean {
  try {
    execFileSync('prlimit', ['--version']);
    return true;
  } catch {
    t.skip('NOT TESTED: there is no prlimit, so no disk that refuses writes can be had');
    return false;
  }
}

async function start(t: TestContext, folder?: string): Promise<FaultWorld> {
  const world = await aFaultWorld(CLIENTS, folder === undefined ? {} : { folder });
  t.after(() => world.dispose());
  await world.broker.start();
  return world;
}

async function connect(
  { broker, credentials }: FaultWorld,
  name: string,
  { clean, version = 4 }: { readonly clean: boolean; readonly version?: 4 | 5 },
): Promise<RawClient> {
  const client = await RawClient.open({ port: broker.port, ...credentials(name) }, version);
  client.connect(name, { clean, ...(!clean && { properties: { sessionExpiryInterval: 1 } }) });
  assert.equal((await client.next())?.cmd, 'connack');
  return client;
}

async function subscribe(client: RawClient, filter: string): Promise<void> {
  client.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: filter, qos: 1 }] });
  assert.equal((await client.next())?.cmd, 'suback');
}

function publish(client: RawClient, topic: string, number: number, qos: 0 | 1 = 1): void {
  const identifiers = { messageId: number, dup: false, retain: false };
  client.send({ cmd: 'publish', topic, payload: String(number), qos, ...identifiers });
}

async function acknowledged(client: RawClient): Promise<number> {
  const packet = await client.next();
  assert.equal(packet?.cmd, 'puback');
  return packet.messageId!;
}

/** What the session that was away all the time gets, up to what is published now. */
async function receiveAway(world: FaultWorld, last: number): Promise<number[]> {
  const away = await connect(world, 'away', { clean: false });
  const publisher = await connect(world, 'other', { clean: true });
  publish(publisher, 't/last', last);
  const received: number[] = [];
  while (received.at(-1) !== last) {
    const packet = (await away.next()) as IPublishPacket;
    received.push(Number(packet.payload));
    away.send({ cmd: 'puback', messageId: packet.messageId! });
  }
  return received;
}

async function fillsAndRecovers(world: FaultWorld, disk: Disk): Promise<void> {
  const away = await connect(world, 'away', { clean: false });
  await subscribe(away, 't/#');
  away.send({ cmd: 'disconnect' });
  const here = await connect(world, 'here', { clean: true });
  await subscribe(here, 'u/#');
  const publisher = await connect(world, 'publisher', { clean: true });
  const other = await connect(world, 'other', { clean: true });
  for (let number = 1; number <= 20; number++) {
    publish(publisher, 't/x', number);
    assert.equal(await acknowledged(publisher), number);
  }
  disk.block(world);
  publish(publisher, 't/x', 21);
  await delay(BLOCKED_MS);
  assert.deepEqual(publisher.packets, [], 'nothing is acknowledged that is not stored');
  publish(other, 'u/x', 1);
  assert.equal(await acknowledged(other), 1);
  publish(other, 'u/x', 2, 0);
  for (const expected of [1, 2]) {
    const packet = await here.next();
    assert.equal(packet?.cmd === 'publish' && Number(packet.payload), expected);
  }
  assert.match(world.broker.log, /session store .* cannot be written .*disk|i\/o error/i);
  disk.unblock(world);
  const number = await eventually(RECOVERY_MS, 'PUBACK', () => {
    const packet = publisher.packets.shift();
    return packet?.cmd === 'puback' ? packet.messageId : undefined;
  });
  assert.equal(number, 21);
  for (const client of [here, publisher, other]) client.destroy();
  world.broker.kill();
  await world.broker.ended();
  await world.broker.start();
  const expected = Array.from({ length: 22 }, (_, index) => index + 1);
  assert.deepEqual(await receiveAway(world, 22), expected);
}

test('a full disk holds back acknowledgements of stored sessions, and them alone', async (t) => {
  if (canLimit(t)) await fillsAndRecovers(await start(t), full);
});

test('a disk that became read-only does the same', async (t) => {
  if (canLimit(t)) await fillsAndRecovers(await start(t), readOnly);
});

/** Answers the folder where a file system of 1 MiB is mounted, or undefined. */
function mountSmall(t: TestContext): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'mqttgrid-small-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder], { stdio: 'pipe' });
    return folder;
  } catch {
    rmdirSync(folder);
    t.skip('NOT TESTED: only root may mount the file system that this test fills');
    return undefined;
  }
}

test('a file system that is full does the same', async (t) => {
  const folder = mountSmall(t);
  if (folder === undefined) return;
  t.after(() => {
    execFileSync('umount', ['--lazy', folder]);
    rmdirSync(folder);
  });
  const ballast = join(folder, 'ballast');
  await fillsAndRecovers(await start(t, join(folder, 'store')), {
    block() {
      for (let bytes = 524288; bytes >= 1; bytes /= 2) {
        try {
          writeFileSync(ballast, Buffer.alloc(bytes), { flag: 'a' });
          bytes *= 2;
        } catch {
          // As much as there is room for, down to the last byte.
        }
      }
    },
    unblock: () => rmSync(ballast),
  });
});

test('a broker ends on a full disk, and what it acknowledged is there again', async (t) => {
  if (!canLimit(t)) return;
  const world = await start(t);
  const away = await connect(world, 'away', { clean: false });
  await subscribe(away, 't/#');
  away.send({ cmd: 'disconnect' });
  const publisher = await connect(world, 'publisher', { clean: true, version: 5 });
  publish(publisher, 't/x', 1);
  assert.equal(await acknowledged(publisher), 1);
  full.block(world);
  publish(publisher, 't/x', 2);
  await delay(BLOCKED_MS);
  const startedMs = performance.now();
  const ended = world.broker.terminate();
  const packet = await publisher.next();
  assert.equal(packet?.cmd === 'disconnect' && packet.reasonCode, 0x8b);
  assert.deepEqual(await ended, { code: 0, signal: null });
  const tookMs = performance.now() - startedMs;
  assert.ok(tookMs < TERMINATION_MS_MAX, `${tookMs} ms`);
  assert.match(world.broker.errors, /could not be written before the broker ended/);
  await world.broker.start();
  assert.deepEqual(await receiveAway(world, 3), [1, 3]);
});
