/** The commands as a person or a script runs them: child processes. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { TestContext } from 'node:test';
import type { Readable } from 'node:stream';
import { runScript } from '../test/support/run-command.ts';
import type { CommandResult } from '../test/support/run-command.ts';
import { temporaryFolder } from '../test/support/temporary-folder.ts';
import { CLI, REPOSITORY } from '../test/support/up.ts';
import { within } from '../test/support/within.ts';

const HELLO = 'examples/hello-world';
const END_MS = 10_000;

function run(...parameters: readonly string[]): Promise<CommandResult> {
  return runScript([CLI, ...parameters]);
}

/** A folder with one file that has one violation, and a data folder beside it. */
function brokenFolder(t: TestContext): string {
  const folder = join(temporaryFolder(t), 'manifests');
  mkdirSync(folder);
  const text = `apiVersion: mqttgrid.io/v1
kind: ClientGroup
metadata: {name: all}
spec:
  namespaceRef: {name: plant}
  query: name =
---
apiVersion: mqttgrid.io/v1
kind: MqttNamespace
metadata: {name: plant}
spec: {}
`;
  writeFileSync(join(folder, 'a.yaml'), text);
  return folder;
}

function jsonLines(text: string): Record<string, unknown>[] {
  const lines = text.split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

/** Commands that end by themselves and share nothing: starting Node is most of what they take. */
const TOGETHER = { concurrency: 4 };

describe('a command that ends by itself', TOGETHER, () => {
  const helps: readonly (readonly [readonly string[], readonly RegExp[]])[] = [
    [[], [/up .*serve/, /validate/, /explain/, /certs/, /Examples:\n {2}mqttgrid up/]],
    [['up'], [/--port <port>/, /"event":"ready"/, /Exit codes: /, /Examples:\n/]],
    [['validate'], [/"event":"violation"/, /Exit codes: 0 .* 1 .* 2 /, /Examples:\n/]],
    [
      ['explain'],
      [/--publish <topic>/, /--diff/, /--route/, /Exit codes: 0 .* 3 .* 2 /, /Examples:\n/],
    ],
    [['certs'], [/Usage: mqttgrid certs/]],
    [['broker'], [/--control-host <name>/, /\/readyz/, /Exit codes: 0 .* 2 /, /Examples:\n/]],
  ];

  for (const [command, patterns] of helps) {
    const title = ['mqttgrid', ...command, '--help'].join(' ');
    test(`${title} tells what there is, with examples`, async () => {
      const { code, stdout, stderr } = await run(...command, '--help');
      assert.deepEqual([code, stderr], [0, '']);
      for (const pattern of patterns) assert.match(stdout, pattern);
      for (const line of stdout.split('\n')) assert.ok(line.length <= 100, line);
    });
  }

  test('--version is the version of the package', async () => {
    const { code, stdout } = await run('--version');
    const text = readFileSync(join(REPOSITORY, 'package.json'), 'utf8');
    const { version } = JSON.parse(text) as { readonly version: string };
    assert.deepEqual([code, stdout], [0, `${version}\n`]);
  });

  const mistakes: readonly (readonly [readonly string[], RegExp])[] = [
    [[], /Usage: mqttgrid/],
    [['vaildate', HELLO], /unknown command 'vaildate'\n\(Did you mean validate\?\)/],
    [['up'], /missing required argument 'DIR'/],
    [['up', HELLO, '--prot', '1'], /unknown option '--prot'\n\(Did you mean --port\?\)/],
    [['up', HELLO, '--port', '65536'], /'65536' is invalid. A port is a number from 0 .* to 65535/],
    [['up', HELLO, '-o', 'xml'], /Allowed choices are text, json/],
    [['up', HELLO, '--tls-key', 'a'], /--tls-certificate and --tls-key go together/],
    [
      ['up', HELLO, '--tls-key', 'package.json', '--tls-certificate', 'package.json'],
      /certificate and key of the listeners cannot be used: /,
    ],
    [['up', 'no-such-folder'], /^mqttgrid: the folder "no-such-folder" .* does not exist: .*\n$/],
    [['up', 'package.json'], /^mqttgrid: the folder "package.json" .* is not a folder: .*\n$/],
    [
      ['validate', 'no-such-folder'],
      /^mqttgrid: the folder "no-such-folder" .* does not exist: .*\n$/,
    ],
    [
      ['explain', HELLO, '--publish', 'a'],
      /whose access\? Say --client NAME, or --route TOPIC, or/,
    ],
    [['explain', HELLO, HELLO, '--client', 'a'], /two folders are for --diff OLD NEW/],
    [['explain', '--diff', HELLO], /--diff compares two folders: --diff OLD NEW/],
    [['explain', '--diff', HELLO, HELLO, '--client', 'a'], /--diff asks about all clients/],
    [
      ['explain', '--diff', HELLO, 'no-such-folder'],
      /the folder "no-such-folder" .* does not exist/,
    ],
    [['explain', HELLO, '--route', 'a', '--client', 'a'], /--route asks about a message of any/],
    [['explain', HELLO, '--route', 'a', '--payload', '{'], /--payload is not JSON of at most 62/],
    [['explain', HELLO, '--client', 'a', '--payload', '1'], /--payload is of a message: say --rou/],
    [['explain', HELLO, HELLO, '--route', 'a'], /two folders are for --diff OLD NEW/],
    [['explain', HELLO, HELLO, '--diff', '--route', 'a'], /--diff asks about all clients/],
    [['explain', HELLO, '--client', 'a'], /ask one thing: --publish TOPIC or --subscribe FILTER/],
    [['broker', '--pod-name', 'a'], /required option '--control-host <name>' not specified/],
    [
      ['broker', '--pod-name', 'a', '--control-host', 'b', '--control-certificate', 'c'],
      /^mqttgrid: this broker cannot start: .* in c cannot be used: ENOENT/,
    ],
    [
      ['explain', HELLO, '--client', 'a', '--publish', 'a', '--namespace', 'b'],
      /no MqttNamespace "b" is in force: MqttNamespace\/default\/hello-world is/,
    ],
  ];

  for (const [parameters, message] of mistakes) {
    test(`mqttgrid ${parameters.join(' ')}: says what is wrong, and ends with 2`, async () => {
      const { code, stdout, stderr } = await run(...parameters);
      assert.match(stderr, message);
      assert.deepEqual([code, stdout], [2, '']);
    });
  }

  test('validate says nothing is wrong, and ends with 0', async () => {
    const { code, stdout, stderr } = await run('validate', HELLO);
    assert.equal(stdout, `no violations: 7 objects in 5 files of ${HELLO}\n`);
    assert.deepEqual([code, stderr], [0, '']);
  });

  test('validate prints each violation with its place, and ends with 1', async (t) => {
    const folder = brokenFolder(t);
    const { code, stdout, stderr } = await run('validate', folder);
    const [violation, summary] = stdout.split('\n');
    const start = `${folder}/a.yaml:6:3  ClientGroup/all  spec.query  [InvalidQuery] `;
    assert.ok(violation?.startsWith(start), violation);
    assert.match(violation?.slice(start.length) ?? '', /.+; .+/);
    assert.equal(summary, `1 violation: 2 objects in 1 file of ${folder}`);
    assert.deepEqual([code, stderr], [1, '']);
  });

  for (const command of [['validate'], ['up', '--validate-only']]) {
    test(`${command.join(' ')} -o json prints JSON lines, and ends with 1`, async (t) => {
      const folder = brokenFolder(t);
      const { code, stdout } = await run(...command, folder, '-o', 'json');
      const [violation, ...rest] = jsonLines(stdout);
      const words = [violation?.['message'], violation?.['remedy']];
      assert.ok(words.every((text) => typeof text === 'string' && text !== ''));
      const place = { ...violation, message: undefined, remedy: undefined };
      assert.deepEqual(place, {
        event: 'violation',
        file: `${folder}/a.yaml`,
        line: 6,
        column: 3,
        object: 'ClientGroup/default/all',
        field: 'spec.query',
        reason: 'InvalidQuery',
        message: undefined,
        remedy: undefined,
      });
      assert.deepEqual(rest, [{ event: 'summary', files: 1, objects: 2, violations: 1 }]);
      assert.equal(code, 1);
    });
  }

  test('explain tells by which binding, and ends with 0', async () => {
    const asked = ['--client', 'pub-client', '--publish', 'samples/topic'];
    const { code, stdout, stderr } = await run('explain', HELLO, ...asked);
    assert.match(stdout, /^allowed: "pub-client" may publish to "samples\/topic"\n.*"pub-hello"/);
    assert.deepEqual([code, stderr], [0, '']);
  });

  test('explain -o json tells what was missed, and ends with 3', async () => {
    const asked = ['--client', 'sub-client', '--subscribe', '#', '-o', 'json'];
    const { code, stdout } = await run('explain', HELLO, ...asked);
    const [explanation] = jsonLines(stdout);
    assert.equal(explanation?.['namespace'], 'hello-world');
    assert.equal(explanation['allowed'], false);
    assert.ok(Array.isArray(explanation['wouldAllow']) && explanation['wouldAllow'].length > 0);
    assert.equal(code, 3);
  });

  test('explain says that a client is refused, and why', async (t) => {
    const folder = brokenFolder(t);
    const text = `apiVersion: mqttgrid.io/v1
kind: Client
metadata: {name: c-1}
spec: {namespaceRef: {name: plant}, authentication: {}}
`;
    writeFileSync(join(folder, 'b.yaml'), text);
    const { code, stdout, stderr } = await run(
      'explain',
      folder,
      '--client',
      'c-1',
      '--publish',
      'a',
    );
    assert.match(stdout, /^refused: "c-1" may not publish to "a"/);
    assert.match(stderr, /b\.yaml:4:\d+ {2}Client\/c-1 {2}spec\.authentication {2}\[/);
    assert.match(stderr, /2 violations/);
    assert.equal(code, 3);
  });
});

interface Running {
  readonly child: ChildProcessByStdio<null, Readable, Readable>;
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** Until standard output says so. */
  readonly says: (pattern: RegExp) => Promise<void>;
  readonly end: (signal: NodeJS.Signals) => Promise<number | null>;
}

function start(t: TestContext, ...parameters: readonly string[]): Running {
  const child = spawn(process.execPath, [CLI, ...parameters], {
    cwd: REPOSITORY,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  t.after(() => child.kill('SIGKILL'));
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const closed = new Promise<number | null>((resolve) => child.once('close', resolve));
  return {
    child,
    stdout: () => stdout,
    stderr: () => stderr,
    says: (pattern) =>
      within(
        END_MS,
        String(pattern),
        (async () => {
          while (!pattern.test(stdout)) await once(child.stdout, 'data');
        })(),
      ),
    end: (signal) => {
      child.kill(signal);
      return within(END_MS, `the end by ${signal}`, closed);
    },
  };
}

test('up shows the objects, how to connect, a real message, and changes', async (t) => {
  const folder = temporaryFolder(t);
  const up = start(t, 'up', HELLO, '--port', '0', '--data', folder, '--demo');
  await up.says(/Ctrl-C ends it/);
  const shown = up.stdout();
  assert.match(shown, /^KIND +NAME +READY +REASON +MESSAGE\nMqttNamespace +hello-world +True\n/);
  assert.match(shown, /CaCertificate +mqttgrid-development +True\n/);
  assert.match(shown, /hello-world listens on mqtts:\/\/127\.0\.0\.1:\d+\n/);
  const certificates = join(folder, 'certificates');
  const own = `${certificates}/hello-world/sub-client`;
  const words = `-i sub-client --cafile ${certificates}/ca.crt --cert ${own}.crt --key ${own}.key`;
  assert.ok(shown.includes(words), shown);
  assert.match(shown, /mosquitto_pub .* -i pub-client .* -t samples\/topic -m hello\n/);
  assert.match(shown, /pub-client published to samples\/topic\nsub-client, .* after [\d.]+ ms:\n/);
  assert.match(shown, / {2}\{"latitude":47\.63962283908785,"longitude":-122\.12718926895407\}\n/);
  assert.equal(await up.end('SIGINT'), 0);
  assert.equal(up.stderr(), '');
});

test('up follows the folder in JSON lines, and ends on SIGTERM with 0', async (t) => {
  const folder = brokenFolder(t);
  const parameters = ['--port', '0', '--data', join(folder, '..', 'data'), '-o', 'json'];
  const up = start(t, 'up', folder, ...parameters);
  await up.says(/"event":"ready"/);
  const events = jsonLines(up.stdout()).map(({ event }) => event);
  assert.deepEqual(events, ['violation', 'condition', 'condition', 'ready']);
  const ready = jsonLines(up.stdout()).at(-1);
  assert.match(JSON.stringify(ready?.['endpoints']), /^\{"plant":"mqtts:\/\/127\.0\.0\.1:\d+"\}$/);
  assert.equal(ready?.['certificates'], join(folder, '..', 'data', 'certificates'));
  const text = readFileSync(join(folder, 'a.yaml'), 'utf8');
  writeFileSync(join(folder, 'a.yaml'), text.replace('name =', 'name = "a"'));
  await up.says(/"event":"condition","object":"ClientGroup\/default\/all","ready":true/);
  const [resolved, change] = jsonLines(up.stdout()).slice(events.length);
  assert.deepEqual([resolved?.['event'], resolved?.['field']], ['resolved', 'spec.query']);
  const object = 'ClientGroup/default/all';
  assert.deepEqual(change, { event: 'change', change: 'Modified', object });
  assert.equal(await up.end('SIGTERM'), 0);
});

test('up without any MqttNamespace says so, and waits for one', async (t) => {
  const folder = temporaryFolder(t);
  mkdirSync(join(folder, 'manifests'));
  const data = join(folder, 'data');
  const up = start(t, 'up', join(folder, 'manifests'), '--port', '0', '--data', data);
  await up.says(/declares no MqttNamespace[^]*Ctrl-C ends it/);
  const text =
    'apiVersion: mqttgrid.io/v1\nkind: MqttNamespace\nmetadata: {name: plant}\nspec: {}\n';
  writeFileSync(join(folder, 'manifests', 'a.yaml'), text);
  await up.says(/MqttNamespace\/plant is Ready\nserving plant on mqtts:\/\/127\.0\.0\.1:\d+\n/);
  assert.equal(await up.end('SIGINT'), 0);
});

test('up on a port in use names it and what to do, and ends with 2', async (t) => {
  const other = createServer().listen(0, '127.0.0.1');
  t.after(() => other.close());
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo;
  const data = temporaryFolder(t);
  const { code, stdout, stderr } = await run('up', HELLO, '--port', String(port), '--data', data);
  const words = 'stop what listens there, or choose another port with --port';
  assert.equal(stderr, `mqttgrid: port ${port} is in use on 127.0.0.1: ${words}\n`);
  assert.deepEqual([code, stdout], [2, '']);
});

test('up --demo says when there is nothing to show, and goes on serving', async (t) => {
  const folder = brokenFolder(t);
  const parameters = ['--port', '0', '--data', join(folder, '..', 'data'), '-o', 'json', '--demo'];
  const up = start(t, 'up', folder, ...parameters);
  await up.says(/"event":"demo"/);
  assert.match(String(jsonLines(up.stdout()).at(-1)?.['error']), /nothing to demonstrate/);
  assert.equal(up.child.exitCode, null);
  assert.equal(await up.end('SIGINT'), 0);
});
