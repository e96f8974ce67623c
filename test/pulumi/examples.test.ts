/** Each example's program, declared into a folder that `mqttgrid up` serves to real clients. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, suite, test } from 'node:test';
import type { Snapshot } from '../../domain/snapshot.ts';
import { checkFolder } from '../../standalone/check.ts';
import { startPeers, type Peers } from '../support/peers.ts';
import { playScenario } from '../support/play.ts';
import { sortedBlocks } from '../support/pulumi-output.ts';
import { openStack, type PulumiResult, type Stack } from '../support/pulumi.ts';
import { assertDone, assertUnchanged } from '../support/pulumi-results.ts';
import { SCENARIOS } from '../support/scenarios.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { REPOSITORY, startUp } from '../support/up.ts';

const EXAMPLES = path.join(REPOSITORY, 'examples');
const GOLDEN = path.join(import.meta.dirname, 'golden');
const UPDATE = process.env['UPDATE_GOLDEN'] === '1';
/** Longer ones are looked at by nobody. */
const PLAN_LINES_MAX = 500;
const PROGRAMS = [...SCENARIOS.map(({ name }) => name), 'fleet'];

let peers: Peers;
before(() => {
  peers = startPeers();
});
after(() => peers.stop());

function manifestsOf(stack: Stack): string {
  return path.join(stack.folder, 'manifests');
}

function snapshotOf(folder: string): Snapshot {
  const checked = checkFolder(folder, Date.now());
  assert.ok(checked.ok, folder);
  assert.deepEqual(checked.value.violations, []);
  const [snapshot] = checked.value.snapshots.values();
  assert.ok(snapshot !== undefined, `no MqttNamespace in ${folder}`);
  return snapshot;
}

/** The plan, and what is said of it: diagnostics come as they arise. */
function previewText({ text, diagnostics }: PulumiResult): string {
  const [plan = ''] = /^[^]*?^Resources:\n(?: .*\n)+/m.exec(sortedBlocks(text)) ?? [];
  const [, summary = ''] = plan.split(/^(?=Resources:)/m);
  const said = diagnostics.map(({ resource, severity, message }) => {
    return `${resource}: ${severity}: ${message}`;
  });
  const shown = plan.split('\n').length > PLAN_LINES_MAX ? summary : plan;
  return `${shown}\n${said.sort().join('\n')}\n`;
}

function assertGolden(name: string, actual: string): void {
  const file = path.join(GOLDEN, `${name}.txt`);
  if (UPDATE) {
    mkdirSync(GOLDEN, { recursive: true });
    writeFileSync(file, actual);
  }
  assert.equal(actual, readFileSync(file, 'utf8'), `${file}: UPDATE_GOLDEN=1 writes it anew`);
}

function describeProgram(name: string): void {
  test(`${name} is previewed, declared, served, unchanged, refreshed and destroyed`, async (t) => {
    const stack = await openStack(t, { program: `examples/${name}/pulumi` });
    assertGolden(name, previewText(await stack.preview('--diff')));
    assert.deepEqual(readdirSync(stack.folder).includes('manifests'), false);

    assertDone(await stack.up());
    const declared = snapshotOf(manifestsOf(stack));
    const scenario = SCENARIOS.find((each) => each.name === name);
    if (scenario !== undefined) {
      // The same as the manifests, down to what brokers are told.
      assert.deepEqual(declared, snapshotOf(path.join(EXAMPLES, name)));
      const up = await startUp(manifestsOf(stack), temporaryFolder(t));
      t.after(() => up.stop());
      const peer = peers.find('mqtt.js', t);
      assert.ok(peer !== undefined);
      await playScenario(scenario, { up, peer, version: 5 });
    }

    assertUnchanged(await stack.up());
    assertUnchanged(await stack.refresh());
    assertUnchanged(await stack.up());
    assertDone(await stack.destroy());
    assert.deepEqual(readdirSync(manifestsOf(stack)), []);
  });
}

test('the repository itself is a program: hello-world, in the folder that the README serves', async (t) => {
  const program = 'examples/hello-world/pulumi';
  const files = ['Pulumi.yaml', `${program}/index.ts`].map(
    (file) => [file, readFileSync(path.join(REPOSITORY, file), 'utf8')] as const,
  );
  const stack = await openStack(t, { files: Object.fromEntries(files) });
  assertDone(await stack.up());
  const served = 'examples/hello-world/pulumi/manifests';
  assert.match(readFileSync(path.join(REPOSITORY, 'README.md'), 'utf8'), new RegExp(served));
  const example = path.join(EXAMPLES, 'hello-world');
  assert.deepEqual(snapshotOf(path.join(stack.folder, served)), snapshotOf(example));
});

suite('each example as a program', { concurrency: 2 }, () => PROGRAMS.forEach(describeProgram));
