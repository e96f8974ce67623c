/** Nothing keeps an object from being deleted, but who deletes it is told what it leaves behind. */
import type { NamespaceWorld } from '../../domain/compile.ts';
import { printObject } from '../../domain/compile/peers.ts';
import type { Resource, ResourceOf } from '../../domain/resources.ts';
import { isRecord } from '../../domain/validate/shape.ts';

export function deletionWarnings(
  world: NamespaceWorld,
  resource: Resource,
  subscriptions: readonly ResourceOf<'EventSubscription'>[],
): string[] {
  switch (resource.kind) {
    case 'MqttNamespace':
      return ofMqttNamespace(world);
    case 'ClientGroup':
      return ofTarget(world, resource, 'clientGroupName');
    case 'TopicSpace':
      return ofTarget(world, resource, 'topicSpaceName');
    case 'EventTopic':
      return ofEventTopic(world, resource, subscriptions);
    default:
      return [];
  }
}

function ofMqttNamespace({ members }: NamespaceWorld): string[] {
  const count = Object.values(members).reduce((sum, { peers }) => sum + peers.length, 0);
  if (count === 0) return [];
  return [`${count} objects belong to it and stay, without a broker`];
}

type Target = ResourceOf<'ClientGroup'> | ResourceOf<'TopicSpace'>;

function ofTarget(
  { members }: NamespaceWorld,
  { kind, metadata }: Target,
  field: 'clientGroupName' | 'topicSpaceName',
): string[] {
  const { holders } = kind === 'ClientGroup' ? members.clientGroups : members.topicSpaces;
  const names = new Map([...holders].map(([name, { resource }]) => [resource.metadata.name, name]));
  const name = names.get(metadata.name);
  const bindings = members.permissionBindings.peers.filter(({ value }) => value?.[field] === name);
  return name === undefined ? [] : naming(bindings);
}

function ofEventTopic(
  { owners }: NamespaceWorld,
  { metadata }: ResourceOf<'EventTopic'>,
  subscriptions: readonly ResourceOf<'EventSubscription'>[],
): string[] {
  const routing = [...owners.values()].filter(({ value }) => value?.routeTopic === metadata.name);
  const subscribed = subscriptions
    .filter(({ spec }) => topicOf(spec) === metadata.name)
    .map((resource) => ({ resource }));
  return [...naming(routing), ...naming(subscribed)];
}

function topicOf(spec: unknown): unknown {
  return isRecord(spec) && isRecord(spec.topicRef) ? spec.topicRef.name : undefined;
}

function naming(referring: readonly { readonly resource: Resource }[]): string[] {
  const [first, ...others] = referring;
  if (first === undefined) return [];
  const more = others.length === 0 ? '' : ` and ${others.length} more`;
  return [`named by ${printObject(first.resource)}${more}, not resolved without it`];
}
