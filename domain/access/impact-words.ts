/** A change of access in words: on which topics, and whose. */
import { printable } from '../text.ts';
import type { AccessChange } from './impact.ts';
import { isEqualJson } from './policy.ts';

/** Names shown of the clients that share a change. */
const NAMES_MAX = 5;

export function firstNames(names: readonly string[]): string {
  const shown = names.slice(0, NAMES_MAX).map(printable).join(', ');
  return names.length <= NAMES_MAX ? shown : `${shown} and ${names.length - NAMES_MAX} more`;
}

export function clientsOf({ clients }: AccessChange): string {
  return firstNames(clients.map(({ client }) => client));
}

/** As topic filters where they are one and the same for all clients; else as templates. */
export function topicsOf(access: AccessChange): string {
  const { topics, except } = commonShare(access);
  const known = access.change === 'Gained' ? 'which it had' : 'which it keeps';
  const but = except.length === 0 ? '' : `, but for ${except.join(' and ')}, ${known}`;
  return printable(topics + but);
}

function commonShare({ topicTemplate, except, clients }: AccessChange): {
  readonly topics: string;
  readonly except: readonly string[];
} {
  const [first, ...others] = clients.map((share) => ({ ...share, client: '' }));
  const [topic = topicTemplate] = first?.topics ?? [];
  const isCommon = others.every((share) => isEqualJson(share, first));
  if (first?.topics.length === 1 && isCommon) return { topics: topic, except: first.except };
  const example = topic === topicTemplate ? '' : ` (such as ${topic})`;
  return { topics: topicTemplate + example, except };
}

/** `2 clients gain publish on samples/#: a, b`. */
export function describeAccess(access: AccessChange): string {
  const { change, permission, clients } = access;
  const verb = change === 'Gained' ? 'gain' : 'lose';
  const operation = permission === 'Publisher' ? 'publish' : 'subscribe';
  const who = clients.length === 1 ? `1 client ${verb}s` : `${clients.length} clients ${verb}`;
  return `${who} ${operation} on ${topicsOf(access)}: ${clientsOf(access)}`;
}
