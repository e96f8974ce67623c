import type { Clock } from '../../../control/clock.ts';
import { failure, type Result } from '../../../domain/result.ts';
import type { TargetPlace } from '../declaration.ts';
import type { Fault, Target } from './target.ts';

export function openTarget(place: TargetPlace, _clock: Clock): Result<Target, Fault> {
  return failure({ message: `${JSON.stringify(place)}`, remedy: 'x' });
}
