/** The inputs that are about declaring, and not part of what is declared. */
import type { Violation } from '../../domain/violation.ts';
import { describeValue } from '../../domain/validate/shape.ts';
import { placeViolations } from './targets/place.ts';
import { TIMEOUT_MAX, type Properties } from './declaration.ts';

export function optionViolations({ target, adopt, timeoutSeconds }: Properties): Violation[] {
  const violations = placeViolations(target);
  if (adopt !== undefined && typeof adopt !== 'boolean') {
    violations.push(wrong('adopt', adopt, 'true or false'));
  }
  if (timeoutSeconds !== undefined && !isTimeout(timeoutSeconds)) {
    violations.push(wrong('timeoutSeconds', timeoutSeconds, `a number from 1 to ${TIMEOUT_MAX}`));
  }
  return violations;
}

function isTimeout(value: unknown): boolean {
  return typeof value === 'number' && value >= 1 && value <= TIMEOUT_MAX;
}

function wrong(field: string, value: unknown, wanted: string): Violation {
  const message = `is ${describeValue(value)}, but must be ${wanted}`;
  return { field: [field], reason: 'InvalidShape', message, remedy: `make it ${wanted}` };
}
