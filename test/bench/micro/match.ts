/** Who receives what is published on a topic. */
import { limitsOf } from '../../../domain/limits.ts';
import { filterMatches, splitLevels } from '../../../domain/topic-filter.ts';
import { newMetrics } from '../../../broker/metrics.ts';
import { Router } from '../../../broker/routing/router.ts';
import { SubscriptionTrie } from '../../../broker/routing/subscription-trie.ts';
import type { Receiver } from '../../../broker/session/session.ts';
import { Session } from '../../../broker/session/session.ts';
import type { Benchmark, Plain, Prepared } from './benchmark.ts';
import { aMessage } from './samples.ts';

const FILTERS = [1, 100, 10000, 100000] as const;
/** Beside those of single devices: everything that is a temperature, and everything. */
const WILDCARDS = ['plant/+/+/temperature', 'plant/#'] as const;
/** Published on in turn. */
const TOPICS = 64;
/** More take milliseconds each. */
const IN_TURN_MAX = 10000;
const DEVICES_OF_A_PLANT = 100;

function topicOf(device: number): string {
  return `plant/${Math.floor(device / DEVICES_OF_A_PLANT)}/device-${device}/temperature`;
}

function topicsOf(devices: number): string[][] {
  const step = Math.max(1, Math.floor(devices / TOPICS));
  return Array.from({ length: Math.min(devices, TOPICS) }, (_, index) =>
    splitLevels(topicOf(index * step)),
  );
}

function triePrepared(devices: number): Prepared {
  const names = Array.from({ length: devices }, (_, device) => topicOf(device));
  const filters = [...names, ...WILDCARDS].map(splitLevels);
  const trie = new SubscriptionTrie<number>();
  filters.forEach((filter, number) => trie.add(filter, number));
  const topics = topicsOf(devices);
  return {
    operate: (index) => trie.match(topics[index % topics.length]!).length,
    ...(devices <= IN_TURN_MAX && { plain: inTurn(filters, topics) }),
    yields: 1 + WILDCARDS.length,
  };
}

function inTurn(filters: readonly string[][], topics: readonly string[][]): Plain {
  return {
    what: 'every filter in turn',
    operate(index) {
      const topic = topics[index % topics.length]!;
      let found = 0;
      for (const filter of filters) if (filterMatches(filter, topic)) found++;
      return found;
    },
  };
}

/** A client that takes everything and remembers how often. */
class CountingReceiver implements Receiver {
  readonly receiveMaximum = 65535;
  readonly writable = true;
  received = 0;

  fits(): boolean {
    return true;
  }

  admits(): boolean {
    return true;
  }

  sendAtMostOnce(): void {
    this.received++;
  }

  sendAtLeastOnce(): void {
    this.received++;
  }
}

function aSession(name: string, receiver: Receiver): Session {
  const session = new Session(name, {
    limits: limitsOf(),
    metrics: newMetrics(),
    clock: { nowMs: () => 0, every: () => () => undefined },
    store: undefined,
    overflowed: () => undefined,
  });
  session.attach(receiver, false);
  return session;
}

/** Each device has a subscriber of its own. */
function routerPrepared(devices: number, isCached: boolean): Prepared {
  const router = new Router();
  const receiver = new CountingReceiver();
  const publisher = aSession('publisher', new CountingReceiver());
  const topics = Array.from({ length: devices }, (_, device) => topicOf(device));
  topics.forEach((filter, number) => {
    router.add({
      session: aSession(`subscriber-${number}`, receiver),
      filter,
      levels: splitLevels(filter),
      qos: 0,
      noLocal: false,
      permitted: true,
      lowFanout: false,
    });
  });
  const message = aMessage(0);
  const known = isCached ? topics.map((topic) => router.route(topic)) : [];
  // Not the index, which begins anew with every round, when the first topics would be known.
  let calls = 0;
  return {
    operate() {
      const number = calls++ % devices;
      receiver.received = 0;
      router.publish(known[number] ?? router.route(topics[number]!), message, publisher);
      return receiver.received;
    },
    yields: 1,
  };
}

/** More topics than routes are remembered, so that none is known when its turn comes again. */
const UNKNOWN_TOPICS = 20000;

export const MATCH: readonly Benchmark[] = [
  ...FILTERS.map((count): Benchmark => ({
    group: 'match',
    name: `trie of ${count + WILDCARDS.length} filters`,
    prepare: () => triePrepared(count),
  })),
  {
    group: 'match',
    name: 'route of a topic in use, to a session',
    prepare: () => routerPrepared(1000, true),
  },
  {
    group: 'match',
    name: 'route of a topic never seen, to a session',
    prepare: () => routerPrepared(UNKNOWN_TOPICS, false),
  },
];
