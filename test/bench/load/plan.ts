/** Who publishes and subscribes what, and in which thread of the load generator. */
import { clientName } from '../certificates.ts';
import type { Group } from './job.ts';
import { ROOT } from './job.ts';

export interface PublisherPlan {
  readonly client: string;
  readonly topic: string;
  /** How many subscribers get each message. */
  readonly receivers: number;
  readonly rate: number | undefined;
  readonly thread: number;
}

export interface SubscriberPlan {
  readonly client: string;
  readonly filter: string;
  readonly thread: number;
}

export interface Plan {
  readonly publishers: readonly PublisherPlan[];
  readonly subscribers: readonly SubscriberPlan[];
}

export function planOf(groups: readonly Group[], threads: number): Plan {
  const publishers: PublisherPlan[] = [];
  const subscribers: SubscriberPlan[] = [];
  let first = 0;
  for (const group of groups) {
    for (let index = 0; index < group.publishers; index++) {
      publishers.push(publisherOf(group, { first, index, thread: index % threads }));
    }
    for (let index = 0; index < group.subscribers; index++) {
      subscribers.push(subscriberOf(group, { first, index, thread: index % threads }));
    }
    first += group.publishers + group.subscribers;
  }
  return { publishers, subscribers };
}

/** How many client certificates the groups take. */
export function clientsOf(groups: readonly Group[]): number {
  return groups.reduce((sum, { publishers, subscribers }) => sum + publishers + subscribers, 0);
}

interface Place {
  /** The first client number of the group. */
  readonly first: number;
  readonly index: number;
  readonly thread: number;
}

function publisherOf(group: Group, { first, index, thread }: Place): PublisherPlan {
  const client = clientName(first + index);
  const peer = clientName(first + group.publishers + (index % group.subscribers));
  const topics = { pairs: `cmd/${peer}`, fanIn: `in/${client}`, fanOut: `out/${index}` };
  const receivers = group.shape === 'pairs' ? 1 : group.subscribers;
  return { client, topic: `${ROOT}/${topics[group.shape]}`, receivers, rate: group.rate, thread };
}

function subscriberOf(group: Group, { first, index, thread }: Place): SubscriberPlan {
  const client = clientName(first + group.publishers + index);
  const filters = { pairs: `cmd/${client}`, fanIn: 'in/#', fanOut: 'out/#' };
  return { client, filter: `${ROOT}/${filters[group.shape]}`, thread };
}
