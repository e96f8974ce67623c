/** Who owns which field: what `managedFields` is for on a real server. */
import { KubeApiError } from '../../../kube/kube-api.ts';
import { difference, leavesOf, merged, objectOf, pruned, treeOf, type Node } from './fields.ts';
import { isRecord, without, type JsonObject } from './json.ts';
import type { Structure } from './structure.ts';

/** Paths by manager; a manager of the status is another one than its namesake of the object. */
export type Managers = ReadonlyMap<string, ReadonlySet<string>>;

export interface Managed {
  readonly object: JsonObject;
  readonly managers: Managers;
}

/** What the server alone writes, so nobody owns it. */
const SERVERS_OWN = [
  'name',
  'namespace',
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'managedFields',
];

function ownable(object: JsonObject, structure: Structure): Node {
  const { metadata } = object;
  const ours = isRecord(metadata) ? without(metadata, ...SERVERS_OWN) : {};
  const rest = without(object, 'apiVersion', 'kind', 'metadata');
  return treeOf({ ...rest, ...(Object.keys(ours).length > 0 && { metadata: ours }) }, structure);
}

/** After a create, replace or patch: whoever changes a field takes it. */
export function updated(
  before: Managed | undefined,
  after: JsonObject,
  { manager, structure }: { readonly manager: string; readonly structure: Structure },
): Managers {
  const old = ownable(before?.object ?? {}, structure);
  const { changed, removed } = difference(old, ownable(after, structure));
  const managers = new Map<string, ReadonlySet<string>>();
  const lost = new Set([...changed, ...removed]);
  for (const [name, paths] of before?.managers ?? []) {
    managers.set(name, name === manager ? minus(paths, new Set(removed)) : minus(paths, lost));
  }
  managers.set(manager, new Set([...(managers.get(manager) ?? []), ...changed]));
  return withoutIdle(managers);
}

export interface Application {
  readonly manager: string;
  readonly force: boolean;
  readonly structure: Structure;
  /** Of the object, for messages. */
  readonly what: string;
}

/** @throws KubeApiError where others own what it would change, unless it is forced */
export function applied(before: Managed, applying: JsonObject, application: Application): Managed {
  const { manager, force, structure, what } = application;
  const live = treeOf(before.object, structure);
  const wanted = ownable(applying, structure);
  const mine = new Set(leavesOf(wanted).keys());
  const result = merged(live, wanted);
  const changed = new Set(difference(live, result).changed.filter((path) => mine.has(path)));
  const others = [...before.managers].filter(([name]) => name !== manager);
  const conflicts = others.filter(([, paths]) => [...changed].some((path) => paths.has(path)));
  if (conflicts.length > 0 && !force) {
    const names = conflicts.map(([name]) => name).join(', ');
    const message = `Apply failed with conflicts on ${what}: fields are managed by ${names}`;
    throw new KubeApiError(message, { status: 409, reason: 'Conflict' });
  }
  const managers = new Map(others.map(([name, paths]) => [name, minus(paths, changed)]));
  const held = new Set([...mine, ...[...managers.values()].flatMap((paths) => [...paths])]);
  const gone = minus(before.managers.get(manager) ?? new Set(), held);
  managers.set(manager, mine);
  const object = objectOf(pruned(result, gone, held)) as JsonObject;
  return { object, managers: withoutIdle(managers) };
}

export function isSameManagement(left: Managers, right: Managers): boolean {
  if (left.size !== right.size) return false;
  return [...left].every(([name, paths]) => {
    const others = right.get(name);
    return others?.size === paths.size && [...paths].every((path) => others.has(path));
  });
}

function minus(paths: ReadonlySet<string>, others: ReadonlySet<string>): ReadonlySet<string> {
  return new Set([...paths].filter((path) => !others.has(path)));
}

function withoutIdle(managers: ReadonlyMap<string, ReadonlySet<string>>): Managers {
  return new Map([...managers].filter(([, paths]) => paths.size > 0));
}
