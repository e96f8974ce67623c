/**
 * What objects of one kind do to each other: who is older, who holds a name, who is within the
 * limit. All of it depends on the objects alone, never on the order in which they are given.
 */
import type { Kind, ObjectMetadata, Resource, ResourceOf } from '../resources.ts';
import { quote } from '../text.ts';
import { nameField, type NamedResource } from '../validate/validation.ts';
import type { Violation } from '../violation.ts';
import { NO_VIOLATIONS, type Judgement } from './judgement.ts';

/** An object on its way to a verdict: what a later rule finds makes a longer list. */
export interface Candidate<K extends Kind, Value> extends Judgement<K, Value> {
  faults: readonly Violation[];
  unresolved: readonly Violation[];
}

/** What the rules of this file need of a candidate. */
export interface Peer extends Admissible {
  readonly resource: NamedResource;
  readonly claimedName: string | undefined;
}

/** Of which there may be only so many. */
export interface Admissible extends Aged {
  faults: readonly Violation[];
}

export function isAccepted(candidate: { readonly faults: readonly Violation[] }): boolean {
  return candidate.faults.length === 0;
}

/** Says no more of the object than what it is by itself. */
export function candidateOf<K extends Kind, Value>(
  judgement: Judgement<K, Value>,
): Candidate<K, Value> {
  // Field by field, which is several times as fast as to spread it, and there are thousands.
  const { resource, key, createdMs, claimedName, value, faults } = judgement;
  return { resource, key, createdMs, claimedName, value, faults, unresolved: NO_VIOLATIONS };
}

/** In the order given. */
export function candidatesOf<K extends Kind, Value>(
  resources: readonly ResourceOf<K>[],
  judge: (resource: ResourceOf<K>) => Judgement<K, Value>,
): Candidate<K, Value>[] {
  return resources.map((resource) => candidateOf(judge(resource)));
}

/** What ages are compared by. */
export interface Aged {
  readonly resource: { readonly metadata: ObjectMetadata };
  readonly createdMs: number;
}

/** Creation time, then `metadata.name`: "the older stays". */
export function isOlder(left: Aged, right: Aged): boolean {
  if (left.createdMs !== right.createdMs) return left.createdMs < right.createdMs;
  return left.resource.metadata.name < right.resource.metadata.name;
}

export function oldestFirst<P extends Aged>(peers: Iterable<P>): P[] {
  return [...peers].sort((left, right) => (isOlder(left, right) ? -1 : 1));
}

/**
 * Gives each name to its oldest claimant and refuses the younger ones. A name is claimed by
 * existence: an object that is itself invalid still holds its name, or a slip in an old Client
 * would hand its identity to a younger duplicate.
 * The answer is by key, which is the name unless objects may share a name.
 */
export function claimNames<P extends Peer>(
  peers: readonly P[],
  keyOf: KeyOf<P> = ({ claimedName }) => claimedName,
): Map<string, P> {
  const holders = new Map<string, P>();
  let isContested = false;
  for (const peer of peers) {
    const key = keyOf(peer);
    if (key === undefined) continue;
    const holder = holders.get(key);
    if (holder === undefined || isOlder(peer, holder)) holders.set(key, peer);
    isContested ||= holder !== undefined;
  }
  if (isContested) refuseNames(peers, holders, keyOf);
  return holders;
}

/** Undefined: the object claims no name. */
type KeyOf<P> = (peer: P) => string | undefined;

function refuseNames<P extends Peer>(
  peers: readonly P[],
  holders: ReadonlyMap<string, P>,
  keyOf: KeyOf<P>,
): void {
  for (const peer of peers) {
    const key = keyOf(peer);
    const holder = key === undefined ? undefined : holders.get(key);
    if (holder !== undefined && holder !== peer) addFault(peer, nameConflict(peer, holder));
  }
}

export function addFault(peer: Pick<Admissible, 'faults'>, fault: Violation): void {
  peer.faults = [...peer.faults, fault];
}

/** `Client default/vehicle-1`. */
export function printObject(resource: Resource): string {
  return `${resource.kind} ${resource.metadata.namespace}/${resource.metadata.name}`;
}

/** `Client default/vehicle-1, which is older (created 2025-01-01T00:00:00Z)`. */
export function printElder(elder: Aged & { readonly resource: Resource }, peer: Aged): string {
  const why =
    elder.createdMs < peer.createdMs
      ? `is older (created ${elder.resource.metadata.creationTimestamp})`
      : 'comes first by metadata.name, neither being older';
  return `${printObject(elder.resource)}, which ${why}`;
}

/** `holder` is the oldest of those that claim the peer's name. */
export function nameConflict(peer: Peer, holder: Peer): Violation {
  const name = quote(peer.claimedName ?? '');
  return {
    field: nameField(peer.resource),
    reason: 'NameConflict',
    message: `the name ${name} belongs to ${printElder(holder, peer)}`,
    remedy: 'delete one of the two, or declare this object anew with another spec.name',
  };
}

/** How many may be accepted, and what the one too many is told. */
export interface Limit {
  readonly value: number;
  /** Who says so: `spec.limits.clients of the MqttNamespace "grid" is 3`. */
  readonly source: string;
  readonly remedy: string;
}

/** What speaks against a candidate beside those admitted before it. */
export type Objection<P> = (peer: P, admitted: readonly P[]) => Violation | undefined;

export interface AdmissionRules<P> {
  /** Undefined: nobody knows how many may be. */
  readonly limit: Limit | undefined;
  readonly objection?: Objection<P> | undefined;
}

/**
 * Refuses those, of the candidates that are accepted so far, that are too many or objected to, and
 * answers how many are admitted. Who is refused consumes no limit.
 */
export function admit<P extends Admissible>(peers: readonly P[], rules: AdmissionRules<P>): number {
  const { limit, objection } = rules;
  const accepted = peers.filter(isAccepted);
  const room = limit?.value ?? Number.POSITIVE_INFINITY;
  if (objection === undefined && accepted.length <= room) return accepted.length;
  const admitted: P[] = [];
  for (const peer of oldestFirst(accepted)) {
    const fault = refusal(peer, admitted, rules);
    if (fault === undefined) admitted.push(peer);
    else addFault(peer, fault);
  }
  return admitted.length;
}

/** Why a candidate is not admitted beside those that were before it. */
export function refusal<P>(
  peer: P,
  admitted: readonly P[],
  { limit, objection }: AdmissionRules<P>,
): Violation | undefined {
  if (limit !== undefined && admitted.length >= limit.value) return limitExceeded(limit);
  return objection?.(peer, admitted);
}

function limitExceeded({ source, remedy }: Limit): Violation {
  const order = 'by age, then by metadata.name';
  const message = `${source}, and that many are accepted before this one: ${order}`;
  return { field: ['metadata', 'name'], reason: 'LimitExceeded', message, remedy };
}
