/** What subscriptions, topics and queued messages cost the broker that keeps them. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { limitsOf } from '../../../domain/limits.ts';
import { splitLevels } from '../../../domain/topic-filter.ts';
import { newMetrics } from '../../../broker/metrics.ts';
import { emptyMessageSource, Message } from '../../../broker/packets/message.ts';
import { Router } from '../../../broker/routing/router.ts';
import type { Receiver, SessionContext, Subscription } from '../../../broker/session/session.ts';
import { Session } from '../../../broker/session/session.ts';
import { SqliteStore } from '../../../broker/store/sqlite-store.ts';
import { systemClock } from '../../../broker/clock.ts';
import type { Curve } from './curve.ts';
import { TENS } from './curve.ts';
import { costOf, costOnce } from './stopwatch.ts';

const QUEUE_MESSAGES_MAX = 1_000_000;
const PAYLOAD_BYTES = 128;

const CONTEXT: SessionContext = {
  limits: limitsOf({ sessionQueueMessages: QUEUE_MESSAGES_MAX }),
  metrics: newMetrics(),
  clock: systemClock,
  store: undefined,
  overflowed: () => {
    throw new Error('the queue is full');
  },
};

function messageOf(number: number): Message {
  const bytes = Buffer.alloc(PAYLOAD_BYTES);
  const source = { ...emptyMessageSource(), topic: TOPIC, qos: 1 as const, number };
  return new Message({ ...source, bytes, end: bytes.length });
}

const TOPIC = Buffer.from('bench/traffic/queue');

function subscriptionTo(filter: string, session: Session): Subscription {
  const levels = splitLevels(filter);
  return { session, filter, levels, qos: 0, noLocal: false, permitted: true, lowFanout: false };
}

function subscriptionsOf(count: number, filterOf: (index: number) => string): Subscription[] {
  const session = new Session('subscriber', CONTEXT);
  return Array.from({ length: count }, (_, at) => subscriptionTo(filterOf(at), session));
}

const EXACT = (index: number): string => `site-${index % 100}/line/${index}/temperature`;
/** They have levels in common with every topic, and match none. */
const WILDCARDS = (index: number): string => `+/line/+/alarm-${index}/#`;

/** Of a topic whose receivers are found anew: each change of a subscription comes before it. */
function costOfRoute(count: number, filterOf: (index: number) => string): number {
  const router = new Router();
  for (const subscription of subscriptionsOf(count, filterOf)) router.add(subscription);
  const receiver = new Session('receiver', CONTEXT);
  router.add(subscriptionTo('+/line/1/#', receiver));
  const publisher = new Session('publisher', CONTEXT);
  const message = messageOf(0);
  const topics = Array.from({ length: 1000 }, (_, at) => `site-1/line/1/${at}`);
  const other = subscriptionTo('#', receiver);
  return costOf((call) => {
    router.add(other);
    router.remove(other);
    router.publish(router.route(topics[call % topics.length]!), message, publisher);
  });
}

class WillingReceiver implements Receiver {
  readonly receiveMaximum = 100;
  readonly writable = true;
  readonly sent: number[] = [];
  readonly fits = (): boolean => true;
  readonly admits = (): boolean => true;
  readonly sendAtMostOnce = (): void => undefined;
  sendAtLeastOnce(_message: Message, packetIdentifier: number): void {
    this.sent.push(packetIdentifier);
  }
}

function queueOf(count: number): Session {
  const session = new Session('away', CONTEXT);
  for (let number = 1; number <= count; number++) session.deliver(messageOf(number), 1);
  return session;
}

/** The client comes back and acknowledges as messages come. */
function drain(session: Session): void {
  const receiver = new WillingReceiver();
  session.attach(receiver, true);
  for (let at = 0; at < receiver.sent.length; at++) session.acknowledge(receiver.sent[at]!);
  if (session.queuedMessages > 0) throw new Error('messages are left');
}

/** Bytes that a queue holds, of the heap and of buffers. */
function memoryOfQueue(count: number): number {
  const collect = globalThis.gc ?? ((): void => undefined);
  const bytes = (): number => {
    collect();
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return heapUsed + arrayBuffers;
  };
  const before = bytes();
  const session = queueOf(count);
  const kept = bytes() - before;
  return session.queuedMessages === count ? Math.max(1, kept) / 1024 : NaN;
}

/** Until all is written and, page by page, read and acknowledged; wall time, threads and disk. */
async function costOfStoredQueue(count: number): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'mqttgrid-bench-'));
  const store = await SqliteStore.open(join(folder, 'sessions.db'), pino({ level: 'silent' }));
  try {
    store.listen({ committed: () => undefined, withdrawn: () => undefined });
    const id = store.newSessionId();
    store.putSession(id, 'away');
    const startedMs = performance.now();
    for (let each = 0; each < count; each++) {
      const message = messageOf(store.newMessageNumber());
      message.owners.push(id);
      store.append(message);
    }
    let read = 0;
    let after = 0;
    for (let last = false; !last;) {
      const page = await store.read(id, after);
      for (const { number } of page.messages) store.acknowledge(id, (after = number));
      read += page.messages.length;
      last = page.last;
    }
    if (read !== count) throw new Error(`${read} of ${count} messages came back`);
    return performance.now() - startedMs;
  } finally {
    await store.close();
    rmSync(folder, { recursive: true });
  }
}

const ALL = { unit: 'µs', expected: 'O(n)', ...TENS } as const;
const ONE = { unit: 'µs', expected: 'O(1)', ...TENS } as const;

export const BROKER_CURVES: readonly Curve[] = [
  {
    ...{ name: 'subscribe', of: 'subscriptions', what: 'taking all of them', ...ALL },
    measure: (n) =>
      costOnce(
        () => subscriptionsOf(n, EXACT),
        (subscriptions) => {
          const router = new Router();
          for (const each of subscriptions) router.add(each);
        },
      ),
  },
  {
    ...{ name: 'route-exact', of: 'subscriptions', what: 'a topic’s receivers found anew' },
    ...{ ...ONE, measure: (n) => costOfRoute(n, EXACT) },
  },
  {
    ...{ name: 'route-wildcards', of: 'filters with wildcards', what: 'receivers found anew' },
    ...{ ...ONE, measure: (n) => costOfRoute(n, WILDCARDS) },
  },
  {
    ...{ name: 'queue-fill', of: 'queued messages', what: 'taking all for a client away', ...ALL },
    measure: (n) => costOnce(() => n, queueOf),
  },
  {
    ...{ name: 'queue-drain', of: 'queued messages', what: 'sending all, acknowledged', ...ALL },
    measure: (n) => costOnce(() => queueOf(n), drain),
  },
  {
    ...{ name: 'queue-memory', of: 'queued messages', what: 'memory', ...ALL, unit: 'KiB' },
    sizes: [3000, 10000, 30000, 100000],
    quickSizes: [3000, 10000, 30000],
    measure: memoryOfQueue,
  },
  {
    ...{ name: 'queue-stored', of: 'stored messages', what: 'storing, reading, acknowledging all' },
    ...{ ...ALL, unit: 'ms', sizes: [1000, 3000, 10000, 30000, 100000] },
    measure: costOfStoredQueue,
  },
];
