/** What must hold whatever happened on the way. Each answers what does not, in words. */
import { compareVersions, versionText } from '../../../control/messages.ts';
import { isKind, nameOf } from '../../../domain/resources.ts';
import type { SnapshotList } from '../../../domain/snapshot-changes.ts';
import type { KubeObject } from '../../../kube/kube-api.ts';
import { LEADER_ELECTION_TIMES } from '../../../operator/kube/leader-election.ts';
import type { Applied } from '../../support/kube-model/model-brokers.ts';
import type { Change } from '../../support/kube-model/history.ts';
import { asJson, isEqual, isRecord } from '../../support/kube-model/json.ts';
import { typeNamed } from '../../support/kube-model/kinds.ts';
import { isReady, type Pod } from '../../support/kube-model/stateful-set-controller.ts';
import type { Cluster } from './cluster.ts';
import type { Declarations, DeclaredState } from './declarations.ts';
import { keyOf } from './end-state.ts';

const PODS = typeNamed('v1', 'Pod');
const STATEFUL_SETS = typeNamed('apps/v1', 'StatefulSet');

/**
 * How long after a declaration was replaced a broker may still be told it. `parts`: where kinds
 * are seen in another order than they were written in, each part of a snapshot was declared at
 * some time, and not necessarily all of it at once.
 */
export interface Propagation {
  readonly windowMs: number;
  readonly by: 'wholes' | 'parts';
}

/** No broker was ever told what nobody had declared, or no longer. */
export function undeclared(
  applied: readonly Applied[],
  declarations: Declarations,
  { windowMs, by }: Propagation,
): string[] {
  return applied.flatMap(({ atMs, pod, identity, stamp, snapshot }) => {
    const states = declarations.between(atMs - windowMs, atMs);
    const declared = states
      .map((state) => declarations.snapshotAt(state, identity.uid))
      .filter((candidate) => candidate !== undefined);
    if (declared.some((candidate) => isEqual(candidate, snapshot))) return [];
    const parts = by === 'parts' ? strangers(snapshot, declared) : [snapshot.name];
    if (parts.length === 0) return [];
    const version = versionText(stamp.version);
    return [`${pod} ran ${version}, in which ${parts.join(', ')} was not declared by then`];
  });
}

/** Parts that are in none of the others. */
function strangers(snapshot: object, declared: readonly object[]): string[] {
  const known = new Set(declared.flatMap((other) => partsOf(other)));
  return partsOf(snapshot).filter((part) => !known.has(part));
}

function partsOf(snapshot: object): string[] {
  return Object.entries(snapshot).flatMap(([list, parts]) => {
    return Array.isArray(parts) ? parts.map((part) => `${list} ${JSON.stringify(part)}`) : [];
  });
}

/** What runs on a volume never goes back. */
export function wentBack(applied: readonly Applied[]): string[] {
  const last = new Map<string, Applied>();
  return applied.flatMap((now) => {
    const before = last.get(now.volume);
    last.set(now.volume, now);
    if (before === undefined) return [];
    if (compareVersions(before.stamp.version, now.stamp.version) <= 0) return [];
    const [from, to] = [before, now].map(({ stamp }) => versionText(stamp.version));
    return [`${now.pod} went back from ${from} to ${to}`];
  });
}

/** At rest, every broker runs what is declared, and no pod is there that should not be. */
export function notInForce({ server, brokers }: Cluster, declarations: Declarations): string[] {
  const { last } = declarations;
  return (server.all(PODS) as Pod[]).flatMap((pod) => {
    const { name } = pod.metadata;
    const told = brokers.applied.findLast((applied) => applied.pod === name);
    if (!isReady(pod)) return [];
    if (told === undefined) return [`${name} is ready and runs nothing`];
    const declared = declarations.snapshotAt(last, told.identity.uid);
    return isEqual(told.snapshot, declared) ? [] : [`${name} does not run what is declared`];
  });
}

