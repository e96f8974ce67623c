/**
 * `node test/bench/store.ts`: what the session store costs, beside one that was not chosen, and how
 * long a broker takes to start on a large one. Needs a disk that is a disk: see `--folder`.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, statfsSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { pino } from 'pino';
import { startBroker } from '../../broker/broker.ts';
import { Message } from '../../broker/packets/message.ts';
import { BatchWriter, Change, NONE } from '../../broker/store/batch.ts';
import { openDatabase } from '../../broker/store/open-database.ts';
import { testAuthority } from '../support/certificates.ts';
import { aClient, aSnapshot } from '../support/snapshots.ts';
import { say } from './command-line.ts';

const HELP = `Measures the session store.

  node test/bench/store.ts [options]

  --seconds N       for each size of a group (3)
  --sessions N      in the store that a broker is started on (100000), each with 2 subscriptions
  --messages N      in it (100000)
  --folder FOLDER   for the stores (the system's folder for temporary files)
  --help

classic-level is compared where MQTTGRID_CLASSIC_LEVEL names a folder that it was installed in.
`;

const PAYLOAD_BYTES = 128;
const GROUPS = [1, 50, 500] as const;
const TMPFS = 0x01021994;

interface Groups {
  /** Appends so many messages for one session and dequeues as many older ones, durably. */
  commit(count: number): void | Promise<void>;
  close(): void | Promise<void>;
}

function sqliteGroups(folder: string): Groups {
  const { database } = openDatabase(join(folder, 'sessions.db'));
  const { parts } = aMessage();
  const batch = new BatchWriter();
  batch.change(Change.PutSession).number(1).text('client');
  database.commit(batch.finish());
  let appended = 0;
  let dequeued = 0;
  return {
    commit(count) {
      const before = appended;
      for (let index = 0; index < count; index++) {
        batch.change(Change.Append).message({ ...parts, number: ++appended });
        batch.number(1).number(1);
      }
      while (dequeued < before) batch.change(Change.Acknowledge).number(1).number(++dequeued);
      database.commit(batch.finish());
    },
    close: () => database.close(),
  };
}

/** What of classic-level is used. */
interface Level {
  open(): Promise<void>;
  close(): Promise<void>;
  batch(operations: readonly LevelOperation[], options: { sync: true }): Promise<void>;
}
type LevelOperation =
  | { readonly type: 'put'; readonly key: string; readonly value: Buffer }
  | { readonly type: 'del'; readonly key: string };
interface LevelModule {
  readonly ClassicLevel: new (folder: string, options: object) => Level;
}

/** The same rows: the message once, and what says that it waits for a session. */
async function levelGroups(folder: string, installed: string): Promise<Groups> {
  const require = createRequire(join(resolve(installed), 'package.json'));
  const { ClassicLevel } = require('classic-level') as LevelModule;
  const level = new ClassicLevel(join(folder, 'level'), { valueEncoding: 'buffer' });
  await level.open();
  const value = Buffer.concat([aMessage().parts.topic, Buffer.alloc(PAYLOAD_BYTES + 24)]);
  const reference = Buffer.alloc(8);
  const keysOf = (number: number): [string, string] => {
    const digits = String(number).padStart(15, '0');
    return [`m${digits}`, `q1/${digits}`];
  };
  let appended = 0;
  let dequeued = 0;
  return {
    async commit(count) {
      const before = appended;
      const operations: LevelOperation[] = [];
      for (let index = 0; index < count; index++) {
        const [message, queue] = keysOf(++appended);
        operations.push({ type: 'put', key: message, value });
        operations.push({ type: 'put', key: queue, value: reference });
      }
      while (dequeued < before) {
        for (const key of keysOf(++dequeued)) operations.push({ type: 'del', key });
      }
      await level.batch(operations, { sync: true });
    },
    close: () => level.close(),
  };
}

async function measureGroups(name: string, groups: Groups, seconds: number): Promise<void> {
  for (const count of GROUPS) {
    const times: number[] = [];
    const cpu = process.cpuUsage();
    const startMs = performance.now();
    let messages = 0;
    while (performance.now() - startMs < 1000 * seconds) {
      const beginMs = performance.now();
      await groups.commit(count);
      times.push(performance.now() - beginMs);
      messages += count;
    }
    const elapsedSeconds = (performance.now() - startMs) / 1000;
    const { user, system } = process.cpuUsage(cpu);
    times.sort((left, right) => left - right);
    const p99 = times[Math.floor(0.99 * times.length)]!;
    say(
      `${name.padEnd(14)} groups of ${String(count).padStart(3)}: ` +
        `${Math.round(messages / elapsedSeconds)} messages/s, ` +
        `${((user + system) / messages).toFixed(1)} µs CPU a message, ` +
        `commit p99 ${p99.toFixed(1)} ms`,
    );
  }
  await groups.close();
}

