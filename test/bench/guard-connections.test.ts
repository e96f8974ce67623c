/** Holds connections to counts: what each is sent, what it makes the broker allocate and keep. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Allocated, Bench } from './guard/bench.ts';
import {
  allocatedEach,
  assertAllocation,
  assertCalls,
  callsEach,
  makePlace,
  startBench,
  SUBSCRIBERS,
} from './guard/bench.ts';
import type { LoadClient } from './load/client.ts';
import { median } from './report/medians.ts';

const PLACE = makePlace();
/** Each client in turn, so that none connects as often as one that flaps. */
const CONNECTS = SUBSCRIBERS;
const WARM_UP_CONNECTS = CONNECTS * 5;
const ROUNDS = 3;

/**
 * ServerHello and the message that says nothing in TLS 1.3, five messages of the handshake, two
 * session tickets, CONNACK.
 */
const RECORDS = 10;

async function connected({ open }: Bench, number: number): Promise<LoadClient> {
  const client = await open(1 + (number % SUBSCRIBERS));
  await client.connect(true);
  return client;
}

/** Makes and ends them; answers how many records each was sent until it was accepted. */
async function connects(bench: Bench, count: number): Promise<number[]> {
  const records: number[] = [];
  for (let number = 0; number < count; number++) {
    const client = await connected(bench, number);
    records.push(bench.counter.records(client.socket.localPort!));
    await client.disconnect();
  }
  return records;
}

/** What the broker holds when all that it does not need is collected. */
async function held({ broker, burst }: Bench): Promise<Allocated> {
  broker.collect();
  // What a turn of the event loop leaves behind is collected after it.
  await burst();
  broker.collect();
  return (await broker.insight())!;
}

/** Of a connection that says nothing; OpenSSL's own memory, which is most of it, is not counted. */
async function keptByIdle(bench: Bench): Promise<Allocated> {
  const before = await held(bench);
  const clients: LoadClient[] = [];
  for (let number = 0; number < CONNECTS; number++) clients.push(await connected(bench, number));
  const after = await held(bench);
  for (const client of clients) await client.disconnect();
  return {
    heapBytes: (after.heapBytes - before.heapBytes) / CONNECTS,
    bufferBytes: (after.bufferBytes - before.bufferBytes) / CONNECTS,
  };
}

test('a connection takes few records and calls, allocates little, and keeps less', async (t) => {
  const bench = await startBench(t, PLACE, { qos: 1, subscribers: 0 });
  await connects(bench, WARM_UP_CONNECTS);
  let records: number[] = [];
  const calls = await callsEach(bench, async () => {
    records = await connects(bench, CONNECTS);
    return CONNECTS;
  });
  assert.ok(
    Math.max(...records) <= RECORDS,
    `${Math.max(...records)} TLS records until CONNACK, at most ${RECORDS}`,
  );
  // 3 and 4, its end included; what arrives in two pieces is read twice.
  assertCalls(calls, { reads: 5, writes: 4.5 }, 'connection');
  const allocated = await allocatedEach(bench, async () => {
    await connects(bench, CONNECTS);
    return CONNECTS;
  });
  // 35200 to 35800, and 23
  assertAllocation(allocated, { heapBytes: 40000, bufferBytes: 100 }, 'connection');
  const kept: Allocated[] = [];
  for (let round = 0; round < ROUNDS; round++) kept.push(await keptByIdle(bench));
  // 6100 to 8600, medians of three 6500 to 7200; up to 230
  const heapBytes = median(kept.map((each) => each.heapBytes))!;
  const bufferBytes = median(kept.map((each) => each.bufferBytes))!;
  const bound = { heapBytes: 9000, bufferBytes: 400 };
  assertAllocation({ heapBytes, bufferBytes }, bound, 'idle connection');
});
