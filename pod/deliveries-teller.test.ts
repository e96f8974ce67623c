import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BrokerMessage } from '../control/messages.ts';
import { BROKER_LINE_BYTES_MAX } from '../control/messages.ts';
import { decodeBrokerMessage } from '../control/decode.ts';
import type { DeliveryStanding } from '../domain/delivery-standing.ts';
import { ManualClock } from '../test/support/manual-clock.ts';
import { COUNTS_AFTER_MS, DeliveriesTeller, NEWS_AFTER_MS } from './deliveries-teller.ts';

const FAULT = { reason: 'DestinationUnreachable', message: 'nobody answers', sinceMs: 5 } as const;

function standing(name: string, change: Partial<DeliveryStanding> = {}): DeliveryStanding {
  const counts = { matched: 0, delivered: 0, failed: 0, deadLettered: 0, dropped: 0, pending: 0 };
  return { name, ...counts, ...change };
}

function aTeller() {
  const clock = new ManualClock();
  const sent: string[][] = [];
  let standings: readonly DeliveryStanding[] = [];
  const teller = new DeliveriesTeller({ clock, standings: () => standings });
  const send = (message: BrokerMessage): void => {
    assert.equal(message.type, 'Deliveries');
    if (message.type === 'Deliveries') sent.push(message.standings.map(({ name }) => name));
  };
  const change = (...next: readonly DeliveryStanding[]): void => {
    standings = next;
    teller.changed();
  };
  return { teller, clock, sent, send, change };
}

test('nothing is told before there is somebody who understands it', () => {
  const { teller, sent, send, change } = aTeller();
  change(standing('a'));
  assert.deepEqual(sent, []);
  teller.begin(send);
  assert.deepEqual(sent, [['a']]);
});

test('counts are told now and then, and only of what changed', async () => {
  const { teller, clock, sent, send, change } = aTeller();
  teller.begin(send);
  change(standing('a', { delivered: 1 }), standing('b', { delivered: 1 }));
  sent.length = 0;
  for (let delivered = 2; delivered < 50; delivered++) {
    change(standing('a', { delivered }), standing('b', { delivered: 1 }));
  }
  assert.deepEqual(sent, []);
  await clock.advance(COUNTS_AFTER_MS);
  assert.deepEqual(sent, [['a']]);
  await clock.advance(10 * COUNTS_AFTER_MS);
  assert.deepEqual(sent, [['a']], 'at rest nothing is told');
});

for (const [what, before, after] of [
  ['a fault', {}, { fault: FAULT }],
  ['its end', { fault: FAULT }, {}],
  ['the first event that is delivered', {}, { delivered: 1 }],
] as const) {
  test(`${what} is told at once`, async () => {
    const { teller, clock, sent, send, change } = aTeller();
    teller.begin(send);
    change(standing('a', before));
    await clock.advance(NEWS_AFTER_MS);
    change(standing('a', after));
    assert.deepEqual(sent, [['a'], ['a']]);
  });
}

test('a destination that comes and goes is told of once a second', async () => {
  const { teller, clock, sent, send, change } = aTeller();
  teller.begin(send);
  change(standing('a'));
  for (let turn = 0; turn < 100; turn++) {
    change(standing('a', turn % 2 === 0 ? { fault: FAULT } : { failed: turn }));
    await clock.advance(NEWS_AFTER_MS / 10);
  }
  assert.ok(sent.length <= 12, String(sent.length));
});

test('on a new stream all of it is told anew, and on none nothing', async () => {
  const { teller, clock, sent, send, change } = aTeller();
  teller.begin(send);
  change(standing('a'), standing('b'));
  teller.end();
  change(standing('a', { fault: FAULT }), standing('b'));
  await clock.advance(10 * COUNTS_AFTER_MS);
  assert.deepEqual(sent, [['a', 'b']]);
  teller.begin(send);
  assert.deepEqual(sent, [
    ['a', 'b'],
    ['a', 'b'],
  ]);
});

test('however many there are and whatever they say, each line is within its bound', () => {
  const lines: string[] = [];
  const message = '\u0001'.repeat(5000);
  const fault = { ...FAULT, message };
  const standings = Array.from({ length: 100 }, (_, index) => {
    return standing(`${index}`.padEnd(253, 'n'), { fault, matched: Number.MAX_SAFE_INTEGER });
  });
  const teller = new DeliveriesTeller({ clock: new ManualClock(), standings: () => standings });
  teller.begin((sent) => lines.push(JSON.stringify(sent)));
  const told = lines.flatMap((line) => {
    assert.ok(line.length < BROKER_LINE_BYTES_MAX, String(line.length));
    const decoded = decodeBrokerMessage(Buffer.from(line));
    assert.ok(decoded.ok && decoded.value.type === 'Deliveries');
    return decoded.value.standings.map(({ name }) => name);
  });
  assert.deepEqual(
    told,
    standings.map(({ name }) => name),
  );
});
