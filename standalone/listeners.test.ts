import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { pino } from 'pino';
import { startBroker } from '../broker/broker.ts';
import type { Snapshot } from '../domain/snapshot.ts';
import { testAuthority } from '../test/support/certificates.ts';
import { aClient, aSnapshot } from '../test/support/snapshots.ts';
import { systemClock } from './clock.ts';
import { createListeners } from './listeners.ts';
import type { Listeners } from './listeners.ts';

const HOST = '127.0.0.1';
const [A, B, C] = ['MqttNamespace/x/a', 'MqttNamespace/x/b', 'MqttNamespace/x/c'];

function snapshot(name: string, clients: readonly string[] = []): Snapshot {
  return { ...aSnapshot({ clients: clients.map((each) => aClient(each)), spaces: {} }), name };
}

/** Snapshots by key, in this order. */
function wanted(...keys: readonly string[]): Map<string, Snapshot> {
  return new Map(keys.map((key) => [key, snapshot(key)]));
}

async function occupy(t: TestContext, port: number): Promise<Server> {
  const server = createServer().listen(port, HOST);
  t.after(() => server.close());
  await once(server, 'listening');
  return server;
}

/** The first of some ports that nobody listens on. */
async function freePorts(howMany: number): Promise<number> {
  for (let attempt = 0; attempt < 20; attempt++) {
    const servers: Server[] = [];
    try {
      const first = createServer().listen(0, HOST);
      servers.push(first);
      await once(first, 'listening');
      const { port } = first.address() as AddressInfo;
      for (let offset = 1; offset < howMany; offset++) {
        const next = createServer().listen(port + offset, HOST);
        servers.push(next);
        await once(next, 'listening');
      }
      return port;
    } catch {
      // One of them is taken: try others.
    } finally {
      await Promise.all(servers.map((each) => new Promise((done) => each.close(done))));
    }
  }
  throw new Error('no free ports in a row');
}

interface Bench {
  readonly listeners: Listeners;
  /** What was applied to running brokers, by name of the snapshot. */
  readonly applied: string[];
  readonly notices: string[];
  readonly storeFolder: string;
}

async function bench(t: TestContext, firstPort: number): Promise<Bench> {
  const { server } = await testAuthority();
  const applied: string[] = [];
  const notices: string[] = [];
  const storeFolder = mkdtempSync(join(tmpdir(), 'mqttgrid-listeners-'));
  const listeners = createListeners({
    host: HOST,
    firstPort,
    tls: { certificatePem: server.chainPem, privateKeyPem: server.privateKeyPem },
    clock: systemClock,
    storeFolder,
    dataFolder: storeFolder,
    secretsFolder: join(storeFolder, 'secrets'),
    onDeliveries: () => undefined,
    logger: pino({ level: 'silent' }),
    onNotice: (notice) => notices.push(notice),
    startBroker: async (options) => {
      const broker = await startBroker(options);
      return {
        ...broker,
        apply: (next) => {
          applied.push(next.name);
          broker.apply(next);
        },
      };
    },
  });
  t.after(async () => {
    await listeners.close();
    rmSync(storeFolder, { recursive: true });
  });
  return { listeners, applied, notices, storeFolder };
}

