import assert from 'node:assert/strict';
import type { Duplex } from 'node:stream';
import { duplexPair } from 'node:stream';
import { test } from 'node:test';
import { ManualClock, settle } from '../test/support/manual-clock.ts';
import { eventually } from '../test/support/within.ts';
import type { BrokerMessage, OperatorMessage } from './messages.ts';
import type { Link } from './stream.ts';
import { brokerLink, operatorLink } from './stream.ts';

class Heard<Received> {
  readonly messages: Received[] = [];
  readonly reasons: string[] = [];

  constructor(link: Link<unknown, Received>) {
    link.listen({
      message: (message) => this.messages.push(message),
      closed: (reason) => this.reasons.push(reason),
    });
  }
}

function aPair() {
  const clock = new ManualClock();
  const [left, right] = duplexPair();
  const operator = operatorLink(left, clock);
  const broker = brokerLink(right, clock);
  const atOperator = new Heard<BrokerMessage>(operator);
  const atBroker = new Heard<OperatorMessage>(broker);
  return { clock, operator, broker, atOperator, atBroker, left, right };
}

/** One end, with the bytes of the other one in the test's hand. */
function anOperatorEnd(): { heard: Heard<BrokerMessage>; peer: Duplex; clock: ManualClock } {
  const clock = new ManualClock();
  const [left, peer] = duplexPair();
  const heard = new Heard<BrokerMessage>(operatorLink(left, clock));
  peer.on('error', () => undefined);
  return { heard, peer, clock };
}

test('messages arrive whole and in order, in whatever pieces their bytes come', async () => {
  const { heard, peer } = anOperatorEnd();
  const hello = { type: 'Hello', protocol: 1, pod: 'ü-0' };
  const refuse = { type: 'Refuse', version: { epoch: 1, counter: 1 }, message: 'ö' };
  const bytes = Buffer.from(`${JSON.stringify(hello)}\n${JSON.stringify(refuse)}\n`);
  for (const byte of bytes) peer.write(Buffer.from([byte]));
  peer.write(Buffer.concat([bytes, bytes.subarray(0, 10)]));
  peer.write(bytes.subarray(10));
  await settle();
  const twice = [hello, refuse, hello, refuse];
  assert.deepEqual(heard.messages, [...twice, hello, refuse]);
  assert.deepEqual(heard.reasons, []);
});

test('a line over the bound ends it, complete or not, with what came before taken', async () => {
  for (const ending of ['', '\n']) {
    const { heard, peer } = anOperatorEnd();
    peer.write('{"type":"Hello","protocol":1,"pod":"a"}\n');
    peer.write(`{"type":"Hello","pod":"${'a'.repeat(16 * 1024)}"}${ending}`);
    await settle();
    assert.equal(heard.messages.length, 1);
    assert.deepEqual(heard.reasons, ['the peer sent a line of more than 16384 bytes']);
  }
});

test('a message that is malformed ends it at once, and nothing after it is taken', async () => {
  const { heard, peer } = anOperatorEnd();
  peer.write('{"type":"Nonsense"}\n{"type":"Hello","protocol":1,"pod":"a"}\n');
  await settle();
  assert.deepEqual(heard.messages, []);
  assert.match(heard.reasons.join(), /^a message is malformed: type is none of/);
});

test('pings keep a quiet pair open, and nobody is told of them', async () => {
  const { clock, atOperator, atBroker } = aPair();
  for (let seconds = 0; seconds < 60; seconds++) await clock.advance(1000);
  assert.deepEqual([atOperator.messages, atBroker.messages], [[], []]);
  assert.deepEqual([atOperator.reasons, atBroker.reasons], [[], []]);
});

test('a peer that falls silent is found out within 10 seconds', async () => {
  const { heard, clock } = anOperatorEnd();
  await clock.advance(5000);
  assert.deepEqual(heard.reasons, []);
  await clock.advance(5000);
  assert.deepEqual(heard.reasons, ['nothing was heard of the peer any more']);
  const silent = new ManualClock();
  const [left] = duplexPair();
  const atBroker = new Heard(brokerLink(left, silent));
  await silent.advance(10_000);
  assert.deepEqual(atBroker.reasons, ['nothing was heard of the peer any more']);
  assert.equal(silent.pending + clock.pending, 0);
});

test('the end of one side is told to the other one only', async () => {
  const { broker, operator, atOperator, atBroker, clock } = aPair();
  operator.send({ type: 'NotLeader' });
  operator.close();
  await settle();
  assert.deepEqual(atBroker.messages, [{ type: 'NotLeader' }]);
  assert.deepEqual(atBroker.reasons, ['the peer closed the connection']);
  assert.deepEqual(atOperator.reasons, []);
  broker.send({ type: 'Pong' });
  await clock.advance(10_000);
  assert.equal(clock.pending, 0);
});

test('a sequence is taken no faster than the peer reads, and the rest never if it is gone', async () => {
  const { operator, left, clock } = anEndWithoutReader();
  let taken = 0;
  const name = 'n'.repeat(1000);
  operator.sendEach(
    (function* (): Generator<OperatorMessage, void, undefined> {
      for (; taken < 1000; taken++) {
        yield { type: 'UpdatePart', changes: [{ change: 'Remove', list: 'clients', name }] };
      }
    })(),
  );
  await settle();
  const [before, waits] = [taken, left.writableLength];
  assert.ok(before < 200, String(before));
  assert.ok(waits < 256 * 1024, String(waits));
  operator.close();
  await clock.advance(2000);
  assert.equal(taken, before);
  assert.equal(left.destroyed, true);
});

function anEndWithoutReader() {
  const clock = new ManualClock();
  const [left] = duplexPair();
  return { clock, left, operator: operatorLink(left, clock) };
}

test('a sequence goes on as the peer reads, with what is sent meanwhile in between', async () => {
  const { operator, atBroker } = aPair();
  const name = 'n'.repeat(1000);
  let taken = 0;
  operator.sendEach(
    (function* (): Generator<OperatorMessage, void, undefined> {
      for (; taken < 1000; taken++) {
        yield { type: 'UpdatePart', changes: [{ change: 'Remove', list: 'clients', name }] };
      }
      yield { type: 'UpdateEnd' };
    })(),
  );
  operator.send({ type: 'NotLeader' });
  await eventually(5000, 'the end', () => (atBroker.messages.length === 1002 ? true : undefined));
  assert.deepEqual(atBroker.messages.at(-1), { type: 'UpdateEnd' });
  assert.equal(atBroker.messages.filter(({ type }) => type === 'NotLeader').length, 1);
});

test('a peer that does not read what is sent apart from sequences is given up', async () => {
  const { operator, left } = anEndWithoutReader();
  const heard = new Heard(operator);
  const reason = 'r'.repeat(1000);
  for (let sent = 0; sent < 3000; sent++) operator.send({ type: 'TryLater', reason });
  await settle();
  assert.deepEqual(heard.reasons, ['the peer does not read what it is sent']);
  assert.equal(left.destroyed, true);
});
