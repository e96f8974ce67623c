/** Examples of what the clients of a MqttNamespace may really do, found in its permissions. */
import { buildPolicy, mayPublish, maySubscribe } from '../domain/access.ts';
import type { Grant, Policy } from '../domain/access.ts';
import { findOverlap } from '../domain/overlap.ts';
import type { Snapshot } from '../domain/snapshot.ts';
import { parseTopicTemplate, printBoundTemplate } from '../domain/topic-template.ts';
import type { TopicTemplate } from '../domain/topic-template.ts';

export interface Publication {
  readonly client: string;
  readonly topic: string;
}

export interface Subscription {
  readonly client: string;
  readonly filter: string;
}

export interface Exchange {
  readonly publication?: Publication;
  readonly subscription?: Subscription;
}

/** Clients, and permissions of all of them, that are looked at: an example needs no more. */
const CLIENTS_MAX = 50;
const OFFERS_MAX = 200;

/** One client's permission, with its own values in the template. */
interface Offer {
  readonly client: string;
  readonly template: TopicTemplate;
}

function offersOf(policy: Policy, clients: readonly string[], side: 'publish' | 'subscribe') {
  const offers: Offer[] = [];
  for (const client of clients) {
    const grants: readonly Grant[] = policy.clientAccess(client)?.[side] ?? [];
    for (const grant of grants) {
      const parsed = parseTopicTemplate(printBoundTemplate(grant.template));
      if (parsed.ok && offers.length < OFFERS_MAX) offers.push({ client, template: parsed.value });
    }
  }
  return offers;
}

/** Topics that both match, the most telling first. */
function topicsOf(left: TopicTemplate, right: TopicTemplate): string[] {
  const witness = findOverlap(left, right);
  if (witness === undefined) return [];
  const open = [left, right].every(({ levels }) => levels.at(-1)?.type === 'MultiLevelWildcard');
  return open ? [`${witness}/topic`, witness] : [witness];
}

class ExchangeSearch {
  readonly #policy: Policy;

  constructor(policy: Policy) {
    this.#policy = policy;
  }

  publication({ client, template }: Offer, matching: TopicTemplate): Publication | undefined {
    const access = this.#policy.clientAccess(client);
    const may = (topic: string): boolean =>
      access !== undefined && mayPublish(access, topic) !== undefined;
    const topic = topicsOf(template, matching).find(may);
    return topic === undefined ? undefined : { client, topic };
  }

  /** With the whole template as filter where the client may, with the topic alone otherwise. */
  subscription({ client, template }: Offer, topic?: string): Subscription | undefined {
    const access = this.#policy.clientAccess(client);
    const filters = topic === undefined ? [template.text] : [template.text, topic];
    const may = (filter: string): boolean =>
      access !== undefined && maySubscribe(access, filter) !== undefined;
    const filter = filters.find(may);
    return filter === undefined ? undefined : { client, filter };
  }
}

/**
 * A message that one of these clients may publish and another may receive; failing that, what one
 * may do alone. Of equal snapshots always the same.
 */
export function findExchange(snapshot: Snapshot, isUsable: (client: string) => boolean): Exchange {
  const enabled = snapshot.clients.filter(({ state }) => state === 'Enabled');
  const clients = enabled.map(({ name }) => name).filter(isUsable);
  const policy = buildPolicy(snapshot);
  const search = new ExchangeSearch(policy);
  const publishers = offersOf(policy, clients.slice(0, CLIENTS_MAX), 'publish');
  const subscribers = offersOf(policy, clients.slice(0, CLIENTS_MAX), 'subscribe');
  for (const publisher of publishers) {
    for (const subscriber of subscribers.filter(({ client }) => client !== publisher.client)) {
      const publication = search.publication(publisher, subscriber.template);
      const subscription = publication && search.subscription(subscriber, publication.topic);
      if (publication !== undefined && subscription !== undefined) {
        return { publication, subscription };
      }
    }
  }
  const [publication] = publishers.flatMap((each) => search.publication(each, each.template) ?? []);
  const [subscription] = subscribers.flatMap((each) => search.subscription(each) ?? []);
  return { ...(publication && { publication }), ...(subscription && { subscription }) };
}
