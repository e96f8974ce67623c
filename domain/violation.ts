import type { FaultReason } from './reasons.ts';

/** Where in an object, from its root: `['spec', 'topicTemplates', 2]`. */
export type FieldPath = readonly (string | number)[];

/** One broken rule in one object, for the person who must mend it. */
export interface Violation {
  readonly field: FieldPath;
  readonly reason: FaultReason;
  /** What is wrong and which rule says so: one sentence without a full stop at its end. */
  readonly message: string;
  /** What would make it right: one imperative sentence without a full stop at its end. */
  readonly remedy: string;
}

const PLAIN_KEY = /^[A-Za-z_][A-Za-z0-9_-]*$/;

/** `spec.topicTemplates[2]`; a key that is not plain is quoted: `spec.attributes["a.b"]`. */
export function printFieldPath(path: FieldPath): string {
  let text = '';
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`;
    else if (!PLAIN_KEY.test(step)) text += `[${JSON.stringify(step)}]`;
    else text += text === '' ? step : `.${step}`;
  }
  return text;
}

/** `spec.name: "a" is too short [...]; use 3 to 50 characters`. */
export function printViolation(violation: Violation): string {
  return `${printFieldPath(violation.field)}: ${violation.message}; ${violation.remedy}`;
}
