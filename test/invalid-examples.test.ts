/**
 * Every refusal that `examples/invalid` announces, word by word.
 * `UPDATE_GOLDEN=1 node --test test/invalid-examples.test.ts` writes them anew; the difference is
 * for review.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { suite, test } from 'node:test';
import { FAULT_REASONS } from '../domain/reasons.ts';
import { KINDS } from '../domain/resources.ts';
import {
  INVALID_EXAMPLES,
  invalidExampleFiles,
  judgeManifest,
  readInvalidExample,
  withList,
  withRefusals,
} from './support/invalid-examples.ts';
import type { InvalidExample } from './support/invalid-examples.ts';

const UPDATE = process.env['UPDATE_GOLDEN'] === '1';
const NOW_MS = Date.parse('2026-01-01T00:00:00Z');
const README = path.join(INVALID_EXAMPLES, 'README.md');

function judge({ file, text }: InvalidExample): ReturnType<typeof judgeManifest> {
  return judgeManifest(path.basename(file), text, NOW_MS);
}

function update(example: InvalidExample): void {
  // The lines that it announces move with the header that announces them.
  for (let round = 0; round < 2; round++) {
    const current = readInvalidExample(example.file);
    const text = withRefusals(current, judge(current).refusals);
    writeFileSync(path.join(INVALID_EXAMPLES, example.file), text);
  }
}

const files = invalidExampleFiles();
if (UPDATE) for (const file of files) update(readInvalidExample(file));
const examples = files.map(readInvalidExample);
if (UPDATE) writeFileSync(README, withList(readFileSync(README, 'utf8'), examples));

suite('refused as announced', () => {
  for (const example of examples) {
    test(`${example.file}: ${example.why}`, () => {
      const { refusals, served } = judge(example);
      assert.ok(refusals.length > 0, 'something is refused');
      assert.deepEqual(refusals, example.expected);
      // One bad object never takes good ones down.
      const refused = refusals.some(({ object = '' }) => object.startsWith('MqttNamespace/'));
      const declared = example.text.includes('kind: MqttNamespace\n');
      if (declared && !refused) assert.deepEqual(served, ['factory']);
    });
  }
});

test('every reason for which an object can be refused has an example', () => {
  const covered = new Set(examples.flatMap(({ expected }) => expected.map(({ reason }) => reason)));
  const missing = Object.keys(FAULT_REASONS).filter((reason) => !covered.has(reason));
  // A limit out of bounds is refused by the schema already, as InvalidShape. The others are of a
  // change (`live-change.test.ts`) and of a broker, which no manifest makes.
  assert.deepEqual(missing, ['InvalidLimit', 'Immutable', 'Pending']);
});

test('every kind has examples, and those of no kind are about files', () => {
  const hyphenated = KINDS.map((kind) => kind.replace(/(?<=[a-z])(?=[A-Z])/g, '-').toLowerCase());
  const folders = new Set(files.map((file) => path.dirname(file)));
  assert.deepEqual([...folders].sort(), [...hyphenated, 'file'].sort());
});

test('no two examples are the same', () => {
  const said = examples.map(
    ({ expected, file }) => `${path.dirname(file)} ${JSON.stringify(expected)}`,
  );
  assert.equal(new Set(said).size, said.length);
});

test('the README lists what is in the folder, and what one gets', () => {
  const readme = readFileSync(README, 'utf8');
  assert.equal(readme, withList(readme, examples));
});
