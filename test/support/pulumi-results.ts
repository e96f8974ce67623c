/** What is asked of the results of pulumi commands. */
import assert from 'node:assert/strict';
import type { PulumiResult } from './pulumi.ts';

export function assertDone({ code, text }: PulumiResult): void {
  assert.equal(code, 0, text);
}

/** What was done, but for what was only looked at. */
export function changesOf({ operations }: PulumiResult): (readonly [string, string])[] {
  return operations.filter(([, operation]) => operation !== 'same' && operation !== 'refresh');
}

export function assertUnchanged(result: PulumiResult): void {
  assertDone(result);
  assert.deepEqual(changesOf(result), [], result.text);
}

/** `TopicSpace alerts: MESSAGE` of each diagnostic with this severity. */
export function saidOf({ diagnostics }: PulumiResult, severity: string): string[] {
  return diagnostics
    .filter((diagnostic) => diagnostic.severity === severity)
    .map(({ resource, message }) => `${resource}: ${message}`);
}
