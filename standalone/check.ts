import { success, failure } from '../domain/result.ts';
import type { Result } from '../domain/result.ts';
import type { FileFault } from '../manifests/manifest-files.ts';
import { openManifests } from '../manifests/manifests.ts';
import { planOf } from './plan.ts';
import type { Plan } from './plan.ts';

/**
 * What a folder would come to if it were served for the first time. A failure: it cannot be read.
 */
export function checkFolder(folder: string, nowMs: number): Result<Plan, FileFault> {
  const { set, fault } = openManifests(folder).load();
  if (fault !== undefined) return failure(fault);
  return success(planOf(set, { nowMs, creationTimestamps: new Map() }));
}
