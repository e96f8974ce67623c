/**
 * The health script that Argo CD runs, on objects as `kubectl get -o yaml` shows them, in Argo CD's
 * own format of such tests: deploy/argocd/health_test.yaml.
 */
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { after, before, suite, test } from 'node:test';
import { LuaFactory } from 'wasmoon';
import type { LuaEngine } from 'wasmoon';
import { parse } from 'yaml';
import { KINDS } from '../domain/resources.ts';
import { kstatusOf } from './support/kstatus.ts';
import type { KstatusObject } from './support/kstatus.ts';
import { REPOSITORY } from './support/up.ts';

const FOLDER = path.join(REPOSITORY, 'deploy/argocd');
const HEALTH = read('health.lua');

interface HealthTest {
  readonly inputPath: string;
  readonly healthStatus: { readonly status: string; readonly message: string };
}

function read(file: string): string {
  return readFileSync(path.join(FOLDER, file), 'utf8');
}

/** The object as a table of Lua, which is what Argo CD hands to the script. */
function luaTable(value: unknown): string {
  if (Array.isArray(value)) return `{${value.map(luaTable).join(', ')}}`;
  if (typeof value === 'object' && value !== null) {
    const fields = Object.entries(value).map(
      ([key, field]) => `[${luaText(key)}] = ${luaTable(field)}`,
    );
    return `{${fields.join(', ')}}`;
  }
  if (typeof value === 'string') return luaText(value);
  return value === null ? 'nil' : JSON.stringify(value);
}

/** Every byte by its number, so that nothing in the text means anything to Lua. */
function luaText(text: string): string {
  return `"${[...Buffer.from(text)].map((byte) => `\\${String(byte).padStart(3, '0')}`).join('')}"`;
}

suite('the health that Argo CD shows', () => {
  let lua: LuaEngine;
  before(async () => {
    lua = await new LuaFactory().createEngine();
  });
  after(() => lua.global.close());

  const healthOf = async (object: unknown): Promise<unknown> =>
    lua.doString(`obj = ${luaTable(object)}\n${HEALTH}`);

  const { tests } = parse(read('health_test.yaml')) as { tests: readonly HealthTest[] };
  for (const { inputPath, healthStatus } of tests) {
    test(`is ${healthStatus.status} for ${path.basename(inputPath, '.yaml')}`, async () => {
      assert.deepEqual(await healthOf(parse(read(inputPath))), healthStatus);
    });
  }

  test('is what other tools that wait make of the same object', () => {
    const SAME = { Healthy: 'Current', Degraded: 'Failed', Progressing: 'InProgress' } as const;
    for (const { inputPath, healthStatus } of tests) {
      const object = parse(read(inputPath)) as KstatusObject;
      // A destination may come back: others wait on, while Argo CD knows a word for what ails now.
      const ails = healthStatus.message.startsWith('DestinationUnreachable');
      const expected = ails ? 'InProgress' : SAME[healthStatus.status as keyof typeof SAME];
      assert.equal(kstatusOf(object), expected, inputPath);
    }
  });

  test('is told of every state that it can have', () => {
    const states = new Set(tests.map(({ healthStatus }) => healthStatus.status));
    assert.deepEqual([...states].sort(), ['Degraded', 'Healthy', 'Progressing']);
    const inputs = tests.map(({ inputPath }) => path.basename(inputPath));
    assert.deepEqual(inputs.sort(), readdirSync(path.join(FOLDER, 'testdata')).sort());
  });

  test('is Progressing for a status that has conditions of somebody else alone', async () => {
    const object = {
      metadata: { generation: 1 },
      status: { observedGeneration: 1, conditions: [{ type: 'Other', status: 'True' }] },
    };
    assert.deepEqual(await healthOf(object), {
      status: 'Progressing',
      message: 'Waiting for the condition Ready',
    });
  });
});

test('the patch of argocd-cm has the script, for every kind', () => {
  const { data } = parse(read('argocd-cm.yaml')) as { data: Record<string, string> };
  const keys = KINDS.map((kind) => `resource.customizations.health.mqttgrid.io_${kind}`);
  assert.deepEqual(Object.keys(data).sort(), keys.sort());
  for (const script of Object.values(data)) assert.equal(script, HEALTH);
});
