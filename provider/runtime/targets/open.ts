import type { Clock } from '../../../control/clock.ts';
import { success, type Result } from '../../../domain/result.ts';
import type { TargetPlace } from '../declaration.ts';
import { openCluster } from './cluster.ts';
import { DirectoryTarget } from './directory.ts';
import type { Fault, Target } from './target.ts';

/** `check` has seen that it is exactly one of them. */
export function openTarget(place: TargetPlace, clock: Clock): Result<Target, Fault> {
  const { cluster = {}, directory } = place;
  if (directory !== undefined) return success(new DirectoryTarget(directory, clock));
  return openCluster(cluster, clock);
}
