/** A snapshot made ready for questions about its clients. */
import { byIdentity } from '../by-identity.ts';
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
  SnapshotClientGroup,
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
  /** Without the client's own values: what does not fit this does not fit `template`. */
  readonly source: TopicTemplate;
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
  /** The snapshot's, by name. */
  readonly clients: ReadonlyMap<string, SnapshotClient>;
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
  return new Map(snapshot.topicSpaces.map((space) => [space.name, parseTopicSpace(space)]));
}

const parseTopicSpace = byIdentity((space: SnapshotTopicSpace): ParsedTopicSpace => {
  const parsed = space.topicTemplates.map(parseTopicTemplate);
  return { space, templates: parsed.flatMap((template) => (template.ok ? template.value : [])) };
});

/** By name. A query that cannot be parsed selects nobody. */
function parseQueries(snapshot: Snapshot): ReadonlyMap<string, GroupQuery> {
  return new Map(
    snapshot.clientGroups.flatMap((group) => {
      const parsed = parseQuery(group);
      return parsed.ok ? [[group.name, parsed.value] as const] : [];
    }),
  );
}

const parseQuery = byIdentity(({ query }: SnapshotClientGroup) => parseGroupQuery(query));

export function identityOf(client: SnapshotClient): ClientIdentity {
  return { name: client.name, attributes: new Map(Object.entries(client.attributes)) };
}

/**
 * Given the policy before it, answers for clients whom no change concerns are the same objects as
 * before, so that who keeps one sees at a glance that nothing has to be judged anew.
 */
export function buildPolicy(snapshot: Snapshot, previous?: Policy): Policy {
  const clients =
    previous?.snapshot.clients === snapshot.clients
      ? previous.clients
      : new Map(snapshot.clients.map((client) => [client.name, client]));
  const rules = rulesOf(snapshot);
  // As many entries as the snapshot has clients, at most.
  const known = new Map<string, ClientAccess>();
  const reused = previous !== undefined && hasEqualRules(previous.snapshot, snapshot);
  const earlier = reused ? previous.known : new Map<string, ClientAccess>();
  return {
    snapshot,
    clients,
    known,
    clientAccess: (name) => {
      const client = clients.get(name);
      if (client === undefined) return undefined;
      const access =
        known.get(name) ?? unchanged(earlier.get(name), client) ?? accessOf(client, rules);
      known.set(name, access);
      return access;
    },
  };
}

/** Whether clients stand under the same groups, topic spaces and bindings in both. */
function hasEqualRules(left: Snapshot, right: Snapshot): boolean {
  const rules = ['clientGroups', 'topicSpaces', 'permissionBindings'] as const;
  return rules.every((list) => isEqualList(left[list], right[list]));
}

function unchanged(
  access: ClientAccess | undefined,
  client: SnapshotClient,
): ClientAccess | undefined {
  return access !== undefined && isEqualJson(access.client, client) ? access : undefined;
}

/**
 * Snapshots are plain data, and what makes them puts fields and lists in one order, and keeps what
 * did not change as the same object.
 */
export function isEqualJson(left: unknown, right: unknown): boolean {
  return left === right || JSON.stringify(left) === JSON.stringify(right);
}

/** The same for long lists, of which little differs. */
export function isEqualList(left: readonly unknown[], right: readonly unknown[]): boolean {
  if (left === right) return true;
  return left.length === right.length && left.every((each, at) => isEqualJson(each, right[at]));
}

/** What is declared, parsed. */
export interface Rules {
  readonly snapshot: Snapshot;
  readonly queries: ReadonlyMap<string, GroupQuery>;
  readonly spaces: ReadonlyMap<string, ParsedTopicSpace>;
  /** Of all bindings, in their order. */
  readonly spaceGrants: readonly SpaceGrant[];
}

export function rulesOf(snapshot: Snapshot): Rules {
  const spaces = parseTopicSpaces(snapshot);
  const spaceGrants = spaceGrantsOf(snapshot, spaces);
  return { snapshot, queries: parseQueries(snapshot), spaces, spaceGrants };
}

