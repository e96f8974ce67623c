/**
 * What guards have in common: a broker, clients that exchange bursts of messages with it, and
 * counts of what it did meanwhile. A burst arrives in one TLS record, so in one turn of the
 * broker's event loop; what the broker makes for one receiver must leave in one write.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { after, before } from 'node:test';
import type { BrokerName, RunningBroker } from '../brokers/start.ts';
import { startBroker } from '../brokers/start.ts';
import { clientName, writeCertificates } from '../certificates.ts';
import { LoadClient, PUBACK, PUBLISH } from '../load/client.ts';
import { ROOT } from '../load/job.ts';
import type { RecordCounter } from '../record-counter.ts';
import { countRecords } from '../record-counter.ts';
import { usageOf } from '../usage.ts';

/** Clients that there are, beside the publisher. */
export const SUBSCRIBERS = 20;
/** A burst fits in one TLS record of 16 KiB, and under the Receive Maximum. */
export const BURST_MESSAGES = 32;
const PAYLOAD_BYTES = 128;
export const WARM_UP_BURSTS = 60;
export const BURSTS = 30;

/** Counts of allocated bytes, and how often that is tried. */
const WINDOWS = 5;
const ATTEMPTS_MAX = 12;

/** New objects live here, and nothing is collected while the bytes are counted. */
const YOUNG_GENERATION = ['--min-semi-space-size=64', '--max-semi-space-size=64', '--expose-gc'];

/** Of a file of tests: certificates, and what brokers keep. */
export interface Place {
  readonly folder: string;
  readonly certificates: string;
}

export function makePlace(): Place {
  const folder = mkdtempSync(join(tmpdir(), 'mqttgrid-guard-'));
  const certificates = join(folder, 'certificates');
  before(() => writeCertificates(certificates, SUBSCRIBERS + 1));
  after(() => rmSync(folder, { recursive: true, force: true }));
  return { folder, certificates };
}

export interface Bench {
  readonly broker: RunningBroker;
  readonly counter: RecordCounter;
  /** A TLS connection through the counter, and no packet. */
  readonly open: (number: number) => Promise<LoadClient>;
  readonly publisher: LoadClient;
  readonly subscribers: readonly LoadClient[];
  /** Publishes a burst, and resolves when all of it was received and acknowledged. */
  readonly burst: () => Promise<void>;
}

export interface BenchOptions {
  readonly name?: BrokerName;
  readonly level?: 4 | 5;
  readonly qos: 0 | 1;
  readonly subscribers: number;
  /** Subscribers left, and have sessions that wait for them. */
  readonly away?: boolean;
}

export async function startBench(
  t: TestContext,
  { folder, certificates }: Place,
  { name = 'mqttgrid', level = 4, qos, subscribers: count, away = false }: BenchOptions,
): Promise<Bench> {
  const files = { certificates, clients: SUBSCRIBERS + 1, execArgv: YOUNG_GENERATION };
  const broker = await startBroker(name, { ...files, folder: mkdtempSync(join(folder, name)) });
  t.after(() => broker.stop());
  const counter = await countRecords(broker.port);
  t.after(() => counter.close());
  const target = { port: counter.port, certificates, level } as const;
  const open = (number: number): Promise<LoadClient> => LoadClient.open(clientName(number), target);
  const publisher = await open(0);
  await publisher.connect(true);
  const subscribers: LoadClient[] = [];
  for (let number = 1; number <= count; number++) {
    const subscriber = await open(number);
    await subscriber.connect(name !== 'durable');
    await subscriber.subscribe(`${ROOT}/out/#`, qos);
    if (away) await subscriber.disconnect();
    else subscribers.push(subscriber);
  }
  const progress = new Progress();
  for (const subscriber of subscribers) listen(subscriber, PUBLISH, progress);
  listen(publisher, PUBACK, progress);
  const bytes = burstOf(publisher, qos);
  const answers = BURST_MESSAGES * (subscribers.length + qos);
  return {
    broker,
    counter,
    open,
    publisher,
    subscribers,
    burst() {
      publisher.socket.write(bytes);
      return progress.until(answers);
    },
  };
}

/** Packets that all clients together have yet to get. */
class Progress {
  #packets = 0;
  #expected = Infinity;
  #done: () => void = () => undefined;
  #fail: (error: Error) => void = () => undefined;

  until(packets: number): Promise<void> {
    this.#expected = packets;
    return new Promise((resolve, reject) => {
      this.#done = resolve;
      this.#fail = reject;
      this.#look();
    });
  }

  came(): void {
    this.#packets++;
    this.#look();
  }

  lost(reason: string): void {
    this.#fail(new Error(reason));
  }

  #look(): void {
    if (this.#packets < this.#expected) return;
    this.#packets -= this.#expected;
    this.#expected = Infinity;
    this.#done();
  }
}

