import assert from 'node:assert/strict';
import { test } from 'node:test';
import { limitsOf } from '../../domain/limits.ts';
import { newMetrics } from '../metrics.ts';
import { Message } from '../packets/message.ts';
import type { Receiver } from '../session/session.ts';
import { Session } from '../session/session.ts';

class TestReceiver implements Receiver {
  readonly receiveMaximum = 10;
  writable = true;
  room = Infinity;
  readonly sent: string[] = [];

  admits(): boolean {
    return this.room > 0;
  }

  fits(): boolean {
    return true;
  }

  sendAtMostOnce(message: Message): void {
    this.room--;
    this.sent.push(message.parts.payload.toString());
  }

  sendAtLeastOnce(message: Message): void {
    this.sendAtMostOnce(message);
  }
}

function aSession(): { readonly session: Session; readonly receiver: TestReceiver } {
  const session = new Session('client', {
    limits: limitsOf(),
    metrics: newMetrics(),
    clock: { nowMs: () => 0, every: () => () => undefined },
    store: undefined,
    overflowed: () => assert.fail(),
  });
  const receiver = new TestReceiver();
  session.attach(receiver, true);
  return { session, receiver };
}

function aMessage(payload: string, qos: 0 | 1 = 0): Message {
  const properties = Buffer.alloc(0);
  const parts = { topic: Buffer.from('t'), payload: Buffer.from(payload), properties };
  return Message.of({ ...parts, qos, messageExpiryStart: -1, receivedAtMs: 0 });
}

test('messages that waited for a rate go before those that come later', () => {
  const { session, receiver } = aSession();
  receiver.room = 0;
  session.deliver(aMessage('1'), 0);
  receiver.writable = false;
  receiver.room = Infinity;
  session.pump();
  receiver.writable = true;
  session.deliver(aMessage('2'), 0);
  session.pump();
  assert.deepEqual(receiver.sent, ['1', '2']);
});

test('QoS 1 goes first where both wait', () => {
  const { session, receiver } = aSession();
  receiver.room = 0;
  session.deliver(aMessage('at most once'), 0);
  session.deliver(aMessage('at least once', 1), 1);
  receiver.room = 1;
  session.pump();
  assert.deepEqual(receiver.sent, ['at least once']);
});

test('QoS 0 that waits is for this connection alone', () => {
  const { session, receiver } = aSession();
  receiver.room = 0;
  session.deliver(aMessage('at most once'), 0);
  session.detach(Infinity);
  const next = new TestReceiver();
  session.attach(next, true);
  assert.deepEqual(next.sent, []);
});
