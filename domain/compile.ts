/**
 * From what is declared to what runs: one snapshot for each accepted MqttNamespace, and a verdict
 * on every object. It has no memory and reads nothing but its arguments; a bad object never takes
 * a good one down.
 */
import { MQTT_NAMESPACES_MAX } from './limits.ts';
import type { Resource, ResourceOf } from './resources.ts';
import type { Snapshot } from './snapshot.ts';
import { eventVerdicts, judgeEvents, type EventResources, type Events } from './compile/events.ts';
import { isMember, type MemberResource } from './compile/member-kinds.ts';
import { compileMembers, type Members } from './compile/members.ts';
import { judgeOwners, type Owners } from './compile/owners.ts';
import type { Verdict } from './compile/verdict.ts';
import type { CertificateContext } from './validate/ca-certificate.ts';
import { isRecord } from './validate/shape.ts';

export { compileEvents, type EventResources } from './compile/events.ts';
export { isMember, type MemberKind, type MemberResource } from './compile/member-kinds.ts';
export { isInForce, type Verdict } from './compile/verdict.ts';

export interface CompileContext extends CertificateContext {
  /** MqttNamespaces in one Kubernetes namespace; MQTT_NAMESPACES_MAX unless stated. */
  readonly mqttNamespacesMax?: number;
}

export interface Compilation {
  /** By `resourceKey` of each accepted MqttNamespace. */
  readonly snapshots: ReadonlyMap<string, Snapshot>;
  /** By `resourceKey`, of every object given. */
  readonly verdicts: ReadonlyMap<string, Verdict>;
}

/** What one MqttNamespace's compilation reads, all of one Kubernetes namespace. */
export interface NamespaceInput extends EventResources {
  /** `metadata.name` of the MqttNamespace, which need not exist. */
  readonly name: string;
  /** All of them: they share names and a maximum. */
  readonly mqttNamespaces: readonly ResourceOf<'MqttNamespace'>[];
  /** Those whose `namespaceRef` is `name`. */
  readonly members: readonly MemberResource[];
}

export interface NamespaceCompilation {
  /** Undefined: the MqttNamespace is missing or not accepted. */
  readonly snapshot: Snapshot | undefined;
  /** Of the MqttNamespace, if there is one, and its members; by `resourceKey`. */
  readonly verdicts: ReadonlyMap<string, Verdict>;
  /** What one more object, or a change of one, would be judged beside. */
  readonly world: NamespaceWorld;
}

/** How everything stands that one MqttNamespace's objects may have to do with. */
export interface NamespaceWorld {
  /** `metadata.name` of the MqttNamespace, which need not exist. */
  readonly name: string;
  readonly owners: Owners;
  readonly events: Events;
  readonly members: Members;
  readonly context: CompileContext;
}

/**
 * The reconcile key's work: one MqttNamespace and everything in it. It costs little where most
 * objects are those of an earlier call, so whoever keeps them keeps them as they are. `before`, the
 * answer of an earlier call, makes no difference to what is answered: what is the same in both is
 * the same object, up to the whole snapshot.
 */
export function compileNamespace(
  input: NamespaceInput,
  context: CompileContext,
  before?: NamespaceCompilation,
): NamespaceCompilation {
  const { name } = input;
  const events = judgeEvents(input);
  const owners = judgeOwners(input.mqttNamespaces, events.topics, mqttNamespacesMax(context));
  const membership = { ownerName: name, owners, events, members: input.members };
  const { members, ...answer } = compileMembers(membership, context, before?.snapshot);
  return { ...answer, world: { name, owners, events, members, context } };
}

/**
 * Any number of Kubernetes namespaces at once; expects no two objects with the same key. The
 * verdict on a CaCertificate depends on the time, so who wants it kept up compiles anew later.
 */