async function isListening(port: number): Promise<boolean> {
  const socket = connect(port, HOST);
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

test('the first gets the port that was asked for, the others the next ones up', async (t) => {
  const port = await freePorts(3);
  const { listeners } = await bench(t, port);
  const { ports, faults } = await listeners.apply(wanted(B, A, C));
  assert.deepEqual(
    [...ports],
    [
      [B, port],
      [A, port + 1],
      [C, port + 2],
    ],
  );
  assert.equal(faults.size, 0);
});

test('who stays keeps its port, who comes takes the lowest free one', async (t) => {
  const port = await freePorts(3);
  const { listeners } = await bench(t, port);
  await listeners.apply(wanted(A, B));
  const gone = await listeners.apply(wanted(B));
  assert.deepEqual([...gone.ports], [[B, port + 1]]);
  assert.equal(await isListening(port), false);
  const { ports } = await listeners.apply(wanted(B, C, A));
  assert.deepEqual([ports.get(B), ports.get(C), ports.get(A)], [port + 1, port, port + 2]);
});

test('a port that is in use is a fault that names it, until it is free', async (t) => {
  const port = await freePorts(3);
  const { listeners } = await bench(t, port);
  const other = await occupy(t, port + 1);
  const { ports, faults } = await listeners.apply(wanted(A, B, C));
  assert.deepEqual([ports.get(A), ports.get(B), ports.get(C)], [port, undefined, port + 2]);
  assert.match(faults.get(B)?.message ?? '', new RegExp(`port ${port + 1} is in use`));
  assert.match(faults.get(B)?.remedy ?? '', /--port/);
  await new Promise((done) => other.close(done));
  const later = await listeners.apply(wanted(A, B, C));
  assert.deepEqual([later.ports.get(B), later.faults.size], [port + 1, 0]);
});

test('an address that is not of this machine is a fault that names it', async (t) => {
  const { server } = await testAuthority();
  const storeFolder = mkdtempSync(join(tmpdir(), 'mqttgrid-listeners-'));
  const listeners = createListeners({
    host: '192.0.2.1',
    firstPort: 0,
    tls: { certificatePem: server.chainPem, privateKeyPem: server.privateKeyPem },
    storeFolder,
    dataFolder: storeFolder,
    secretsFolder: join(storeFolder, 'secrets'),
    onDeliveries: () => undefined,
    clock: systemClock,
    logger: pino({ level: 'silent' }),
    onNotice: assert.fail,
    startBroker,
  });
  t.after(async () => {
    await listeners.close();
    rmSync(storeFolder, { recursive: true });
  });
  const { faults } = await listeners.apply(wanted(A));
  assert.match(faults.get(A)?.message ?? '', /192\.0\.2\.1 is not an address of this machine/);
});

test('ports end where they end', async (t) => {
  const { listeners } = await bench(t, 65535);
  const { faults } = await listeners.apply(wanted(A, B));
  assert.match(faults.get(B)?.message ?? '', /it would be 65536/);
});

test('a broker is told of a snapshot only if it is another one, and at once', async (t) => {
  const { listeners, applied } = await bench(t, 0);
  await listeners.apply(wanted(A, B));
  await listeners.apply(wanted(A, B));
  assert.deepEqual(applied, []);
  const next = new Map([
    [A, snapshot(A)],
    [B, snapshot(B, ['a-client'])],
    [C, snapshot(C)],
  ]);
  const round = listeners.apply(next);
  assert.deepEqual(applied, [B], 'before anything was waited for');
  await round;
  assert.deepEqual(applied, [B]);
});

test('the sessions of each MqttNamespace are in a file of its own, and stay when it goes', async (t) => {
  const { listeners, notices, storeFolder } = await bench(t, 0);
  await listeners.apply(wanted(A, B));
  await listeners.apply(wanted(B));
  for (const name of ['a', 'b']) assert.ok(existsSync(join(storeFolder, 'x', name, 'sessions.db')));
  assert.deepEqual(notices, [
    `${A} is not served any more; its sessions stay in ${join(storeFolder, 'x', 'a')} until you ` +
      'delete that folder',
  ]);
});

test('a store that cannot be opened is a fault of its MqttNamespace alone', async (t) => {
  const { listeners, storeFolder } = await bench(t, 0);
  const folder = join(storeFolder, 'x');
  mkdirSync(folder);
  writeFileSync(join(folder, 'a'), 'a file where a folder should be');
  const { ports, faults } = await listeners.apply(wanted(A, B));
  assert.deepEqual([...ports.keys()], [B]);
  const { message, remedy } = faults.get(A)!;
  assert.match(message, /session store .*sessions\.db cannot be opened: .*a/);
  assert.match(remedy, /--data/);
});

test('a store is open in one process only', async (t) => {
  const { listeners, storeFolder } = await bench(t, 0);
  await listeners.apply(wanted(A));
  const storePath = join(storeFolder, 'x', 'a', 'sessions.db');
  const { server } = await testAuthority();
  const second = startBroker({
    host: HOST,
    port: 0,
    tls: { certificatePem: server.chainPem, privateKeyPem: server.privateKeyPem },
    snapshot: snapshot(A),
    logger: pino({ level: 'silent' }),
    storePath,
  });
  await assert.rejects(second, /sessions\.db cannot be opened: another process has it open/);
});
