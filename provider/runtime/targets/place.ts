/** Where a target is, as far as its arguments tell. */
import { createHash } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Violation } from '../../../domain/violation.ts';
import { objectOf, TEXT, type Shape, recordOf } from '../../../domain/validate/shape.ts';
import type { TargetPlace } from '../declaration.ts';
import { resolveCluster, type ClusterPlace } from './cluster-place.ts';

/** Whether objects of the one are in the other: else they must be made anew there. */
export function isSamePlace(before: TargetPlace, after: TargetPlace): boolean {
  if (isDeepStrictEqual(before, after)) return true;
  if (before.directory !== undefined && after.directory !== undefined) {
    return directoryIdentity(before.directory) === directoryIdentity(after.directory);
  }
  if (before.cluster === undefined || after.cluster === undefined) return false;
  return isSameCluster(before.cluster, after.cluster);
}

export function directoryIdentity({ path }: { readonly path: string }): string {
  return `directory ${realPath(resolve(path))}`;
}

/** One folder has many paths, and the same identity before it is made as after. */
function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    const parent = dirname(path);
    return parent === path ? path : join(realPath(parent), basename(path));
  }
}

/** By the API server. Of a kubeconfig that is gone, contexts of a name are taken for the same. */
function isSameCluster(before: ClusterPlace, after: ClusterPlace): boolean {
  const [was, is] = [resolveCluster(before), resolveCluster(after)];
  if (was.ok && is.ok) return was.value.server === is.value.server;
  return before.context === after.context;
}

/** By which opened targets are kept: never printed, since a kubeconfig may hold a key. */
export function placeKey(place: TargetPlace): string {
  return createHash('sha256').update(JSON.stringify(place)).digest('hex');
}

const PLACES: Readonly<Record<string, Shape>> = {
  cluster: objectOf({}, { kubeconfig: TEXT, context: TEXT, namespace: TEXT }),
  directory: objectOf({ path: TEXT }, { namespace: TEXT }),
};

/**
 * What is wrong with a target, which types alone cannot say to JavaScript. None is at `target`
 * itself: Pulumi prints the values of properties that a failure names, and of a secret the clear
 * text, but nothing of what is within them.
 */
export function placeViolations(target: unknown): Violation[] {
  const stated = recordOf(target);
  const chosen = Object.entries(PLACES).filter(([place]) => stated[place] !== undefined);
  if (chosen.length === 1) {
    return chosen.flatMap(([place, shape]) => shape(stated[place], ['target', place]));
  }
  return [
    {
      field: ['target', 'cluster'],
      reason: 'InvalidShape',
      message: chosen.length === 0 ? 'is missing, and so is directory' : 'stands beside directory',
      remedy: 'state exactly one of cluster and directory',
    },
  ];
}
