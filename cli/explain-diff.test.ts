/** `mqttgrid explain --diff` as a person or a pipeline runs it, on examples and edits of them. */
import assert from 'node:assert/strict';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import type { TestContext } from 'node:test';
import { runScript } from '../test/support/run-command.ts';
import { temporaryFolder } from '../test/support/temporary-folder.ts';
import { CLI, REPOSITORY } from '../test/support/up.ts';

const FAN_IN = 'examples/fan-in';

type Edit = readonly [file: string, from: string, to: string];

/** A copy of the fan-in example, in which each text is found and replaced. */
function edited(t: TestContext, ...edits: readonly Edit[]): string {
  const folder = join(temporaryFolder(t), 'manifests');
  cpSync(join(REPOSITORY, FAN_IN), folder, { recursive: true });
  for (const [file, from, to] of edits) {
    const text = readFileSync(join(folder, file), 'utf8');
    assert.ok(text.includes(from), `${file} says ${from}`);
    writeFileSync(
      join(folder, file),
      text.replaceAll(from, () => to),
    );
  }
  return folder;
}

async function diff(...parameters: readonly string[]): Promise<[number | null, string[]]> {
  const { code, stdout, stderr } = await runScript([CLI, 'explain', '--diff', ...parameters]);
  assert.equal(stderr, '');
  return [code, stdout.trimEnd().split('\n')];
}

const VEHICLES = 's2-vehicle1, s2-vehicle2';

suite('explain --diff', { concurrency: 4 }, () => {
  test('says that nothing changes, and ends with 0', async (t) => {
    const folder = edited(t, ['namespace.yaml', 'A fleet', 'Our fleet']);
    const line = `nothing changes for clients from ${FAN_IN} to ${folder}`;
    assert.deepEqual(await diff(FAN_IN, folder), [0, [line]]);
  });

  test('tells who gains, who loses, and whose certificate changes, and ends with 1', async (t) => {
    const folder = edited(
      t,
      ['topic-spaces.yaml', '${client.name}/GPS/#', '${client.name}/#'],
      ['clients.yaml', 'type: map', 'type: maps'],
      ['clients.yaml', 'commonName: s2-vehicle2.', 'commonName: another.'],
    );
    const own = 'vehicles/${client.name}';
    assert.deepEqual(await diff(FAN_IN, folder), [
      1,
      [
        'MqttNamespace/fan-in',
        '  ~  connect    1 client   with another certificate than before: s2-vehicle2',
        `  +  publish    2 clients  ${own}/# (such as vehicles/s2-vehicle1/#), ` +
          `but for ${own}/GPS/#, which it had: ${VEHICLES}`,
        '  -  subscribe  1 client   vehicles/+/GPS/#: s2-map-client',
        '',
        `2 clients gain access, 1 loses some, from ${FAN_IN} to ${folder}`,
      ],
    ]);
  });

  test('tells what is lost with objects that are deleted, or refused, and why', async (t) => {
    const folder = edited(t, ['client-groups.yaml', "'vehicle'", 'vehicle']);
    const [code, [violation, unbound, , , ...lines]] = await diff(FAN_IN, folder);
    assert.match(
      violation ?? '',
      /client-groups\.yaml:\d+:\d+ {2}ClientGroup\/vehicles .*InvalidQu/,
    );
    assert.match(unbound ?? '', /permission-bindings\.yaml.*RefNotAccepted/);
    const own = 'vehicles/${client.name}/GPS/# (such as vehicles/s2-vehicle1/GPS/#)';
    assert.deepEqual(lines.slice(0, 2), [
      'MqttNamespace/fan-in',
      `  -  publish  2 clients  ${own}: ${VEHICLES}`,
    ]);
    assert.equal(code, 1);
  });

  test('tells of MqttNamespaces that appear and disappear', async () => {
    const [code, lines] = await diff(FAN_IN, 'examples/hello-world');
    assert.equal(lines[0], 'MqttNamespace/fan-in is removed');
    assert.ok(lines.includes('MqttNamespace/hello-world is added'));
    assert.ok(
      lines.includes(
        `  -  connect    3 clients  as no longer declared: s2-map-client, ${VEHICLES}`,
      ),
    );
    assert.equal(code, 1);
  });

  test('-o json tells everything in lines, every client by name', async (t) => {
    const folder = edited(t, ['clients.yaml', 'type: vehicle', 'type: truck']);
    const [code, lines] = await diff(FAN_IN, folder, '-o', 'json');
    const topicOf = (client: string) => ({
      client,
      topics: [`vehicles/${client}/GPS/#`],
      except: [],
    });
    assert.deepEqual(
      lines.map((line) => JSON.parse(line) as unknown),
      [
        {
          event: 'access',
          object: 'MqttNamespace/default/fan-in',
          change: 'Lost',
          permission: 'Publisher',
          topicTemplate: 'vehicles/${client.name}/GPS/#',
          except: [],
          clients: [topicOf('s2-vehicle1'), topicOf('s2-vehicle2')],
        },
        { event: 'summary', changed: true, gaining: 0, losing: 2, violations: 0 },
      ],
    );
    assert.equal(code, 1);
  });

  test('-o json tells violations as validate does', async (t) => {
    const folder = edited(t, ['client-groups.yaml', "'map'", 'map']);
    const [, lines] = await diff(folder, folder, '-o', 'json');
    const validated = await runScript([CLI, 'validate', folder, '-o', 'json']);
    const violations = validated.stdout.trimEnd().split('\n').slice(0, -1);
    assert.deepEqual(lines.slice(0, -1), [...violations, ...violations]);
    const summary = { event: 'summary', changed: false, gaining: 0, losing: 0, violations: 4 };
    assert.deepEqual(JSON.parse(lines.at(-1) ?? ''), summary);
  });
});