function aMessage(number = 1): Message {
  return Message.of({
    number,
    topic: Buffer.from('vehicles/vehicle-12345/position'),
    qos: 1,
    payload: Buffer.alloc(PAYLOAD_BYTES, 'x'),
    properties: Buffer.alloc(0),
    messageExpiryStart: -1,
    receivedAtMs: Date.now(),
  });
}

const FILL_BATCH = 10000;

function clientName(number: number): string {
  return `vehicle-${number}`;
}

/** A store as a broker leaves it that was killed. */
function fillStore(path: string, sessions: number, messages: number): void {
  const { database } = openDatabase(path);
  const batch = new BatchWriter();
  for (let id = 1; id <= sessions; id++) {
    batch.change(Change.PutSession).number(id).text(clientName(id));
    batch.change(Change.SetExpiry).number(id).number(NONE).number(0);
    for (const filter of [`vehicles/${clientName(id)}/#`, 'vehicles/all/#']) {
      batch.change(Change.PutSubscription).number(id).text(filter).number(1).number(0);
    }
    if (id % FILL_BATCH === 0) database.commit(batch.finish());
  }
  for (let number = 1; number <= messages; number++) {
    const { parts } = aMessage(number);
    batch.change(Change.Append).message(parts).number(1);
    batch.number(1 + (number % sessions));
    if (number % FILL_BATCH === 0) database.commit(batch.finish());
  }
  database.commit(batch.finish());
  database.close();
}

function rssBytes(): number {
  globalThis.gc?.();
  return process.memoryUsage.rss();
}

/** In a process of its own, so that its memory is the broker's. */
async function serve(path: string, sessions: number): Promise<void> {
  const { root, server } = await testAuthority();
  const snapshot = aSnapshot({
    caCertificates: [root.certificatePem],
    clients: Array.from({ length: sessions }, (_, index) => aClient(clientName(index + 1))),
    spaces: { all: { templates: ['vehicles/#'] } },
    limits: { clients: 1000000 },
  });
  const options = {
    host: '127.0.0.1',
    port: 0,
    tls: { certificatePem: server.chainPem, privateKeyPem: server.privateKeyPem },
    snapshot,
    logger: pino({ level: 'error' }),
  };
  const empty = await startBroker(options);
  await empty.close();
  const beforeBytes = rssBytes();
  const startMs = performance.now();
  const broker = await startBroker({ ...options, storePath: path });
  const seconds = (performance.now() - startMs) / 1000;
  const addedBytes = rssBytes() - beforeBytes;
  process.send!({
    seconds,
    beforeBytes,
    addedBytes,
    peakBytes: 1024 * process.resourceUsage().maxRSS,
  });
  await broker.close();
}

interface Start {
  readonly seconds: number;
  readonly beforeBytes: number;
  readonly addedBytes: number;
  readonly peakBytes: number;
}

async function measureStart(folder: string, sessions: number, messages: number): Promise<void> {
  const path = join(folder, 'large.db');
  fillStore(path, sessions, messages);
  const megabytes = (bytes: number): string => `${Math.round(bytes / 1048576)} MiB`;
  say(`store of ${sessions} sessions and ${messages} messages: ${megabytes(statSync(path).size)}`);
  for (const run of [1, 2]) {
    const child = fork(import.meta.filename, ['--serve', path, '--sessions', String(sessions)], {
      execArgv: ['--expose-gc'],
    });
    const [start] = (await once(child, 'message')) as [Start];
    await once(child, 'close');
    say(
      `start ${run}: listens after ${start.seconds.toFixed(2)} s; memory before ` +
        `${megabytes(start.beforeBytes)}, for the store ${megabytes(start.addedBytes)} more, ` +
        `at the most ${megabytes(start.peakBytes)}`,
    );
  }
}

async function compare(folder: string, seconds: number): Promise<void> {
  await measureGroups('node:sqlite', sqliteGroups(folder), seconds);
  const installed = process.env['MQTTGRID_CLASSIC_LEVEL'];
  if (installed === undefined) {
    say('NOT COMPARED with classic-level: MQTTGRID_CLASSIC_LEVEL names no folder that it is in');
    return;
  }
  await measureGroups('classic-level', await levelGroups(folder, installed), seconds);
}

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '3' },
    sessions: { type: 'string', default: '100000' },
    messages: { type: 'string', default: '100000' },
    folder: { type: 'string', default: tmpdir() },
    serve: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  say(HELP);
} else if (values.serve !== undefined) {
  await serve(values.serve, Number(values.sessions));
} else {
  const folder = mkdtempSync(join(values.folder, 'mqttgrid-bench-store-'));
  if (statfsSync(folder).type === TMPFS) say('The store is in memory: these figures mean nothing.');
  try {
    await compare(folder, Number(values.seconds));
    await measureStart(folder, Number(values.sessions), Number(values.messages));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
