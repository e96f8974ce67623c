import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Limits } from '../../domain/limits.ts';
import { limitsOf } from '../../domain/limits.ts';
import type { Metrics } from '../metrics.ts';
import { newMetrics } from '../metrics.ts';
import { layoutOf, Message } from '../packets/message.ts';
import type { Receiver } from './session.ts';
import { Session } from './session.ts';

/** A client that notes what it is sent, and acknowledges when it is told to. */
class TestReceiver implements Receiver {
  receiveMaximum = 65535;
  writable = true;
  packetBytesMax = Infinity;
  /** `payload`, or `payload again` with DUP. */
  readonly sent: string[] = [];
  readonly unacknowledged: number[] = [];

  admits(): boolean {
    return true;
  }

  fits(message: Message, qos: 0 | 1): boolean {
    return message.packetBytes(layoutOf(4, qos)) <= this.packetBytesMax;
  }

  sendAtMostOnce(message: Message): void {
    this.sent.push(payloadOf(message));
  }

  sendAtLeastOnce(message: Message, packetIdentifier: number, duplicate: boolean): void {
    this.sent.push(payloadOf(message) + (duplicate ? ' again' : ''));
    this.unacknowledged.push(packetIdentifier);
  }
}

function payloadOf(message: Message): string {
  return message.shared(4).toString('latin1', 2 + 2 + 't'.length);
}

function aMessage(payload: string, qos: 0 | 1 = 1, expirySeconds?: number): Message {
  const properties = Buffer.alloc(expirySeconds === undefined ? 0 : 5, 2);
  if (expirySeconds !== undefined) properties.writeUInt32BE(expirySeconds, 1);
  return Message.of({
    topic: Buffer.from('t'),
    qos,
    payload: Buffer.from(payload),
    properties,
    messageExpiryStart: expirySeconds === undefined ? -1 : 1,
    receivedAtMs: 0,
  });
}

interface World {
  readonly session: Session;
  readonly metrics: Metrics;
  readonly overflows: Session[];
  nowMs: number;
}

function aWorld(limits: Partial<Limits> = {}): World {
  const metrics = newMetrics();
  const overflows: Session[] = [];
  const clock = { nowMs: () => world.nowMs, every: () => () => undefined };
  const session = new Session('client', {
    limits: limitsOf(limits),
    metrics,
    clock,
    store: undefined,
    overflowed: (overflowed) => void overflows.push(overflowed),
  });
  const world: World = { session, metrics, overflows, nowMs: 0 };
  return world;
}

test('a message waits while as many are in flight as the limit allows', () => {
  const { session } = aWorld({ inFlightMessages: 2 });
  const receiver = new TestReceiver();
  session.attach(receiver, true);
  for (const payload of ['1', '2', '3', '4']) session.deliver(aMessage(payload), 1);
  assert.deepEqual(receiver.sent, ['1', '2']);
  session.acknowledge(receiver.unacknowledged[0]!);
  assert.deepEqual(receiver.sent, ['1', '2', '3']);
  assert.equal(session.queuedMessages, 1);
});

test('an acknowledgement of nothing in flight changes nothing', () => {
  const { session } = aWorld();
  session.attach(new TestReceiver(), true);
  assert.equal(session.acknowledge(7), false);
});

test('QoS 0 is for those who are there and read', () => {
  const { session, metrics } = aWorld();
  session.deliver(aMessage('nobody', 0), 1);
  const receiver = new TestReceiver();
  session.attach(receiver, true);
  receiver.writable = false;
  session.deliver(aMessage('slow', 0), 1);
  receiver.writable = true;
  session.deliver(aMessage('read', 0), 1);
  session.deliver(aMessage('granted 0', 1), 0);
  assert.deepEqual(receiver.sent, ['read', 'granted 0']);
  assert.equal(metrics.messagesDroppedSlowConsumer, 1);
});

test('what is larger than the client takes is left out, and the rest goes on', () => {
  const { session, metrics } = aWorld();
  const receiver = new TestReceiver();
  receiver.packetBytesMax = 20;
  session.attach(receiver, true);
  for (const payload of ['small', 'l'.repeat(50), 'next']) {
    session.deliver(aMessage(payload, 1), 1);
    session.deliver(aMessage(payload, 0), 1);
  }
  assert.deepEqual(receiver.sent, ['small', 'small', 'next', 'next']);
  assert.equal(metrics.messagesDroppedPacketTooLarge, 2);
});

