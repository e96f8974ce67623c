/** May this client publish or subscribe here? And what it is told if not. */
import { LIMIT_RULES } from '../limits.ts';
import { quote } from '../text.ts';
import { checkTopicFilter, checkTopicName, splitLevels } from '../topic-filter.ts';
import { boundTemplateContains, boundTemplateMatches, templateMayFit } from '../topic-template.ts';
import { describeMiss, findNearest } from './near-miss.ts';
import type { ClientAccess, Grant } from './policy.ts';

export type Operation = 'publish' | 'subscribe';

export interface AccessQuestion {
  /** The specification's name of a client. */
  readonly client: string;
  readonly operation: Operation;
  /** A topic name to publish to, a topic filter to subscribe with. */
  readonly topic: string;
}

/** Of any MQTT string; what a namespace allows is for who receives the packet to check. */
const TOPIC_BYTES_MAX = LIMIT_RULES.topicBytes.ceiling;

/** The grant by which a client may publish to a topic. Undefined: it may not. */
export function mayPublish(access: ClientAccess, topic: string): Grant | undefined {
  if (access.client.state !== 'Enabled') return undefined;
  // A wildcard in a topic name would otherwise pass where a template has one.
  if (checkTopicName(topic, TOPIC_BYTES_MAX) !== undefined) return undefined;
  const levels = splitLevels(topic);
  return access.publish.find(
    (grant) => templateMayFit(grant.source, levels) && boundTemplateMatches(grant.template, levels),
  );
}

/**
 * The grant by which a client may subscribe with a topic filter: one template that contains all
 * that the filter matches. Undefined: it may not.
 */
export function maySubscribe(access: ClientAccess, filter: string): Grant | undefined {
  if (access.client.state !== 'Enabled') return undefined;
  if (checkTopicFilter(filter, TOPIC_BYTES_MAX) !== undefined) return undefined;
  const levels = splitLevels(filter);
  return access.subscribe.find(
    (grant) =>
      templateMayFit(grant.source, levels) && boundTemplateContains(grant.template, levels),
  );
}

/** The grant by which the client may do what is asked. Undefined: it may not. */
export function grantFor(
  access: ClientAccess,
  { operation, topic }: AccessQuestion,
): Grant | undefined {
  return operation === 'publish' ? mayPublish(access, topic) : maySubscribe(access, topic);
}

export function printOperation(operation: Operation, topic: string): string {
  return `${operation === 'publish' ? 'publish to' : 'subscribe to'} ${quote(topic)}`;
}

/**
 * Why an operation was refused, for the client itself: it names what was asked for and the nearest
 * template that the client's own bindings grant, and nothing of others'. At most some 3 KiB.
 */
export function refusalReason(access: ClientAccess, operation: Operation, topic: string): string {
  const refused = `not permitted to ${printOperation(operation, topic)}`;
  if (access.client.state !== 'Enabled') return `${refused}: this client is disabled`;
  const check = operation === 'publish' ? checkTopicName : checkTopicFilter;
  const fault = check(topic, TOPIC_BYTES_MAX);
  if (fault !== undefined) return `${refused}: ${fault.message}`;
  const grants = access[operation];
  const templates = grants.map(({ template }) => template);
  const nearest = findNearest(templates, splitLevels(topic));
  if (nearest === undefined) {
    return `${refused}: no permission binding lets this client ${operation} at all`;
  }
  return `${refused}: the nearest of this client's topic templates is ${describeMiss(nearest)}`;
}