export function compile(resources: readonly Resource[], context: CompileContext): Compilation {
  const snapshots = new Map<string, Snapshot>();
  const verdicts = new Map<string, Verdict>();
  const take = (compiled: ReadonlyMap<string, Verdict>): void => {
    for (const [key, verdict] of compiled) verdicts.set(key, verdict);
  };
  for (const part of partition(resources).values()) {
    const events = judgeEvents(part);
    take(eventVerdicts(events));
    const owners = judgeOwners(part.mqttNamespaces, events.topics, mqttNamespacesMax(context));
    for (const ownerName of new Set([...owners.keys(), ...part.members.keys()])) {
      const members = part.members.get(ownerName) ?? [];
      const compiled = compileMembers({ ownerName, owners, events, members }, context);
      take(compiled.verdicts);
      const owner = owners.get(ownerName);
      if (owner === undefined || compiled.snapshot === undefined) continue;
      snapshots.set(owner.key, compiled.snapshot);
    }
    for (const stray of part.strays) take(judgeStray(stray, context));
  }
  return { snapshots, verdicts };
}

export function mqttNamespacesMax(context: CompileContext): number {
  return context.mqttNamespacesMax ?? MQTT_NAMESPACES_MAX;
}

/** No owner, no peers: what is wrong with it by itself is all there is to say. */
function judgeStray(stray: MemberResource, context: CompileContext): ReadonlyMap<string, Verdict> {
  const events = { topics: new Map(), subscriptions: new Map() };
  const membership = { ownerName: '', owners: new Map(), events, members: [stray] };
  const { verdicts } = compileMembers(membership, context);
  return new Map([...verdicts].map(([key, { faults }]) => [key, { faults, unresolved: [] }]));
}

/** One Kubernetes namespace. */
interface Part {
  readonly mqttNamespaces: ResourceOf<'MqttNamespace'>[];
  readonly eventTopics: ResourceOf<'EventTopic'>[];
  readonly eventSubscriptions: ResourceOf<'EventSubscription'>[];
  /** By the MqttNamespace that they name. */
  readonly members: Map<string, MemberResource[]>;
  /** Members too malformed to name one. */
  readonly strays: MemberResource[];
}

/** The MqttNamespace that a member names, if its spec can be read that far. */
export function ownerNameOf(member: MemberResource): string | undefined {
  const spec: unknown = member.spec;
  const reference = isRecord(spec) ? spec.namespaceRef : undefined;
  const name = isRecord(reference) ? reference.name : undefined;
  return typeof name === 'string' ? name : undefined;
}

/** `metadata.name` of the MqttNamespace that an object is judged in; the empty one: in none. */
export function ownerOf(resource: Resource): string {
  if (resource.kind === 'MqttNamespace') return resource.metadata.name;
  return isMember(resource) ? (ownerNameOf(resource) ?? '') : '';
}

function partition(resources: readonly Resource[]): ReadonlyMap<string, Part> {
  const parts = new Map<string, Part>();
  for (const resource of resources) {
    const { namespace } = resource.metadata;
    const part = parts.get(namespace) ?? emptyPart();
    parts.set(namespace, part);
    sortInto(part, resource);
  }
  return parts;
}

function emptyPart(): Part {
  return {
    mqttNamespaces: [],
    eventTopics: [],
    eventSubscriptions: [],
    members: new Map(),
    strays: [],
  };
}

function sortInto(part: Part, resource: Resource): void {
  if (resource.kind === 'MqttNamespace') part.mqttNamespaces.push(resource);
  else if (resource.kind === 'EventTopic') part.eventTopics.push(resource);
  else if (resource.kind === 'EventSubscription') part.eventSubscriptions.push(resource);
  else sortMember(part, resource);
}

function sortMember(part: Part, member: MemberResource): void {
  const ownerName = ownerNameOf(member);
  if (ownerName === undefined) {
    part.strays.push(member);
    return;
  }
  const siblings = part.members.get(ownerName);
  if (siblings === undefined) part.members.set(ownerName, [member]);
  else siblings.push(member);
}
