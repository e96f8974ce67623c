/** A snapshot made ready for questions about its clients. */
import {
  clientMatchesQuery,
  parseGroupQuery,
  type GroupQuery,
} from '../group-query/group-query.ts';
import { ALL_CLIENTS_GROUP } from '../names.ts';
import type { SubscriptionSupport } from '../resources.ts';
import type {
  Snapshot,
  SnapshotClient,
  SnapshotPermissionBinding,
  SnapshotTopicSpace,
} from '../snapshot.ts';
import {
  bindTemplate,
  parseTopicTemplate,
  type BoundTemplate,
  type ClientIdentity,
  type TopicTemplate,
} from '../topic-template.ts';

/** One permission of one client: a template of a topic space, through a binding of its group. */
export interface Grant {
  readonly binding: string;
  readonly clientGroup: string;
  readonly topicSpace: string;
  readonly subscriptionSupport: SubscriptionSupport;
  /** With the client's own values. */
  readonly template: BoundTemplate;
}

/** All that one client may do. Who has no grant may do nothing. */
export interface ClientAccess {
  readonly client: SnapshotClient;
  /** `$all` included; sorted. */
  readonly groups: readonly string[];
  readonly publish: readonly Grant[];
  readonly subscribe: readonly Grant[];
}

export interface Policy {
  readonly snapshot: Snapshot;
  /** What was worked out so far, by client. */
  readonly known: ReadonlyMap<string, ClientAccess>;
  /** Undefined: there is no such client. Worked out when first asked for, and kept. */
  clientAccess(name: string): ClientAccess | undefined;
}

export interface ParsedTopicSpace {
  readonly space: SnapshotTopicSpace;
  readonly templates: readonly TopicTemplate[];
}

/** By name. A template that cannot be parsed grants nothing: `compile` lets none through. */
export function parseTopicSpaces(snapshot: Snapshot): ReadonlyMap<string, ParsedTopicSpace> {
  const parse = (space: SnapshotTopicSpace): ParsedTopicSpace => {
    const parsed = space.topicTemplates.map(parseTopicTemplate);
    return { space, templates: parsed.flatMap((template) => (template.ok ? template.value : [])) };
  };
  return new Map(snapshot.topicSpaces.map((space) => [space.name, parse(space)]));
}

/** By name. A query that cannot be parsed selects nobody. */
function parseQueries(snapshot: Snapshot): ReadonlyMap<string, GroupQuery> {
  return new Map(
    snapshot.clientGroups.flatMap(({ name, query }) => {
      const parsed = parseGroupQuery(query);
      return parsed.ok ? [[name, parsed.value] as const] : [];
    }),
  );
}

export function identityOf(client: SnapshotClient): ClientIdentity {
  return { name: client.name, attributes: new Map(Object.entries(client.attributes)) };
}

/**
 * Given the policy before it, answers for clients whom no change concerns are the same objects as
 * before, so that who keeps one sees at a glance that nothing has to be judged anew.
 */
export function buildPolicy(snapshot: Snapshot, previous?: Policy): Policy {
  const clients = new Map(snapshot.clients.map((client) => [client.name, client]));
  const queries = parseQueries(snapshot);
  const spaces = parseTopicSpaces(snapshot);
  // As many entries as the snapshot has clients, at most.
  const known = new Map<string, ClientAccess>();
  const reused = previous !== undefined && hasEqualRules(previous.snapshot, snapshot);
  const earlier = reused ? previous.known : new Map<string, ClientAccess>();
  return {
    snapshot,
    known,
    clientAccess: (name) => {
      const client = clients.get(name);
      if (client === undefined) return undefined;
      const access =
        known.get(name) ??
        unchanged(earlier.get(name), client) ??
        accessOf(client, { snapshot, queries, spaces });
      known.set(name, access);
      return access;
    },
  };
}

/** Whether clients stand under the same groups, topic spaces and bindings in both. */
function hasEqualRules(left: Snapshot, right: Snapshot): boolean {
  return isEqualJson(rulesOf(left), rulesOf(right));
}

function rulesOf({ clientGroups, topicSpaces, permissionBindings }: Snapshot): unknown {
  return [clientGroups, topicSpaces, permissionBindings];
}

function unchanged(
  access: ClientAccess | undefined,
  client: SnapshotClient,
): ClientAccess | undefined {
  return access !== undefined && isEqualJson(access.client, client) ? access : undefined;
}

/** Snapshots are plain data, and what makes them puts fields and lists in one order. */
export function isEqualJson(left: unknown, right: unknown): boolean {
  return left === right || JSON.stringify(left) === JSON.stringify(right);
}

interface Rules {
  readonly snapshot: Snapshot;
  readonly queries: ReadonlyMap<string, GroupQuery>;
  readonly spaces: ReadonlyMap<string, ParsedTopicSpace>;
}

function accessOf(client: SnapshotClient, { snapshot, queries, spaces }: Rules): ClientAccess {
  const identity = identityOf(client);
  const groups = new Set([ALL_CLIENTS_GROUP]);
  for (const [name, query] of queries) {
    if (clientMatchesQuery(query, identity)) groups.add(name);
  }
  // A space is bound once, however many bindings lead to it.
  const bound = new Map<string, readonly BoundTemplate[]>();
  const templatesOf = ({ space, templates }: ParsedTopicSpace): readonly BoundTemplate[] => {
    const own = bound.get(space.name) ?? templates.map((each) => bindTemplate(each, identity));
    bound.set(space.name, own);
    return own;
  };
  const publish: Grant[] = [];
  const subscribe: Grant[] = [];
  for (const binding of snapshot.permissionBindings) {
    const target = spaces.get(binding.topicSpaceName);
    if (target === undefined || !groups.has(binding.clientGroupName)) continue;
    const grants = templatesOf(target).map((each) => grantOf(binding, target.space, each));
    if (binding.permission === 'Publisher') publish.push(...grants);
    else if (target.space.subscriptionSupport !== 'NotSupported') subscribe.push(...grants);
  }
  return { client, groups: [...groups].sort(), publish, subscribe };
}

function grantOf(
  binding: SnapshotPermissionBinding,
  space: SnapshotTopicSpace,
  template: BoundTemplate,
): Grant {
  return {
    binding: binding.name,
    clientGroup: binding.clientGroupName,
    topicSpace: space.name,
    subscriptionSupport: space.subscriptionSupport,
    template,
  };
}
