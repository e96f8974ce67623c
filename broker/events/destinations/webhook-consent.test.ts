import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { HTTP } from 'cloudevents';
import type { CloudEvent } from 'cloudevents';
import { outboundEvent, outboundEvents } from '../../../test/support/outbound-events.ts';
import { startWebhookReceiver } from '../../../test/support/webhook-receiver.ts';
import type { ReceivedRequest, Reply } from '../../../test/support/webhook-receiver.ts';
import { eventually } from '../../../test/support/within.ts';
import type { Clock } from '../../clock.ts';
import type { Destination, Outcome } from './destination.ts';
import { allowedRate } from './webhook-consent.ts';
import { openWebhook } from './webhook.ts';

const HOUR_MS = 60 * 60 * 1000;

class ShiftedClock implements Clock {
  shiftMs = 0;
  nowMs(): number {
    return Date.now() + this.shiftMs;
  }
  every(): () => void {
    return () => undefined;
  }
}

function open(t: TestContext, url: string, clock = new ShiftedClock()): Destination {
  const secrets = { read: () => Buffer.from('abc') };
  const declared = { url, abuseProtection: 'Required', authSecretName: 'auth' } as const;
  const destination = openWebhook(declared, { secrets, clock });
  t.after(() => destination.close());
  return destination;
}

function deliver(destination: Destination, id = '1'): Promise<Outcome> {
  return destination.deliver([outboundEvent(id)], new AbortController().signal);
}

function consenting(rate = '*'): Reply {
  const headers = { 'webhook-allowed-origin': 'mqttgrid.io', 'webhook-allowed-rate': rate };
  return { status: 200, headers };
}

const methods = (requests: readonly ReceivedRequest[]): string[] =>
  requests.map(({ method }) => method);

test('the receiver is asked once, without credentials, before events are sent', async (t) => {
  const receiver = await startWebhookReceiver(t, { answer: () => consenting() });
  const destination = open(t, receiver.url);
  const all = ['1', '2', '3'].map((id) => deliver(destination, id));
  for (const outcome of await Promise.all(all)) assert.deepEqual(outcome, { type: 'Delivered' });
  assert.deepEqual(methods(receiver.requests), ['OPTIONS', 'POST', 'POST', 'POST']);
  for (const { headers } of receiver.requests) {
    assert.equal(headers['webhook-request-origin'], 'mqttgrid.io');
  }
  assert.equal(receiver.requests[0]?.headers.authorization, undefined);
  assert.equal(destination.concurrency, 8);
});

test('an answer without consent is refused, and no event is sent', async (t) => {
  for (const [reply, retryAfterMs] of [
    [{ status: 200 }, 60_000],
    [{ status: 405 }, 60_000],
    [{ status: 429, headers: { 'retry-after': '120' } }, 120_000],
    [{ ...consenting(), status: 500 }, 60_000],
    [{ status: 200, headers: { 'webhook-allowed-origin': 'other.example' } }, 60_000],
    [consenting('0'), 60_000],
    [consenting('many'), 60_000],
  ] as const) {
    const receiver = await startWebhookReceiver(t, { answer: () => reply });
    const outcome = await deliver(open(t, receiver.url));
    assert.ok(outcome.type === 'Failed' && outcome.scope === 'Destination');
    assert.equal(outcome.fault, 'Refused');
    assert.equal(outcome.retryAfterMs, retryAfterMs);
    assert.ok(outcome.cause.startsWith(`OPTIONS ${receiver.url}: answered ${reply.status} `));
    assert.match(outcome.cause, /did not consent; let it answer 200 with WebHook-Allowed-Origin/);
    assert.deepEqual(methods(receiver.requests), ['OPTIONS']);
  }
});

test('consent is asked for again after a day, and where events are refused', async (t) => {
  let status = 200;
  const answer = ({ method }: ReceivedRequest): Reply =>
    method === 'OPTIONS' ? consenting() : { status };
  const receiver = await startWebhookReceiver(t, { answer });
  const clock = new ShiftedClock();
  const destination = open(t, receiver.url, clock);
  const asked = (): number => methods(receiver.requests).filter((m) => m === 'OPTIONS').length;
  await deliver(destination);
  clock.shiftMs = 23 * HOUR_MS;
  await deliver(destination);
  assert.equal(asked(), 1);
  clock.shiftMs = 25 * HOUR_MS;
  await deliver(destination);
  assert.equal(asked(), 2);
  status = 410;
  assert.equal((await deliver(destination)).type, 'Failed');
  await deliver(destination);
  assert.equal(asked(), 3);
});

test('no minute has more requests than were allowed', async (t) => {
  const receiver = await startWebhookReceiver(t, { answer: () => consenting('600') });
  const destination = open(t, receiver.url);
  const startedAtMs = performance.now();
  await Promise.all(['1', '2', '3', '4', '5'].map((id) => deliver(destination, id)));
  assert.ok(performance.now() - startedAtMs >= 395, '100 ms between two');
});

test('who allows few requests gets one at a time, and a signal ends its wait', async (t) => {
  const receiver = await startWebhookReceiver(t, { answer: () => consenting('1') });
  const destination = open(t, receiver.url);
  await deliver(destination);
  assert.equal(destination.concurrency, 1);
  const controller = new AbortController();
  const waiting = destination.deliver(outboundEvents('2'), controller.signal);
  controller.abort();
  const outcome = await waiting;
  assert.ok(outcome.type === 'Failed');
  assert.match(outcome.cause, /was given up/);
  assert.deepEqual(methods(receiver.requests), ['OPTIONS', 'POST']);
});

test('closing ends a handshake', async (t) => {
  const receiver = await startWebhookReceiver(t, { answer: () => new Promise(() => undefined) });
  const destination = open(t, receiver.url);
  const waiting = deliver(destination);
  await eventually(2000, 'a handshake', () => receiver.requests.length === 1 || undefined);
  await destination.close();
  assert.equal((await waiting).type, 'Failed');
});

test('a rate is a positive number of requests a minute, or any', () => {
  const rateOf = (rate?: string): number => {
    const headers = { 'webhook-allowed-origin': '*', 'webhook-allowed-rate': rate };
    return allowedRate({ status: 204, headers }, 0);
  };
  assert.equal(rateOf('120'), 120);
  assert.equal(rateOf('*'), Infinity);
  assert.equal(rateOf(undefined), Infinity);
  for (const rate of ['0', '-1', '1.5', '1, 2', '9'.repeat(30), '']) {
    assert.throws(() => rateOf(rate), /did not consent/, rate);
  }
});

test('the CloudEvents SDK reads what is sent, one by one and in batches', async (t) => {
  const receiver = await startWebhookReceiver(t);
  for (const maxEventsPerBatch of [1, 10]) {
    const parts = { secrets: { read: () => undefined }, clock: new ShiftedClock() };
    const destination = openWebhook({ url: receiver.url, maxEventsPerBatch }, parts);
    t.after(() => destination.close());
    const events = maxEventsPerBatch === 1 ? outboundEvents('1') : outboundEvents('1', '2');
    const { signal } = new AbortController();
    assert.deepEqual(await destination.deliver(events, signal), { type: 'Delivered' });
    const { headers, body } = receiver.requests.pop()!;
    const read = [HTTP.toEvent({ headers, body })].flat() as CloudEvent<unknown>[];
    assert.deepEqual(
      read.map(({ id, subject }) => [id, subject]),
      events.map(({ id, subject }) => [id, subject]),
    );
    for (const event of read) assert.ok(event.validate());
  }
});