/** Counts packets of this type, and acknowledges what came in one piece in one piece. */
function listen(client: LoadClient, type: number, progress: Progress): void {
  const acknowledgements: Buffer[] = [];
  client.listen({
    onFrame(bytes, start, body) {
      if (bytes[start]! >> 4 !== type) return;
      progress.came();
      if (type !== PUBLISH || (bytes[start]! & 6) === 0) return;
      const at = body + 2 + bytes.readUInt16BE(body);
      acknowledgements.push(Buffer.from([0x40, 2, bytes[at]!, bytes[at + 1]!]));
    },
    onChunk() {
      if (acknowledgements.length > 0) client.socket.write(Buffer.concat(acknowledgements));
      acknowledgements.length = 0;
    },
    onLost: (reason) => progress.lost(reason),
  });
}

function burstOf(publisher: LoadClient, qos: 0 | 1): Buffer {
  const frames = Array.from({ length: BURST_MESSAGES }, (_, index) => {
    const { bytes, identifierAt } = publisher.publish(`${ROOT}/out/0`, qos, PAYLOAD_BYTES);
    if (qos === 1) bytes.writeUInt16BE(index + 1, identifierAt);
    return bytes;
  });
  return Buffer.concat(frames);
}

export async function bursts({ burst }: Bench, count: number): Promise<void> {
  for (let index = 0; index < count; index++) await burst();
}

/** Records that each of the clients was sent for each of the bursts. */
export async function recordsPerBurst(
  bench: Bench,
  clients: readonly LoadClient[],
): Promise<readonly number[]> {
  const records = (): number[] =>
    clients.map(({ socket }) => bench.counter.records(socket.localPort!));
  const first = records();
  await bursts(bench, BURSTS);
  return records().map((count, index) => (count - first[index]!) / BURSTS);
}

export interface Allocated {
  readonly heapBytes: number;
  readonly bufferBytes: number;
}

/** Bytes that the broker allocated for each delivered message. */
export function allocatedPerMessage(bench: Bench): Promise<Allocated> {
  return allocatedEach(bench, async () => {
    await bursts(bench, BURSTS);
    return BURST_MESSAGES * BURSTS * bench.subscribers.length;
  });
}

/**
 * Bytes that the broker allocated for each of what `work` does; it answers how many that were.
 */
export async function allocatedEach(bench: Bench, work: () => Promise<number>): Promise<Allocated> {
  const windows: Allocated[] = [];
  for (let attempt = 0; attempt < ATTEMPTS_MAX && windows.length < WINDOWS; attempt++) {
    bench.broker.collect();
    await bench.burst();
    const first = (await bench.broker.insight())!;
    const units = await work();
    const last = (await bench.broker.insight())!;
    if (last.garbageCollections > first.garbageCollections) continue;
    windows.push({
      heapBytes: (last.heapBytes - first.heapBytes) / units,
      bufferBytes: (last.bufferBytes - first.bufferBytes) / units,
    });
  }
  assert.ok(windows.length === WINDOWS, 'garbage was collected in nearly every window');
  const buffers = windows.map(({ bufferBytes }) => bufferBytes).sort((one, two) => one - two);
  return {
    // A machine that is busy with other work compiles late, and allocates more until then.
    heapBytes: Math.min(...windows.map(({ heapBytes }) => heapBytes)),
    // Buffers of an earlier window may be freed in this one, so the least says nothing.
    bufferBytes: buffers[(WINDOWS - 1) / 2]!,
  };
}

/** System calls. */
export interface Calls {
  readonly reads: number;
  readonly writes: number;
}

/** Those that the broker made for each of what `work` does; it answers how many that were. */
export async function callsEach({ broker }: Bench, work: () => Promise<number>): Promise<Calls> {
  const before = usageOf(broker.pid);
  const units = await work();
  const after = usageOf(broker.pid);
  return {
    reads: (after.readCalls - before.readCalls) / units,
    writes: (after.writeCalls - before.writeCalls) / units,
  };
}

export function assertCalls(calls: Calls, bound: Calls, of: string): void {
  // Elsewhere than on Linux nobody counts them.
  assert.ok(process.platform !== 'linux' || calls.writes > 0, 'no system call was counted');
  for (const key of ['reads', 'writes'] as const) {
    assert.ok(
      calls[key] <= bound[key],
      `${calls[key].toFixed(2)} system calls that are ${key} for each ${of}, at most ${bound[key]}`,
    );
  }
}

export function assertAllocation(allocated: Allocated, bound: Allocated, of: string): void {
  for (const key of ['heapBytes', 'bufferBytes'] as const) {
    assert.ok(
      allocated[key] <= bound[key],
      `${allocated[key].toFixed(0)} ${key} allocated for each ${of}, at most ` +
        `${bound[key]}: look for a closure, object, promise or copy that was added to each; ` +
        'where it is worth its price, raise the bound and say so in the commit',
    );
  }
}