/** At rest, each pod has a StatefulSet that makes it anew where it ends. */
export function uncontrolled({ server }: Cluster): string[] {
  const uids = server.all(STATEFUL_SETS).map(({ metadata }) => metadata.uid);
  const pods = server.all(PODS).filter(({ metadata: { ownerReferences = [] } }) => {
    return !ownerReferences.some(({ controller, uid }) => controller && uids.includes(uid));
  });
  return pods.map((pod) => `${keyOf(pod)} is controlled by no StatefulSet`);
}

/** Ready, Accepted and ResolvedRefs at rest, against the rules themselves. */
export function wrongStatuses({ server }: Cluster, declarations: Declarations): string[] {
  const { verdicts } = declarations.compilationOf(declarations.last);
  const kinds = [...declarations.last.resources].map(([key, { kind, metadata }]) => {
    return { key, object: server.get(typeNamed('mqttgrid.io/v1', kind), metadata) };
  });
  return kinds.flatMap(({ key, object }) => {
    const verdict = verdicts.get(key);
    if (object === undefined || verdict === undefined) return [`${key} is not judged`];
    const wanted = new Map([['Accepted', verdict.faults.length === 0]]);
    // These name Secrets as well, of which the rules know nothing.
    if (!['MqttNamespace', 'EventSubscription'].includes(object.kind)) {
      wanted.set('ResolvedRefs', verdict.unresolved.length === 0);
    }
    return [...statusFaults(object), ...conditionFaults(object, wanted)];
  });
}

function statusFaults(object: KubeObject): string[] {
  const status = asJson(object)['status'];
  const { generation } = object.metadata;
  if (!isRecord(status)) return [`${keyOf(object)} has no status`];
  const old = conditionsOf(object).filter((condition) => {
    return condition['observedGeneration'] !== generation;
  });
  const ofStatus = status['observedGeneration'] === generation ? [] : ['the status'];
  return [...ofStatus, ...old.map(({ type }) => String(type))].map((what) => {
    return `${keyOf(object)}: ${what} is not of the generation ${generation}`;
  });
}

function conditionFaults(object: KubeObject, wanted: ReadonlyMap<string, boolean>): string[] {
  const conditions = new Map(conditionsOf(object).map(({ type, status }) => [type, status]));
  const all = ['Accepted', 'ResolvedRefs', 'Programmed'];
  const isReady = all.every((type) => conditions.get(type) === 'True');
  return [...wanted, ['Ready', isReady] as const].flatMap(([type, isTrue]) => {
    const status = isTrue ? 'True' : 'False';
    if (conditions.get(type) === status) return [];
    return [`${keyOf(object)}: ${type} is ${String(conditions.get(type))}, and not ${status}`];
  });
}

function conditionsOf(object: KubeObject | undefined): Readonly<Record<string, unknown>>[] {
  const status = object === undefined ? undefined : asJson(object)['status'];
  const conditions = isRecord(status) ? status['conditions'] : undefined;
  return Array.isArray(conditions) ? conditions.filter(isRecord) : [];
}

/** At any time: `lastTransitionTime` is when the status of its condition changed. */
export function wrongTimes({ changes, changedAtMs }: Cluster, { windowMs }: Propagation): string[] {
  return changes.flatMap(({ revision, before, after }) => {
    if (after === undefined || !isKind(after.kind)) return [];
    const old = new Map(conditionsOf(before).map((condition) => [condition['type'], condition]));
    const atMs = changedAtMs.get(revision) ?? 0;
    const wrong = conditionsOf(after).filter((condition) => {
      const was = old.get(condition['type']);
      if (was === undefined) return false;
      if (was['status'] !== condition['status']) return !isRecent(condition, atMs, windowMs);
      return was['lastTransitionTime'] !== condition['lastTransitionTime'];
    });
    return wrong.map(({ type, status, lastTransitionTime }) => {
      const when = String(lastTransitionTime);
      return `${keyOf(after)}: ${String(type)} is ${String(status)}, but not since ${when}`;
    });
  });
}