test('a message that expired while it waited is not sent', () => {
  const world = aWorld();
  world.session.deliver(aMessage('stale', 1, 5), 1);
  world.session.deliver(aMessage('fresh', 1, 60), 1);
  world.nowMs = 5001;
  const receiver = new TestReceiver();
  world.session.attach(receiver, true);
  assert.deepEqual(receiver.sent, ['fresh']);
  assert.equal(world.metrics.messagesDroppedExpired, 1);
});

test('a message that expires at once is for those who are there', () => {
  const { session } = aWorld();
  const receiver = new TestReceiver();
  session.attach(receiver, true);
  session.deliver(aMessage('now', 1, 0), 1);
  assert.deepEqual(receiver.sent, ['now']);
});

test('the queue is bounded in bytes as well', () => {
  const { session, overflows } = aWorld({ sessionQueueBytes: 1024 });
  for (let index = 0; index < 3; index++) session.deliver(aMessage('x'.repeat(500)), 1);
  assert.deepEqual(overflows, [session]);
});

test('withdrawn messages are neither sent nor sent again, and late PUBACKs do no harm', () => {
  const { session, metrics } = aWorld({ inFlightMessages: 2 });
  const first = new TestReceiver();
  session.attach(first, true);
  for (const payload of ['secret 1', 'open 2', 'secret 3', 'open 4']) {
    session.deliver(aMessage(payload), 1);
  }
  session.withdraw((message) => payloadOf(message).startsWith('open'));
  assert.equal(metrics.messagesDroppedNotAuthorized, 2);
  session.detach(Infinity);
  const second = new TestReceiver();
  session.attach(second, true);
  assert.deepEqual(second.sent, ['open 2 again', 'open 4']);
  session.acknowledge(first.unacknowledged[0]!);
  assert.equal(session.queuedMessages, 0);
});

test('what was sent before is sent again before what is new, however late the client reads', () => {
  const { session } = aWorld();
  session.attach(new TestReceiver(), true);
  session.deliver(aMessage('1'), 1);
  session.detach(Infinity);
  const receiver = new TestReceiver();
  receiver.writable = false;
  session.attach(receiver, true);
  receiver.writable = true;
  session.deliver(aMessage('2'), 1);
  session.pump();
  assert.deepEqual(receiver.sent, ['1 again', '2']);
});

type Step = 'deliver' | 'acknowledge' | 'reconnect' | 'lose' | 'stall';

test('every message arrives, in order, whatever happens to the connection', () => {
  const step = fc.constantFrom<Step>('deliver', 'acknowledge', 'reconnect', 'lose', 'stall');
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 200 }),
      fc.integer({ min: 1, max: 4 }),
      (steps, window) => {
        const { session } = aWorld({ inFlightMessages: 4 });
        const arrived = new Set<string>();
        const order: string[] = [];
        let delivered = 0;
        let receiver: TestReceiver | undefined;
        const look = (): void => {
          for (const sent of receiver?.sent.splice(0) ?? []) {
            const payload = sent.replace(' again', '');
            assert.ok(sent.endsWith(' again') === arrived.has(payload));
            if (!arrived.has(payload)) order.push(payload);
            arrived.add(payload);
          }
          assert.ok((receiver?.unacknowledged.length ?? 0) <= window);
        };
        const actions: Record<Step, () => void> = {
          deliver: () => session.deliver(aMessage(String(delivered++)), 1),
          acknowledge() {
            const identifier = receiver?.unacknowledged.shift();
            if (identifier !== undefined) assert.ok(session.acknowledge(identifier));
          },
          reconnect() {
            receiver = new TestReceiver();
            receiver.receiveMaximum = window;
            session.attach(receiver, true);
          },
          lose() {
            session.detach(Infinity);
            receiver = undefined;
          },
          stall() {
            if (receiver !== undefined) receiver.writable = !receiver.writable;
            session.pump();
          },
        };
        for (const action of steps) {
          actions[action]();
          look();
        }
        actions.reconnect();
        for (let turn = 0; turn < 2 * delivered + 2; turn++) {
          look();
          actions.acknowledge();
        }
        assert.deepEqual(
          order,
          Array.from({ length: delivered }, (_, index) => String(index)),
        );
      },
    ),
  );
});
