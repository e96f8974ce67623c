import type { Clock } from '../../../control/clock.ts';
import { failure, success, type Result } from '../../../domain/result.ts';
import type { TargetPlace } from '../declaration.ts';
import { DirectoryTarget } from './directory.ts';
import type { Fault, Target } from './target.ts';

export function openTarget({ directory }: TargetPlace, clock: Clock): Result<Target, Fault> {
  if (directory !== undefined) return success(new DirectoryTarget(directory, clock));
  const message = 'a cluster cannot be reached by this version';
  return failure({ message, remedy: 'name a directory as the target' });
}