/** Times are in seconds, and a write takes its time as everything does. */
function isRecent(
  { lastTransitionTime }: Readonly<Record<string, unknown>>,
  atMs: number,
  windowMs: number,
): boolean {
  const ageMs = atMs - Date.parse(String(lastTransitionTime));
  return ageMs >= 0 && ageMs < windowMs + WRITTEN_MS;
}

const WRITTEN_MS = 10_000;

const LISTS: Readonly<Record<string, SnapshotList>> = {
  CaCertificate: 'caCertificates',
  Client: 'clients',
  ClientGroup: 'clientGroups',
  TopicSpace: 'topicSpaces',
  PermissionBinding: 'permissionBindings',
};

/** From an acknowledgement to the status that tells of it. */
const WRITING_MS = 100;

/** Nothing is told to be programmed that no broker has run as it is declared by then. */
export function toldTooEarly(
  { changes, changedAtMs, brokers }: Cluster,
  declarations: Declarations,
): string[] {
  return changes.flatMap(({ revision, before, after }) => {
    const list = LISTS[after?.kind ?? ''];
    if (after === undefined || list === undefined) return [];
    if (!saysProgrammed(after) || saysSame(before, after)) return [];
    const atMs = changedAtMs.get(revision) ?? 0;
    // What was edited a moment ago may be told of as it was.
    const states = declarations.between(atMs - WRITING_MS, atMs);
    const wanted = states.flatMap((state) => partsOfObject(declarations, state, after, list));
    const ran = brokers.applied.some(({ atMs: ranAtMs, identity, snapshot }) => {
      return wanted.some(({ uid, part }) => {
        if (ranAtMs > atMs || identity.uid !== uid) return false;
        return snapshot[list].some((candidate) => isEqual(candidate, part));
      });
    });
    return ran ? [] : [`${keyOf(after)} was told to be programmed, and no broker ran it`];
  });
}

function saysProgrammed(object: KubeObject): boolean {
  const programmed = conditionsOf(object).find(({ type }) => type === 'Programmed');
  return programmed?.['status'] === 'True';
}

function saysSame(before: KubeObject | undefined, after: KubeObject): boolean {
  if (before === undefined || !saysProgrammed(before)) return false;
  return isEqual(asJson(before)['status'], asJson(after)['status']);
}

/** At most one: what of an object was in the snapshot that was declared then. */
function partsOfObject(
  declarations: Declarations,
  state: DeclaredState,
  { kind, metadata: { name, namespace = '' } }: KubeObject,
  list: SnapshotList,
): { readonly uid: string; readonly part: unknown }[] {
  const resource = state.resources.get(`${kind}/${namespace}/${name}`);
  if (resource === undefined || !('namespaceRef' in resource.spec)) return [];
  const owner = `MqttNamespace/${namespace}/${resource.spec.namespaceRef.name}`;
  const snapshot = declarations.compilationOf(state).snapshots.get(owner);
  const part = snapshot?.[list].find((candidate) => candidate.name === nameOf(resource));
  return part === undefined ? [] : [{ uid: state.uids.get(owner) ?? '', part }];
}

/** A leader stops before another one may start: see LEADER_ELECTION_TIMES. */
export function wroteAfterLosing({ changes, changedAtMs, pastReplicas }: Cluster): string[] {
  const terms = changes
    .filter(({ type }) => type.kind === 'Lease')
    .map(({ revision, told }) => {
      return { fromMs: changedAtMs.get(revision) ?? 0, holder: holderOf(told) };
    });
  return pastReplicas.flatMap(({ identity, calls }) => {
    const late = calls.find(({ writeIndex, atMs }) => {
      if (writeIndex === undefined) return false;
      const lost = terms.findLast(({ fromMs, holder }) => fromMs <= atMs && holder === identity);
      const next = terms.find(({ fromMs, holder }) => {
        return fromMs > (lost?.fromMs ?? 0) && holder !== identity;
      });
      return next !== undefined && atMs > next.fromMs + LEADER_ELECTION_TIMES.renewDeadlineMs;
    });
    return late === undefined ? [] : [`${identity} writes a ${late.type.kind} and does not lead`];
  });
}

