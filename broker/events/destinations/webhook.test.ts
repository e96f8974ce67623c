import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { Destination as Declared } from '../../../domain/resources.ts';
import { outboundEvent, outboundEvents } from '../../../test/support/outbound-events.ts';
import { startWebhookReceiver } from '../../../test/support/webhook-receiver.ts';
import { eventually } from '../../../test/support/within.ts';
import { systemClock } from '../../clock.ts';
import type { Destination, Outcome, OutboundEvent } from './destination.ts';
import { openWebhook } from './webhook.ts';

type Options = Omit<NonNullable<Declared['webhook']>, 'url'>;
type Values = Record<string, string | Buffer>;

function open(
  t: TestContext,
  url: string,
  options: Options = {},
  values: Values = {},
): Destination {
  const read = (secret: string, key: string): Buffer | undefined => {
    const value = values[`${secret}/${key}`];
    return value === undefined ? undefined : Buffer.from(value);
  };
  const destination = openWebhook({ url, ...options }, { secrets: { read }, clock: systemClock });
  t.after(() => destination.close());
  return destination;
}

const unending = new AbortController().signal;

function deliver(destination: Destination, ...events: OutboundEvent[]): Promise<Outcome> {
  return destination.deliver(events, unending);
}

function causeOf(outcome: Outcome): string {
  assert.equal(outcome.type, 'Failed');
  return outcome.type === 'Failed' ? outcome.cause : '';
}

test('an event is POSTed in structured content mode', async (t) => {
  const receiver = await startWebhookReceiver(t);
  const destination = open(t, receiver.url);
  const event = outboundEvent('é-1');
  assert.deepEqual(await deliver(destination, event), { type: 'Delivered' });
  const [{ method, path, headers, body }] = receiver.requests as [(typeof receiver.requests)[0]];
  assert.equal(`${method} ${path}`, 'POST /events');
  assert.equal(headers['content-type'], 'application/cloudevents+json; charset=utf-8');
  assert.equal(headers['content-length'], String(event.json.length));
  assert.equal(body, event.json.toString());
  assert.equal(destination.batchEventsMax, 1);
});

test('where batches are declared, all events are POSTed in batched content mode', async (t) => {
  const receiver = await startWebhookReceiver(t);
  const options = { maxEventsPerBatch: 3, preferredBatchSizeInKilobytes: 2 };
  const destination = open(t, receiver.url, options);
  assert.equal(destination.batchEventsMax, 3);
  assert.equal(destination.batchBytesMax, 2048);
  await deliver(destination, ...outboundEvents('1', '2', '3'));
  await deliver(destination, outboundEvent('4'));
  const ids = receiver.requests.map(({ headers, body }) => {
    assert.equal(headers['content-type'], 'application/cloudevents-batch+json; charset=utf-8');
    return (JSON.parse(body) as { id: string }[]).map(({ id }) => id);
  });
  assert.deepEqual(ids, [['1', '2', '3'], ['4']]);
});

test('what a Secret holds is sent as it is, without the line break at its end', async (t) => {
  const receiver = await startWebhookReceiver(t);
  for (const [values, expected] of [
    [{ 'auth/authorization': 'SharedKey abc=\n' }, 'SharedKey abc='],
    [{ 'auth/token': 'abc\n' }, 'Bearer abc'],
    [{ 'auth/token': 'abc', 'auth/authorization': 'Basic dTpw' }, 'Basic dTpw'],
  ] as const) {
    const destination = open(t, receiver.url, { authSecretName: 'auth' }, values);
    assert.deepEqual(await deliver(destination, outboundEvent('1')), { type: 'Delivered' });
    assert.equal(receiver.requests.pop()?.headers.authorization, expected);
  }
});

test('a Secret is read for each request, so that a new token needs no restart', async (t) => {
  const receiver = await startWebhookReceiver(t);
  const values: Values = { 'auth/token': 'old' };
  const destination = open(t, receiver.url, { authSecretName: 'auth' }, values);
  await deliver(destination, outboundEvent('1'));
  values['auth/token'] = 'new';
  await deliver(destination, outboundEvent('2'));
  const sent = receiver.requests.map(({ headers }) => headers.authorization);
  assert.deepEqual(sent, ['Bearer old', 'Bearer new']);
});

