import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DeliveryStanding, DestinationFault } from '../domain/delivery-standing.ts';
import { Deliveries } from './deliveries.ts';
import type { Delivery } from './deliveries.ts';

const OWNER = 'MqttNamespace/default/plant';
const KEY = 'EventSubscription/default/positions';
const UNREACHABLE: DestinationFault = {
  reason: 'DestinationUnreachable',
  message: 'nobody listens',
  sinceMs: 1000,
};
const REFUSED: DestinationFault = {
  reason: 'DestinationRefused',
  message: 'answered 503',
  sinceMs: 2000,
};

function standing(changes: Partial<DeliveryStanding> = {}): DeliveryStanding {
  const counts = { matched: 0, delivered: 0, failed: 0, deadLettered: 0, dropped: 0, pending: 0 };
  return { name: 'positions', ...counts, ...changes };
}

function open() {
  const time = { nowMs: 0 };
  const news: Delivery[] = [];
  const deliveries = new Deliveries({
    nowMs: () => time.nowMs,
    onNews: (delivery) => news.push(delivery),
  });
  return { deliveries, news, time };
}

test('what is delivered is no news, however much', () => {
  const { deliveries, news } = open();
  for (let delivered = 0; delivered < 100; delivered++) {
    deliveries.take(OWNER, [standing({ matched: delivered, delivered })]);
  }
  assert.deepEqual(news, []);
  assert.equal(deliveries.faultOf(KEY), undefined);
});

test('a destination that fails is told of once, and once when it takes events again', () => {
  const { deliveries, news, time } = open();
  for (let failed = 1; failed < 50; failed++) {
    deliveries.take(OWNER, [standing({ failed, pending: 1, fault: UNREACHABLE })]);
    time.nowMs += 10_000;
  }
  assert.deepEqual(
    news.map(({ key, fault, failed }) => ({ key, fault, failed })),
    [{ key: KEY, fault: UNREACHABLE, failed: 1 }],
  );
  assert.equal(deliveries.faultOf(KEY), UNREACHABLE);
  for (let delivered = 1; delivered < 5; delivered++) {
    deliveries.take(OWNER, [standing({ failed: 49, delivered })]);
  }
  assert.deepEqual(
    news.slice(1).map(({ fault, delivered }) => ({ fault, delivered })),
    [{ fault: undefined, delivered: 1 }],
  );
  assert.equal(deliveries.faultOf(KEY), undefined);
});

test('that it fails in another way is told at once, another message of the same kind in a minute', () => {
  const { deliveries, news, time } = open();
  const fail = (fault: DestinationFault): void => deliveries.take(OWNER, [standing({ fault })]);
  fail(UNREACHABLE);
  fail(REFUSED);
  assert.equal(news.length, 2);
  for (let code = 500; code < 510; code++) {
    fail({ ...REFUSED, message: `answered ${code}` });
    time.nowMs += 5_999;
  }
  assert.equal(news.length, 2);
  assert.equal(deliveries.faultOf(KEY)?.message, 'answered 503');
  time.nowMs += 10;
  fail({ ...REFUSED, message: 'answered 510' });
  assert.equal(deliveries.faultOf(KEY)?.message, 'answered 510');
  assert.equal(news.length, 3);
});

test('events that are given up are told when it begins, and every minute that it goes on', () => {
  const { deliveries, news, time } = open();
  for (let dropped = 0; dropped <= 130; dropped++) {
    deliveries.take(OWNER, [standing({ dropped })]);
    time.nowMs += 1000;
  }
  assert.deepEqual(
    news.map(({ dropped }) => dropped),
    [1, 61, 121],
  );
});

test('what was given up before this process began is not told again', () => {
  const { deliveries, news } = open();
  deliveries.take(OWNER, [standing({ dropped: 7 })]);
  assert.deepEqual(news, []);
  deliveries.take(OWNER, [standing({ dropped: 8 })]);
  assert.deepEqual(
    news.map(({ dropped }) => dropped),
    [8],
  );
});

test('what brokers say of one EventSubscription is summed, and the oldest fault counts', () => {
  const { deliveries, news } = open();
  deliveries.take(OWNER, [standing({ matched: 3, delivered: 2, pending: 1, fault: REFUSED })]);
  deliveries.take('MqttNamespace/default/fleet', [
    standing({ matched: 5, delivered: 4, failed: 7, pending: 1, fault: UNREACHABLE }),
  ]);
  const counts = { matched: 8, delivered: 6, failed: 7, pending: 2 };
  assert.deepEqual(news.at(-1), { key: KEY, ...standing({ ...counts, fault: UNREACHABLE }) });
  // Of the same name in another Kubernetes namespace, it is another one.
  deliveries.take('MqttNamespace/other/plant', [standing({ fault: REFUSED })]);
  assert.equal(news.at(-1)?.key, 'EventSubscription/other/positions');
});

test('a broker that is gone says nothing any more', () => {
  const { deliveries, news } = open();
  deliveries.take(OWNER, [standing({ fault: UNREACHABLE })]);
  deliveries.take(OWNER, undefined);
  assert.equal(deliveries.faultOf(KEY), undefined);
  deliveries.take(OWNER, [standing({ fault: UNREACHABLE })]);
  assert.equal(news.length, 2);
});