/** Who leads goes on to lead: one that ends or stands still is followed by one other. */
const LEADERS_MAX = 4;

export function contendedLease({ changes }: Cluster): string[] {
  const holders = changes
    .filter(({ type }) => type.kind === 'Lease')
    .map(({ told }) => holderOf(told))
    .filter((holder, index, all) => holder !== all[index - 1]);
  return holders.length <= LEADERS_MAX ? [] : [`the Lease went from ${holders.join(' to ')}`];
}

function holderOf(lease: KubeObject): unknown {
  const spec = asJson(lease)['spec'];
  return isRecord(spec) ? spec['holderIdentity'] : undefined;
}

/** Volumes with data in them go with a MqttNamespace that does not retain them, and only so. */
export function lostVolumes(changes: readonly Change[]): string[] {
  return changes.flatMap((change) => {
    const claim = claimThatEnds(change);
    if (claim === undefined || !isBound(claim)) return [];
    const owners = (claim.metadata.ownerReferences ?? []).map(({ uid }) => uid);
    const last = changes.findLast(({ revision, told }) => {
      return revision < change.revision && owners.includes(told.metadata.uid ?? '');
    });
    const isMeant = last !== undefined && last.after === undefined && !retains(last.told);
    return isMeant ? [] : [`${keyOf(claim)} was deleted with its data`];
  });
}

/** As it was before. */
function claimThatEnds({ type, before, after }: Change): KubeObject | undefined {
  if (type.kind !== 'PersistentVolumeClaim') return undefined;
  if (before?.metadata.deletionTimestamp !== undefined) return undefined;
  const isEnding = after === undefined || after.metadata.deletionTimestamp !== undefined;
  return isEnding ? before : undefined;
}

function isBound(claim: KubeObject): boolean {
  const spec = asJson(claim)['spec'];
  return isRecord(spec) && spec['volumeName'] !== undefined;
}

function retains(owner: KubeObject): boolean {
  const spec = asJson(owner)['spec'];
  const storage = isRecord(spec) ? spec['storage'] : undefined;
  return isRecord(storage) && storage['retain'] === true;
}

/** How often each object of the cluster was created and deleted, but for what people declare. */
export function churnOf(changes: readonly Change[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { before, after, told } of changes) {
    if (isKind(told.kind) || told.kind === 'Lease') continue;
    if (before !== undefined && after !== undefined) continue;
    const key = `${before === undefined ? 'creates' : 'deletes'} of ${keyOf(told)}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return counts;
}

/** Each delete is for one object, whoever has its name by then. */
export function carelessDeletes({ pastReplicas }: Cluster): string[] {
  return pastReplicas.flatMap(({ calls }) =>
    calls
      .filter(({ verb, uid }) => verb === 'delete' && uid === undefined)
      .map(({ type, name }) => `a ${type.kind} was deleted by its name, ${name?.name}`),
  );
}

/** Of what is to be kept. */
export function deleted(changes: readonly Change[], keeps: readonly string[]): string[] {
  return changes
    .filter(({ after, told }) => after === undefined && keeps.includes(keyOf(told)))
    .map(({ told }) => `${keyOf(told)} was deleted`);
}

/** Nothing was made or taken away more often than without faults. */
export function extraChurn(
  actual: ReadonlyMap<string, number>,
  expected: ReadonlyMap<string, number>,
): string[] {
  return [...actual]
    .filter(([key, count]) => count > (expected.get(key) ?? 0))
    .map(([key, count]) => `${count} ${key} instead of ${expected.get(key) ?? 0}`);
}
