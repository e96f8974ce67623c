/** What declaring one object does to access, in the order in which kinds build on others. */
import type { Clock } from '../../control/clock.ts';
import { describeAccess, impactOf } from '../../domain/access.ts';
import type { NamespaceCompilation } from '../../domain/compile.ts';
import { KINDS, resourceKey, type Resource } from '../../domain/resources.ts';
import { compileFor, overlay, ownerOf } from './worlds.ts';

/** Beyond it a review reads a summary: `mqttgrid explain --diff` says all. */
const LINES_MAX = 10;

/**
 * A sentence for each gain or loss, of the object alone: what those of kinds before its own, and
 * those before it by name, do is taken as done. So each change is told once, whatever the order in
 * which a program declares.
 *
 * @param program what it declares in the Kubernetes namespace, the object included
 * @param held what the target has there
 */
export function impactOn(
  resource: Resource,
  program: readonly Resource[],
  held: readonly Resource[],
  clock: Clock,
): string[] {
  const owner = ownerOf(resource);
  const earlier = program.filter((other) => compareRank(other, resource) < 0);
  const before = compileFor(owner, overlay(held, earlier), clock);
  const after = compileFor(owner, overlay(held, [...earlier, resource]), clock, before);
  return linesOf(before, after);
}

function linesOf(before: NamespaceCompilation, after: NamespaceCompilation): string[] {
  const { access } = impactOf(before.snapshot, after.snapshot);
  const lines = access.map(describeAccess);
  if (lines.length <= LINES_MAX) return lines;
  const rest = lines.length - (LINES_MAX - 1);
  return [...lines.slice(0, LINES_MAX - 1), `and ${rest} more changes of access`];
}

function compareRank(left: Resource, right: Resource): number {
  const kinds = KINDS.indexOf(left.kind) - KINDS.indexOf(right.kind);
  if (kinds !== 0) return kinds;
  const [one, other] = [resourceKey(left), resourceKey(right)];
  return one === other ? 0 : one < other ? -1 : 1;
}
