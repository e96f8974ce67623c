/** Where a target is, as far as its arguments tell. */
import { resolve } from 'node:path';
import { createHash } from 'node:crypto';
import type { Violation } from '../../../domain/violation.ts';
import { isRecord } from '../../../domain/validate/shape.ts';
import type { TargetPlace } from '../declaration.ts';

/**
 * What tells places apart: objects of one are not in the other. A kubeconfig that is another file,
 * or other text, may still lead to the same cluster: contexts of a name are taken for the same one.
 */
export function placeIdentity({ cluster, directory }: TargetPlace): string {
  if (directory !== undefined) return `directory ${resolve(directory.path)}`;
  return `cluster ${cluster?.context ?? 'of the current context'}`;
}

/** By which opened targets are kept: never printed, since a kubeconfig may hold a key. */
export function placeKey(place: TargetPlace): string {
  return createHash('sha256').update(JSON.stringify(place)).digest('hex');
}

const CHOICES = ['cluster', 'directory'];

/** What is wrong with a target, which types alone cannot say to JavaScript. */
export function placeViolations(target: unknown): Violation[] {
  const chosen = isRecord(target) ? CHOICES.filter((choice) => target[choice] !== undefined) : [];
  if (chosen.length === 1) return [];
  return [
    {
      field: ['target'],
      reason: 'InvalidShape',
      message: `states ${chosen.length === 0 ? 'no place' : 'two places'} to declare the object in`,
      remedy: 'state exactly one of cluster and directory',
    },
  ];
}