test('with a Secret that does not do, nothing is sent, and the cause says why', async (t) => {
  const receiver = await startWebhookReceiver(t);
  for (const [values, cause] of [
    [
      {},
      'there is no Secret auth with authorization, token or hmacKey; create it, or add one of them',
    ],
    [{ 'auth/token': '\n' }, 'token of Secret auth is empty; it is one line of visible ASCII'],
    [
      { 'auth/token': 'secret\r\nx-injected: 1' },
      'token of Secret auth has characters that no header can have; it is one line of ' +
        'visible ASCII',
    ],
    [
      { 'auth/authorization': 'Bearer sécret' },
      'authorization of Secret auth has characters that no header can have; it is one line of ' +
        'visible ASCII',
    ],
    [{ 'auth/hmacKey': '' }, 'hmacKey of Secret auth is empty'],
    [{ 'auth/hmacKey': 'whsec_!' }, 'hmacKey of Secret auth has no base64 after whsec_'],
  ] as const) {
    const destination = open(t, receiver.url, { authSecretName: 'auth' }, values);
    const outcome = await deliver(destination, outboundEvent('1'));
    assert.deepEqual(outcome, {
      type: 'Failed',
      scope: 'Destination',
      fault: 'Refused',
      cause: `POST ${receiver.url}: ${cause}`,
    });
  }
  assert.equal(receiver.connections(), 0);
});

/** As a receiver verifies it, from what it received. */
function isSigned(request: { headers: NodeJS.Dict<unknown>; body: string }, key: Buffer): boolean {
  const { headers, body } = request;
  const id = String(headers['webhook-id']);
  assert.match(id, /^msg_[\w-]{43}$/);
  const timestamp = String(headers['webhook-timestamp']);
  assert.ok(Math.abs(Number(timestamp) - Date.now() / 1000) < 60);
  const expected = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64');
  return headers['webhook-signature'] === `v1,${expected}`;
}

test('with hmacKey each request is signed as Standard Webhooks says', async (t) => {
  const receiver = await startWebhookReceiver(t);
  const binary = Buffer.from([0, 255, 13, 10]);
  for (const [hmacKey, key] of [
    [
      `whsec_${Buffer.from('a key of 24 bytes or so').toString('base64')}\n`,
      'a key of 24 bytes or so',
    ],
    ['a text\n', 'a text'],
    [binary, binary],
  ] as const) {
    const values = { 'auth/hmacKey': hmacKey };
    const destination = open(t, receiver.url, { authSecretName: 'auth' }, values);
    await deliver(destination, outboundEvent('é'));
    const request = receiver.requests.pop()!;
    assert.ok(isSigned(request, Buffer.from(key)));
    assert.ok(!isSigned(request, Buffer.from('another')));
    assert.equal(request.headers.authorization, undefined);
  }
});

test('what is sent again has the same id, and something else has another', async (t) => {
  const receiver = await startWebhookReceiver(t);
  const values = { 'auth/hmacKey': 'key', 'auth/token': 'abc' };
  const destination = open(t, receiver.url, { authSecretName: 'auth' }, values);
  for (const id of ['1', '1', '2.3']) await deliver(destination, outboundEvent(id));
  const [first, again, other] = receiver.requests.map(({ headers }) => headers['webhook-id']);
  assert.equal(first, again);
  assert.notEqual(first, other);
  assert.equal(receiver.requests[0]?.headers.authorization, 'Bearer abc');
});

test('credentials in the url are sent, and neither they nor the query are told', async (t) => {
  const receiver = await startWebhookReceiver(t, { answer: () => ({ status: 500 }) });
  const url = receiver.url.replace('://', '://user:pass@');
  const destination = open(t, `${url}?access_token=secret`);
  const cause = causeOf(await deliver(destination, outboundEvent('1')));
  assert.equal(cause, `POST ${receiver.url}: answered 500 Internal Server Error`);
  const [request] = receiver.requests;
  assert.equal(request?.path, '/events?access_token=secret');
  assert.equal(
    request?.headers.authorization,
    `Basic ${Buffer.from('user:pass').toString('base64')}`,
  );
  assert.equal(request?.headers['cache-control'], 'no-store');
});

