/** What declaring one object does to access, in the order in which kinds build on others. */
import type { Clock } from '../../control/clock.ts';
import { describeAccess, impactOf } from '../../domain/access.ts';
import { ownerOf } from '../../domain/compile.ts';
import { KINDS, resourceKey, type Kind, type Resource } from '../../domain/resources.ts';
import type { Snapshot } from '../../domain/snapshot.ts';
import { isSameSpec } from './diff.ts';
import type { Held } from './program.ts';
import { compileFor, type World } from './worlds.ts';

/** Kinds of which a change says what it does to access. */
const GIVES_ACCESS: ReadonlySet<Kind> = new Set(['ClientGroup', 'TopicSpace', 'PermissionBinding']);

/** Beyond it a review reads a summary: `mqttgrid explain --diff` says all. */
const LINES_MAX = 10;

/** A sentence for each gain or loss that is the object's own. */
export function impactOn(resource: Resource, own: World, held: Held, clock: Clock): string[] {
  if (!GIVES_ACCESS.has(resource.kind)) return [];
  const there = held.resources.get(resourceKey(resource));
  if (there !== undefined && isSame(there, resource)) return [];
  const { before, after } = stepOf(resource, own, held, clock);
  const lines = impactOf(before, after).access.map(describeAccess);
  if (lines.length <= LINES_MAX) return lines;
  const rest = lines.length - (LINES_MAX - 1);
  return [...lines.slice(0, LINES_MAX - 1), `and ${rest} more changes of access`];
}

function isSame(there: Resource, { kind, metadata, spec }: Resource): boolean {
  const named = (of: object): object => ({ name: metadata.name, ...of });
  return isSameSpec(kind, named(there.spec), named(spec));
}

export interface Step {
  readonly before: Snapshot | undefined;
  readonly after: Snapshot | undefined;
}

/**
 * Before and after the object alone: what the program declares of kinds before its own, and of its
 * own by name before it, is taken as done. So each change is told once, of one object, whatever the
 * order in which they were checked.
 */
export function stepOf(resource: Resource, own: World, held: Held, clock: Clock): Step {
  const owner = ownerOf(resource);
  const earlier = [...held.beside.resources].flatMap((other) => {
    const key = resourceKey(other);
    const isLater = own.get(key) !== undefined && compareRank(other, resource) >= 0;
    return (isLater ? held.resources.get(key) : other) ?? [];
  });
  const key = resourceKey(resource);
  const declared = held.beside.get(key) ?? resource;
  const before = compileFor(owner, earlier, clock);
  const others = earlier.filter((other) => resourceKey(other) !== key);
  const after = compileFor(owner, [...others, declared], clock, before);
  return { before: before.snapshot, after: after.snapshot };
}

function compareRank(left: Resource, right: Resource): number {
  const kinds = KINDS.indexOf(left.kind) - KINDS.indexOf(right.kind);
  if (kinds !== 0) return kinds;
  const [one, other] = [resourceKey(left), resourceKey(right)];
  return one === other ? 0 : one < other ? -1 : 1;
}
