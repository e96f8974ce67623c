/** Topic spaces by what their templates cover, whether or not a client is bound to them. */
import type { Permission, SubscriptionSupport } from '../resources.ts';
import type { Snapshot, SnapshotClient } from '../snapshot.ts';
import { splitLevels } from '../topic-filter.ts';
import {
  bindTemplate,
  boundTemplateContains,
  boundTemplateMatches,
  type BoundTemplate,
} from '../topic-template.ts';
import type { AccessQuestion, Operation } from './decision.ts';
import { identityOf, parseTopicSpaces } from './policy.ts';

/** A topic space as one client would see it. */
export interface SpaceView {
  readonly name: string;
  readonly subscriptionSupport: SubscriptionSupport;
  /** With the client's own values. */
  readonly templates: readonly BoundTemplate[];
}

export function spacesSeenBy(client: SnapshotClient, snapshot: Snapshot): readonly SpaceView[] {
  const identity = identityOf(client);
  return [...parseTopicSpaces(snapshot).values()].map(({ space, templates }) => ({
    name: space.name,
    subscriptionSupport: space.subscriptionSupport,
    templates: templates.map((template) => bindTemplate(template, identity)),
  }));
}

/** Whether a template covers what is asked, for the client that it is bound to. */
export function covers(template: BoundTemplate, { operation, topic }: AccessQuestion): boolean {
  const levels = splitLevels(topic);
  return operation === 'publish'
    ? boundTemplateMatches(template, levels)
    : boundTemplateContains(template, levels);
}

/** Whether a binding to the space can permit the operation at all. */
export function permits(
  { subscriptionSupport }: { readonly subscriptionSupport: SubscriptionSupport },
  operation: Operation,
): boolean {
  return operation === 'publish' || subscriptionSupport !== 'NotSupported';
}

export function permissionFor(operation: Operation): Permission {
  return operation === 'publish' ? 'Publisher' : 'Subscriber';
}