test('redirects are not followed', async (t) => {
  const target = await startWebhookReceiver(t);
  for (const status of [301, 302, 307, 308]) {
    const answer = (): { status: number; headers: { location: string } } => ({
      status,
      headers: { location: target.url },
    });
    const receiver = await startWebhookReceiver(t, { answer });
    const outcome = await deliver(open(t, receiver.url), outboundEvent('1'));
    assert.ok(outcome.type === 'Failed' && outcome.scope === 'Destination');
    assert.ok(outcome.cause.endsWith(`such as ${target.url}`));
  }
  assert.equal(target.connections(), 0);
});

test('Retry-After comes through', async (t) => {
  const answer = (): { status: number; headers: Record<string, string> } => ({
    status: 429,
    headers: { 'retry-after': '17' },
  });
  const receiver = await startWebhookReceiver(t, { answer });
  const outcome = await deliver(open(t, receiver.url), outboundEvent('1'));
  assert.ok(outcome.type === 'Failed' && outcome.retryAfterMs === 17_000);
});

test('requests one after the other share a connection, and others have a few', async (t) => {
  const receiver = await startWebhookReceiver(t, {
    answer: async () => {
      await delay(20);
      return { status: 200, body: 'ok' };
    },
  });
  const destination = open(t, receiver.url);
  for (const id of ['1', '2', '3']) await deliver(destination, outboundEvent(id));
  assert.equal(receiver.connections(), 1);
  const all = Array.from({ length: 40 }, (_, index) =>
    deliver(destination, outboundEvent(`m${index}`)),
  );
  for (const outcome of await Promise.all(all)) assert.equal(outcome.type, 'Delivered');
  assert.equal(destination.concurrency, 8);
  assert.equal(receiver.connections(), 8);
});

test('a connection that its server closed while idle costs nothing', async (t) => {
  const receiver = await startWebhookReceiver(t);
  const destination = open(t, receiver.url);
  for (let round = 0; round < 20; round++) {
    const outcomes = await Promise.all(
      outboundEvents('1', '2', '3').map((event) => deliver(destination, event)),
    );
    for (const outcome of outcomes) assert.deepEqual(outcome, { type: 'Delivered' });
    for (const socket of receiver.open) socket.resetAndDestroy();
  }
});

test('closing ends what is under way and leaves no connection', async (t) => {
  const receiver = await startWebhookReceiver(t, { answer: () => new Promise(() => undefined) });
  const destination = open(t, receiver.url);
  const all = Array.from({ length: 20 }, (_, index) =>
    deliver(destination, outboundEvent(String(index))),
  );
  await eventually(2000, 'requests', () => receiver.requests.length === 8 || undefined);
  await destination.close();
  for (const outcome of await Promise.all(all)) assert.match(causeOf(outcome), /was given up/);
  await eventually(2000, 'no connection', () => receiver.open.size === 0 || undefined);
  assert.match(causeOf(await deliver(destination, outboundEvent('x'))), /was given up/);
});

test('a signal ends one delivery and no other', async (t) => {
  let release: () => void = () => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  const receiver = await startWebhookReceiver(t, {
    answer: async () => {
      await held;
      return { status: 204 };
    },
  });
  const destination = open(t, receiver.url);
  const controller = new AbortController();
  const ended = destination.deliver(outboundEvents('1'), controller.signal);
  const goesOn = deliver(destination, outboundEvent('2'));
  await eventually(2000, 'requests', () => receiver.requests.length === 2 || undefined);
  controller.abort();
  assert.match(causeOf(await ended), /was given up/);
  release();
  assert.deepEqual(await goesOn, { type: 'Delivered' });
  assert.match(
    causeOf(await destination.deliver(outboundEvents('3'), controller.signal)),
    /given up/,
  );
  assert.equal(receiver.requests.length, 2);
});
