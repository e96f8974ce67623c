/** The package in fresh programs, as npm installs it from its tarball. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test, type TestContext } from 'node:test';
import { install, installedHere, npm, pack } from '../support/packed.ts';
import { openStack } from '../support/pulumi.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { REPOSITORY } from '../support/up.ts';
import { within } from '../support/within.ts';

/** Kilobytes; it has 330, of which nothing is known to grow. */
const TARBALL_KB_MAX = 500;
const UP_MS = 60_000;

/** Has the tarball, and what is installed from it and for programs. */
let root = '';
let tarball = '';

before(() => {
  root = mkdtempSync(path.join(tmpdir(), 'mqttgrid-package-'));
  tarball = pack(root);
  // The compiler is the one that Pulumi's own template asks for.
  install(root, tarball, installedHere('@pulumi/pulumi'), 'typescript@^5', '@types/node@^22');
});

after(() => rmSync(root, { recursive: true, force: true }));

test('the tarball holds compiled code, types and what people read, and is small', () => {
  const [packed] = JSON.parse(
    npm(REPOSITORY, 'pack', '--ignore-scripts', '--dry-run', '--json'),
  ) as [{ readonly size: number; readonly files: readonly { readonly path: string }[] }];
  const files = packed.files.map((file) => file.path);
  for (const name of ['README.md', 'LICENSE', 'CHANGELOG.md', 'cli/bin.js']) {
    assert.ok(files.includes(name), name);
  }
  const others = files.filter((name) => !/^dist\/.*\.(?:js|json|yaml|d\.ts)$/.test(name));
  assert.deepEqual(
    others.sort(),
    ['CHANGELOG.md', 'LICENSE', 'README.md', 'cli/bin.js', 'package.json'].sort(),
  );
  assert.deepEqual(
    files.filter((name) => /\.test\.|\/test\/|\/examples\//.test(name)),
    [],
  );
  assert.ok(packed.size < TARBALL_KB_MAX * 1000, `${packed.size} bytes`);
});

test('the program and the package share one @pulumi/pulumi', () => {
  const listed = npm(root, 'ls', '@pulumi/pulumi', '--all', '--parseable');
  assert.deepEqual(listed.trim().split('\n'), [path.join(root, 'node_modules/@pulumi/pulumi')]);
});

test('npx runs the command, where there is no @pulumi/pulumi', async (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(path.join(folder, 'package.json'), '{ "private": true }');
  install(folder, tarball);
  assert.ok(!existsSync(path.join(folder, 'node_modules/@pulumi')));
  const { version } = JSON.parse(readFileSync(`${REPOSITORY}/package.json`, 'utf8')) as {
    readonly version: string;
  };
  assert.equal(npm(folder, 'exec', '--', 'mqttgrid', '--version').trim(), version);
  const example = path.join(REPOSITORY, 'examples/hello-world');
  assert.match(npm(folder, 'exec', '--', 'mqttgrid', 'validate', example), /^no violations/);
  assert.match(await demo(t, folder, example), /received after/);
});

/** What `mqttgrid up --demo` prints until its message has arrived. */
async function demo(t: TestContext, folder: string, example: string): Promise<string> {
  const command = path.join(folder, 'node_modules/.bin/mqttgrid');
  const parameters = ['up', example, '--demo', '--port', '0', '--data', path.join(folder, 'data')];
  const child = spawn(process.execPath, [command, ...parameters], { cwd: folder });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  t.after(() => child.kill('SIGKILL'));
  let printed = '';
  child.stderr.on('data', (chunk: Buffer) => (printed += chunk.toString()));
  child.stdout.on('data', (chunk: Buffer) => {
    printed += chunk.toString();
    if (printed.includes('received after')) child.kill('SIGINT');
  });
  await within(UP_MS, 'the end of the demo', ended);
  return printed;
}

/** Type of the program's package, and how its compiler resolves. */
const RESOLUTIONS: readonly (readonly [string, ...string[]])[] = [
  ['commonjs', '--module', 'commonjs', '--moduleResolution', 'node10'],
  ['commonjs', '--module', 'node16'],
  ['module', '--module', 'nodenext'],
  ['module', '--module', 'esnext', '--moduleResolution', 'bundler'],
];

const TYPED = `import * as mqttgrid from 'mqttgrid';
import { TopicSpace, type TopicSpaceArgs } from 'mqttgrid';
const grid = new mqttgrid.MqttNamespace('fleet', { replicas: 1 });
const args: TopicSpaceArgs = {
  namespaceRef: grid.ref,
  topicTemplates: ['alerts/#'],
  subscriptionSupport: 'LowFanout',
};
export const name = new TopicSpace('alerts', args).name.apply((text) => text.toUpperCase());
export const number: number = grid.name;
new TopicSpace('alerts', { ...args, subscriptionSupport: 'Lots' });
new mqttgrid.Client('vehicle', {});
`;

for (const [type, ...resolution] of RESOLUTIONS) {
  const mode = resolution.join(' ');
  test(`a program of type ${type} finds the types by ${mode}, and is told its mistakes`, (t) => {
    const folder = temporaryFolder(t);
    symlinkSync(path.join(root, 'node_modules'), path.join(folder, 'node_modules'));
    writeFileSync(path.join(folder, 'package.json'), JSON.stringify({ type }));
    writeFileSync(path.join(folder, 'index.ts'), TYPED);
    const compiler = path.join(root, 'node_modules/typescript/bin/tsc');
    const flags = ['--noEmit', '--strict', '--target', 'es2022', '--lib', 'es2022'];
    const line = [compiler, ...flags, ...resolution, 'index.ts'];
    const { stdout } = spawnSync(process.execPath, line, { cwd: folder, encoding: 'utf8' });
    const errors = [...stdout.matchAll(/^(\S+)\((\d+),\d+\): error (TS\d+)/gm)];
    assert.deepEqual(
      errors.map(([, file, line, code]) => `${file}:${line} ${code}`),
      ['index.ts:10 TS2322', 'index.ts:11 TS2322', 'index.ts:12 TS2345'],
    );
  });
}

const DECLARATIONS = `
const grid = new mqttgrid.MqttNamespace('fleet');
const namespaceRef = grid.ref;
const authentication = { certificateSubject: { commonName: 'vehicle-1' } };
new mqttgrid.Client('vehicle-1', { namespaceRef, authentication, attributes: { type: 'vehicle' } });
const query = "attributes.type = 'vehicle'";
const group = new mqttgrid.ClientGroup('vehicles', { namespaceRef, query });
const space = new mqttgrid.TopicSpace('alerts', {
  namespaceRef,
  topicTemplates: ['alerts/#'],
  subscriptionSupport: 'LowFanout',
});
new mqttgrid.PermissionBinding('hear', {
  namespaceRef,
  clientGroupName: group.name,
  topicSpaceName: space.name,
  permission: 'Subscriber',
});
`;
const IMPORTING = `import * as mqttgrid from 'mqttgrid';
${DECLARATIONS}
export const name = grid.name;
`;
const REQUIRING = `const mqttgrid = require('mqttgrid');
${DECLARATIONS}
exports.name = grid.name;
`;

function compilerOptions(options: Readonly<Record<string, string>>): string {
  const compilerOptions = { strict: true, outDir: 'bin', target: 'es2020', ...options };
  return JSON.stringify({ compilerOptions, files: ['index.ts'] });
}

const PROGRAMS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'TypeScript, as CommonJS': {
    'index.ts': IMPORTING,
    'package.json': '{ "name": "program", "main": "index.ts" }',
    'tsconfig.json': compilerOptions({ module: 'commonjs', moduleResolution: 'node' }),
  },
  'TypeScript, as modules': {
    'index.ts': IMPORTING,
    'package.json': '{ "name": "program", "main": "index.ts", "type": "module" }',
    'tsconfig.json': compilerOptions({ module: 'nodenext', moduleResolution: 'nodenext' }),
  },
  'JavaScript, as CommonJS': {
    'index.js': REQUIRING,
    'package.json': '{ "name": "program", "main": "index.js" }',
  },
  'JavaScript, as modules': {
    'index.js': IMPORTING,
    'package.json': '{ "name": "program", "main": "index.js", "type": "module" }',
  },
};

for (const [language, files] of Object.entries(PROGRAMS)) {
  test(`a program in ${language} is previewed, deployed, left as it is, and destroyed`, async (t) => {
    const stack = await openStack(t, {
      files,
      config: { 'mqttgrid:target': 'directory' },
      install: (folder) =>
        symlinkSync(path.join(root, 'node_modules'), path.join(folder, 'node_modules')),
    });
    const preview = await stack.preview();
    assert.equal(preview.code, 0, preview.text);
    assert.match(preview.text, /1 client gains subscribe on alerts\/#: vehicle-1/);
    const up = await stack.up();
    assert.equal(up.code, 0, up.text);
    assert.deepEqual(await stack.outputs(), { name: 'fleet' });
    const manifests = path.join(stack.folder, 'manifests');
    const validated = npm(stack.folder, 'exec', '--', 'mqttgrid', 'validate', manifests);
    assert.match(validated, /^no violations: 5 objects/);
    const again = await stack.up('--expect-no-changes');
    assert.equal(again.code, 0, again.text);
    const destroy = await stack.destroy();
    assert.equal(destroy.code, 0, destroy.text);
    assert.equal((await stack.exported()).deployment.resources, undefined);
  });
}