/** `$all` included; sorted. */
export function groupsOf(client: ClientIdentity, { queries }: Rules): readonly string[] {
  const groups = [ALL_CLIENTS_GROUP];
  for (const [name, query] of queries) {
    if (clientMatchesQuery(query, client)) groups.push(name);
  }
  return groups.sort();
}

/** A topic space that is permitted to the members of a group. */
export interface SpaceGrant {
  readonly binding: SnapshotPermissionBinding;
  readonly operation: 'publish' | 'subscribe';
  readonly target: ParsedTopicSpace;
}

/** In the order of bindings. */
export function spacesGrantedTo(groups: readonly string[], rules: Rules): readonly SpaceGrant[] {
  const members = new Set(groups);
  return rules.spaceGrants.filter(({ binding }) => members.has(binding.clientGroupName));
}

function spaceGrantsOf(
  { permissionBindings }: Snapshot,
  spaces: Rules['spaces'],
): readonly SpaceGrant[] {
  return permissionBindings.flatMap((binding): SpaceGrant | [] => {
    const target = spaces.get(binding.topicSpaceName);
    if (target === undefined) return [];
    if (binding.permission === 'Publisher') return { binding, operation: 'publish', target };
    const { subscriptionSupport } = target.space;
    return subscriptionSupport === 'NotSupported'
      ? []
      : { binding, operation: 'subscribe', target };
  });
}

function accessOf(client: SnapshotClient, rules: Rules): ClientAccess {
  const identity = identityOf(client);
  const groups = groupsOf(identity, rules);
  const publish: Grant[] = [];
  const subscribe: Grant[] = [];
  for (const granted of spacesGrantedTo(groups, rules)) {
    const grants = granted.operation === 'publish' ? publish : subscribe;
    for (const source of granted.target.templates) grants.push(grantOf(granted, source, identity));
  }
  // Copied to the length that they have: every client keeps them.
  return { client, groups, publish: [...publish], subscribe: [...subscribe] };
}

/** By binding and template: of those that all clients have alike, one object is enough. */
const grantsToAll = new WeakMap<SnapshotPermissionBinding, WeakMap<TopicTemplate, Grant>>();
const ANYBODY: ClientIdentity = { name: '', attributes: new Map() };

function grantOf(granted: SpaceGrant, source: TopicTemplate, identity: ClientIdentity): Grant {
  const hasVariables = source.levels.some(({ type }) => type === 'Pattern');
  if (hasVariables) return new ClientGrant(granted, source, identity);
  let grants = grantsToAll.get(granted.binding);
  if (grants === undefined) grantsToAll.set(granted.binding, (grants = new WeakMap()));
  let grant = grants.get(source);
  // A topic space that changed has other templates, even where their texts are the same.
  if (grant === undefined) grants.set(source, (grant = grantToAll(granted, source)));
  return grant;
}

function grantToAll({ binding, target: { space } }: SpaceGrant, source: TopicTemplate): Grant {
  return {
    binding: binding.name,
    clientGroup: binding.clientGroupName,
    topicSpace: space.name,
    subscriptionSupport: space.subscriptionSupport,
    source,
    template: bindTemplate(source, ANYBODY),
  };
}

/**
 * Most clients ask for little of what they are granted, and grants are many times the clients: what
 * is bound to the client's values is bound when it is first looked at.
 */
class ClientGrant implements Grant {
  readonly source: TopicTemplate;
  readonly #granted: SpaceGrant;
  readonly #identity: ClientIdentity;
  #template: BoundTemplate | undefined;

  constructor(granted: SpaceGrant, source: TopicTemplate, identity: ClientIdentity) {
    this.#granted = granted;
    this.source = source;
    this.#identity = identity;
  }

  get binding(): string {
    return this.#granted.binding.name;
  }

  get clientGroup(): string {
    return this.#granted.binding.clientGroupName;
  }

  get topicSpace(): string {
    return this.#granted.target.space.name;
  }

  get subscriptionSupport(): SubscriptionSupport {
    return this.#granted.target.space.subscriptionSupport;
  }

  get template(): BoundTemplate {
    return (this.#template ??= bindTemplate(this.source, this.#identity));
  }
}
