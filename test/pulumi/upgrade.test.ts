/** What earlier builds have deployed stays in the hands of every later one. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { SHELL } from '../../provider/shell.ts';
import { install, installedHere, pack, packOther, type PackageJson } from '../support/packed.ts';
import { openStack, type ExportedStack } from '../support/pulumi.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { REPOSITORY } from '../support/up.ts';

/** A program each, with what it wrote and the state that was exported; never written anew. */
const FIXTURES = 'test/pulumi/fixtures';
const STATES = readdirSync(path.join(REPOSITORY, FIXTURES));

const CONFIGURATION = {
  config: { 'mqttgrid:target': 'directory' },
  secrets: { owner: 'the fleet office' },
};

test('the text in the state is that of all builds before', () => {
  for (const state of STATES) {
    const text = readFileSync(path.join(REPOSITORY, FIXTURES, state, 'stack.json'), 'utf8');
    const { deployment } = JSON.parse(text) as ExportedStack;
    const ours = (deployment.resources ?? []).filter(({ type }) => type.includes(':dynamic/'));
    assert.ok(ours.length >= 8);
    for (const { inputs, outputs } of ours) {
      assert.equal(inputs?.['__provider'], SHELL, state);
      assert.equal(outputs?.['__provider'], SHELL, state);
    }
  }
});

for (const state of STATES) {
  test(`${state}, deployed by an earlier build, is unchanged by this one, which refreshes and destroys it`, async (t) => {
    const stack = await openStack(t, { program: `${FIXTURES}/${state}`, ...CONFIGURATION });
    const imported = await stack.run('stack', 'import', '--file', 'stack.json');
    assert.equal(imported.code, 0, imported.text);
    for (const command of ['preview', 'up', 'refresh', 'up'] as const) {
      const result = await stack[command]('--expect-no-changes');
      assert.equal(result.code, 0, `${command}: ${result.text}`);
    }
    const destroy = await stack.destroy();
    assert.equal(destroy.code, 0, destroy.text);
    assert.deepEqual(readdirSync(path.join(stack.folder, 'manifests')), []);
  });
}

/** Other names behind the same doors. */
function rearrange(root: string, json: PackageJson): void {
  renameSync(path.join(root, 'dist'), path.join(root, 'build'));
  renameSync(path.join(root, 'build/esm'), path.join(root, 'build/modules'));
  const moved = (door: unknown): unknown =>
    JSON.parse(JSON.stringify(door).replaceAll('dist/', 'build/').replaceAll('/esm/', '/modules/'));
  Object.assign(json, {
    files: ['build'],
    bin: {},
    main: moved(json.main),
    types: moved(json.types),
    exports: moved(json.exports),
  });
}

test('what another build has deployed goes on with this one, once that is installed', async (t) => {
  const folder = temporaryFolder(t);
  const earlier = packOther(folder, '0.0.1', rearrange);
  const stack = await openStack(t, {
    program: `${FIXTURES}/state-1`,
    ...CONFIGURATION,
    install: (program) =>
      install(
        program,
        earlier,
        installedHere('@pulumi/pulumi'),
        'typescript@^5',
        '@types/node@^22',
      ),
  });
  rmSync(path.join(stack.folder, 'manifests'), { recursive: true });
  const first = await stack.up();
  assert.equal(first.code, 0, first.text);
  const installed = path.join(stack.folder, 'node_modules/mqttgrid');
  assert.ok(readdirSync(installed).includes('build'));

  install(stack.folder, pack(folder));
  assert.ok(!readdirSync(installed).includes('build'));
  for (const command of ['preview', 'up', 'refresh', 'up'] as const) {
    const result = await stack[command]('--expect-no-changes');
    assert.equal(result.code, 0, `${command}: ${result.text}`);
  }
  const program = readFileSync(path.join(stack.folder, 'index.ts'), 'utf8');
  stack.write('index.ts', program.replace("'alerts/#'", "'alerts/#', 'news/#'"));
  const changed = await stack.up();
  assert.equal(changed.code, 0, changed.text);
  assert.deepEqual(
    changed.operations.filter(([, operation]) => operation !== 'same'),
    [['TopicSpace alerts', 'update']],
  );
  const destroy = await stack.destroy();
  assert.equal(destroy.code, 0, destroy.text);
  assert.deepEqual(readdirSync(path.join(stack.folder, 'manifests')), []);
});
