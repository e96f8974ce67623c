/** Receivers that are broken or mean: each has its outcome, within bounds of time and memory. */
import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { outboundEvent } from '../../../test/support/outbound-events.ts';
import { startRawReceiver } from '../../../test/support/webhook-receiver.ts';
import { eventually, within } from '../../../test/support/within.ts';
import { systemClock } from '../../clock.ts';
import type { Destination, Outcome } from './destination.ts';
import { openWebhook } from './webhook.ts';

const TIMEOUTS = { connectMs: 300, answerMs: 400, bodyMs: 200 };

function open(t: TestContext, url: string): Destination {
  const parts = { secrets: { read: () => undefined }, clock: systemClock, timeouts: TIMEOUTS };
  const destination = openWebhook({ url }, parts);
  t.after(() => destination.close());
  return destination;
}

function deliverTo(t: TestContext, url: string): Promise<Outcome> {
  const { signal } = new AbortController();
  return within(5000, url, open(t, url).deliver([outboundEvent('1', 'x'.repeat(500_000))], signal));
}

/** Sends `head`, and then `part` again and again for as long as anybody takes it. */
function endless(socket: Socket, head: string, part: string): void {
  socket.write(head);
  const more = (): void => {
    while (!socket.destroyed && socket.write(part));
  };
  socket.on('drain', more);
  more();
}

const HEAD = 'HTTP/1.1 200 OK\r\n';
const NOT_HTTP = 'the answer is not HTTP; check the url, its port above all';

for (const [what, serve, cause] of [
  ['another protocol', (socket) => socket.end('220 mail.example ESMTP\r\n'), NOT_HTTP],
  ['bytes', (socket) => socket.end(Buffer.alloc(1000, 0xff)), NOT_HTTP],
  [
    'nothing, and closes',
    (socket) => socket.once('data', () => socket.end()),
    'the connection was closed before there was an answer',
  ],
  [
    'a reset',
    (socket) => socket.once('data', () => socket.resetAndDestroy()),
    'the connection was closed before there was an answer',
  ],
  ['half a head, and closes', (socket) => socket.end('HTTP/1.1 20'), undefined],
  ['nothing, for ever', () => undefined, 'there was no answer within 400 ms'],
  [
    'a part of a head, for ever',
    (socket) => socket.write(HEAD),
    'there was no answer within 400 ms',
  ],
  [
    'a header without end',
    (socket) => endless(socket, `${HEAD}x: `, 'x'.repeat(1000)),
    'the headers of the answer are over 16 KiB',
  ],
  [
    'headers without end',
    (socket) => endless(socket, HEAD, 'x: y\r\n'.repeat(100)),
    'the headers of the answer are over 16 KiB',
  ],
  [
    '1xx without end',
    (socket) => endless(socket, '', 'HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(1000)),
    'it answers 1xx again and again, and nothing else',
  ],
  [
    'another protocol by 101',
    (socket) => socket.end('HTTP/1.1 101 X\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n'),
    'the connection was closed before there was an answer',
  ],
] as const satisfies readonly (readonly [string, (socket: Socket) => unknown, unknown])[]) {
  test(`a receiver that answers with ${what} is unreachable`, async (t) => {
    const receiver = await startRawReceiver(t, (socket) => {
      socket.resume();
      serve(socket);
    });
    const outcome = await deliverTo(t, receiver.url);
    assert.ok(outcome.type === 'Failed', JSON.stringify(outcome));
    assert.equal(outcome.fault, 'Unreachable');
    assert.equal(outcome.scope, 'Destination');
    if (cause !== undefined) assert.equal(outcome.cause, `POST ${receiver.url}: ${cause}`);
    await eventually(2000, 'no connection', () => receiver.open.size === 0 || undefined);
  });
}

for (const [what, serve] of [
  ['goes on for ever', (socket) => endless(socket, `${HEAD}\r\n`, 'x'.repeat(10_000))],
  [
    'goes on for ever, in chunks',
    (socket) =>
      endless(socket, `${HEAD}transfer-encoding: chunked\r\n\r\n`, '1\r\nx\r\n'.repeat(500)),
  ],
  ['never comes', (socket) => socket.write(`${HEAD}content-length: 10\r\n\r\n`)],
  ['breaks off', (socket) => socket.end(`${HEAD}content-length: 10\r\n\r\nabc`)],
  [
    'is no proper chunk',
    (socket) => socket.end(`${HEAD}transfer-encoding: chunked\r\n\r\nhello\r\n`),
  ],
] as const satisfies readonly (readonly [string, (socket: Socket) => unknown])[]) {
  test(`a status counts, also where the body after it ${what}`, async (t) => {
    const receiver = await startRawReceiver(t, (socket) => {
      socket.resume();
      serve(socket);
    });
    assert.deepEqual(await deliverTo(t, receiver.url), { type: 'Delivered' });
    await eventually(2000, 'no connection', () => receiver.open.size === 0 || undefined);
  });
}

test('who nobody listens for is said in words', async (t) => {
  const refused = await deliverTo(t, 'http://127.0.0.1:1/events');
  assert.ok(refused.type === 'Failed' && refused.fault === 'Unreachable');
  const nobody = 'nobody listens there; check the url, and that the receiver runs';
  assert.equal(refused.cause, `POST http://127.0.0.1:1/events: ${nobody}`);
  const unknown = await deliverTo(t, 'http://receiver.invalid/events');
  assert.ok(unknown.type === 'Failed' && unknown.fault === 'Unreachable');
  assert.match(unknown.cause, /DNS (?:does not know|did not answer for) the host; check/);
});

test('a TLS handshake that is never gone on with is over in time', async (t) => {
  const receiver = await startRawReceiver(t, (socket) => socket.resume());
  const outcome = await deliverTo(t, receiver.url.replace('http:', 'https:'));
  assert.ok(outcome.type === 'Failed');
  assert.match(outcome.cause, /there was no connection within 300 ms$/);
});

test('an answer that comes before the events were taken counts', async (t) => {
  const answer = 'HTTP/1.1 413 Too Large\r\ncontent-length: 0\r\n\r\n';
  const receiver = await startRawReceiver(t, (socket) => {
    socket.pause();
    socket.write(answer);
  });
  const { signal } = new AbortController();
  const events = [outboundEvent('1', 'x'.repeat(20_000_000))];
  const outcome = await within(5000, 'an answer', open(t, receiver.url).deliver(events, signal));
  assert.equal(outcome.type, 'Rejected');
});
