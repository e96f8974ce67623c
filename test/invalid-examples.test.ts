/**
 * Every refusal that `examples/invalid` announces, word by word.
 * `UPDATE_GOLDEN=1 node --test test/invalid-examples.test.ts` writes them anew; the difference is
 * for review.
 */
import assert from 'node:assert/strict';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { suite, test } from 'node:test';
import type { TestContext } from 'node:test';
import { FAULT_REASONS } from '../domain/reasons.ts';
import { KINDS } from '../domain/resources.ts';
import {
  INVALID_EXAMPLES,
  invalidExampleFiles,
  judgeManifest,
  readInvalidExample,
  steadyRefusal,
  withList,
  withRefusals,
} from './support/invalid-examples.ts';
import type { InvalidExample, Refusal } from './support/invalid-examples.ts';
import { runScript } from './support/run-command.ts';
import { temporaryFolder } from './support/temporary-folder.ts';
import { CLI, startUp } from './support/up.ts';
import type { UpEvent } from './support/up.ts';

const UPDATE = process.env['UPDATE_GOLDEN'] === '1';
const NOW_MS = Date.parse('2026-01-01T00:00:00Z');
const README = path.join(INVALID_EXAMPLES, 'README.md');

function judge({ file, text }: InvalidExample): ReturnType<typeof judgeManifest> {
  return judgeManifest(path.basename(file), text, NOW_MS);
}

type ViolationEvent = UpEvent & Refusal & { readonly file: string };

function isViolation(event: UpEvent): event is ViolationEvent {
  return event.event === 'violation';
}

/** A new folder that has this example alone. */
function folderWith(t: TestContext, file: string): string {
  const folder = temporaryFolder(t);
  copyFileSync(path.join(INVALID_EXAMPLES, file), path.join(folder, path.basename(file)));
  return folder;
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

suite('told by the commands, too', () => {
  for (const file of [
    'ca-certificate/expired.yaml',
    'client/no-authentication.yaml',
    'file/declared-twice.yaml',
    'file/not-yaml.yaml',
    'permission-binding/client-group-not-accepted.yaml',
    'topic-space/overlap.yaml',
  ]) {
    test(`mqttgrid validate: ${file}`, async (t) => {
      const folder = folderWith(t, file);
      const { code, stdout, stderr } = await runScript([CLI, 'validate', folder, '-o', 'json']);
      assert.equal(code, 1, stderr);
      const lines = stdout.trim().split('\n');
      const violations = lines.map((line) => JSON.parse(line) as UpEvent).filter(isViolation);
      assert.deepEqual(violations.map(steadyRefusal), readInvalidExample(file).expected);
      assert.ok(
        violations.every((violation) => violation.file === path.join(folder, path.basename(file))),
      );
    });
  }

  test('mqttgrid validate, for people: file, line, object, field, rule and remedy', async (t) => {
    const file = 'client/no-authentication.yaml';
    const folder = folderWith(t, file);
    const { code, stdout } = await runScript([CLI, 'validate', folder]);
    assert.equal(code, 1);
    const [refusal] = readInvalidExample(file).expected;
    assert.ok(refusal !== undefined);
    const { line, field, reason, message, remedy } = refusal;
    const first = stdout.split('\n')[0] ?? '';
    for (const part of [
      `${path.join(folder, path.basename(file))}:${line}:`,
      'machine-1',
      field,
      reason,
    ]) {
      assert.ok(first.includes(part), `${part} in ${first}`);
    }
    assert.ok(first.endsWith(`${message}; ${remedy}`), first);
  });

  test('mqttgrid up: told before it is ready, and the rest is served', async (t) => {
    const file = 'topic-space/overlap.yaml';
    const folder = folderWith(t, file);
    const up = await startUp(folder, path.join(folder, 'data'));
    t.after(() => up.stop());
    const told = up.events.filter(isViolation);
    assert.deepEqual(told.map(steadyRefusal), readInvalidExample(file).expected);
    assert.equal(up.events.at(-1)?.event, 'ready');
    assert.match(up.endpoint('factory'), /^mqtts:/);
    const conditions = up.events.filter(({ event }) => event === 'condition');
    const ready = (name: string): unknown =>
      conditions.find(({ object }) => object === `TopicSpace/default/${name}`)?.['ready'];
    assert.deepEqual(
      [ready('dashboards'), ready('telemetry'), ready('uplink')],
      [true, false, true],
    );
  });
});

test('every reason for which an object can be refused has an example', () => {
  const covered = new Set(examples.flatMap(({ expected }) => expected.map(({ reason }) => reason)));
  const missing = Object.keys(FAULT_REASONS).filter((reason) => !covered.has(reason));
  // They are of a change (`live-change.test.ts`) and of a broker, which no manifest makes.
  assert.deepEqual(missing, [
    'Immutable',
    'Pending',
    'BrokerUnavailable',
    'DestinationUnreachable',
    'DestinationRefused',
    'SnapshotRefused',
  ]);
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
