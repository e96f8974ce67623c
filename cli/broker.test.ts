/** `mqttgrid broker` as a pod runs it: a process, by its options and signals. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { telemetrySketch } from '../test/support/broker.ts';
import { aControlPlane, get, inOrder, KEY, UID } from '../test/support/control-plane.ts';
import type { ControlPlane } from '../test/support/control-plane.ts';
import { aSnapshot } from '../test/support/snapshots.ts';
import { CLI } from '../test/support/up.ts';
import { eventually, within } from '../test/support/within.ts';

const WAIT_MS = 20_000;

interface Line {
  readonly msg: string;
  readonly level: number;
  readonly healthPort?: number;
}

function start(t: TestContext, plane: ControlPlane, port: number) {
  const name = 'plant-0';
  plane.mount(name);
  const folder = plane.folderOf(name);
  const options = {
    '--control-host': 'localhost',
    '--control-port': plane.port(),
    '--data': join(folder, 'data'),
    '--server-certificate': join(folder, 'server'),
    '--control-certificate': join(folder, 'control'),
    '--host': '127.0.0.1',
    '--port': port,
    '--health-port': 0,
    '--metrics-port': 0,
  };
  const child = spawn(
    process.execPath,
    [CLI, 'broker', ...Object.entries(options).flat().map(String)],
    {
      env: { ...process.env, POD_NAME: name },
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  t.after(() => child.kill('SIGKILL'));
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
  const lines = (): Line[] => {
    const complete = text
      .slice(0, text.lastIndexOf('\n') + 1)
      .split('\n')
      .slice(0, -1);
    return complete.map((line) => JSON.parse(line) as Line);
  };
  const closed = once(child, 'close') as Promise<[number | null]>;
  return { child, lines, closed: within(WAIT_MS, 'the end', closed) };
}

test('serves what the operator says, is ready then, and ends on SIGTERM with 0', async (t) => {
  const plane = await aControlPlane(t);
  const { publications, acknowledged } = await plane.operator('127.0.0.1');
  publications.lead(1);
  const version = publications.publish(KEY, UID, await inOrder(aSnapshot(telemetrySketch)));
  const { child, lines, closed } = start(t, plane, 0);
  await acknowledged(version, 1);
  assert.equal(publications.standing(KEY)[0]?.pod, 'plant-0');
  const started = await eventually(WAIT_MS, 'the start', () => {
    return lines().find(({ healthPort }) => healthPort !== undefined);
  });
  assert.deepEqual(await get(started.healthPort!, '/readyz'), [200, 'ok\n']);
  child.kill('SIGTERM');
  const [code] = await closed;
  assert.equal(code, 0);
  assert.deepEqual(
    lines().filter(({ level }) => level >= 40),
    [],
  );
});

test('a port that another process has ends it with 1, and the log says why', async (t) => {
  const plane = await aControlPlane(t);
  const { publications } = await plane.operator('127.0.0.1');
  publications.lead(1);
  publications.publish(KEY, UID, await inOrder(aSnapshot(telemetrySketch)));
  const other = createServer().listen(0, '127.0.0.1');
  t.after(() => other.close());
  await once(other, 'listening');
  const { lines, closed } = start(t, plane, (other.address() as AddressInfo).port);
  const [code] = await closed;
  assert.equal(code, 1);
  const fatal = lines().filter(({ level }) => level === 60);
  assert.equal(fatal.length, 1);
  assert.match(JSON.stringify(fatal), /EADDRINUSE/);
});
