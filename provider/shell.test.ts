import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, realpathSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { SHELL } from './shell.ts';
import { temporaryFolder } from '../test/support/temporary-folder.ts';

/** As Pulumi's process for dynamic providers does: cmd/dynamic-provider/index.js, getProvider. */
const LOAD = `
  const shell = process.argv[1];
  const pulumi = require.resolve('@pulumi/pulumi', { paths: [process.argv[2]] });
  const requireFromString = require(require.resolve('require-from-string', { paths: [pulumi] }));
  try {
    const provider = requireFromString(shell).handler();
    provider.check({}, { word: 'hello' }).then(console.log);
  } catch (error) {
    console.log(error.message);
    console.log(JSON.stringify(error.stack));
  }`;

function load(folder: string): string {
  const parameters = ['--eval', LOAD, SHELL, import.meta.dirname];
  const options = { cwd: folder, encoding: 'utf8' } as const;
  const { stdout, stderr } = spawnSync(process.execPath, parameters, options);
  assert.equal(stderr, '');
  return stdout;
}

/** What npm makes of a package: `runtime` is a module, as ours is. */
function install(folder: string, runtime: string): void {
  const installed = `${folder}/node_modules/mqttgrid`;
  mkdirSync(installed, { recursive: true });
  const exports = { './runtime': './anywhere.js' };
  writeFileSync(`${installed}/package.json`, JSON.stringify({ type: 'module', exports }));
  writeFileSync(`${installed}/anywhere.js`, runtime);
}

test('the state holds less than 1 KB of the provider for a resource, and nothing of the machine', () => {
  assert.ok(Buffer.byteLength(SHELL) < 1024);
  assert.ok(!SHELL.includes(import.meta.dirname));
  assert.deepEqual(SHELL.match(/require\('[^']*'\)|process\.\w+/g), [
    'process.cwd',
    "require('node:module')",
  ]);
});

test('the provider is the package that is installed where the program runs', (t) => {
  const folder = temporaryFolder(t);
  mkdirSync(`${folder}/program`);
  install(folder, 'export const check = async (_olds, news) => `of the root: ${news.word}`;');
  assert.equal(load(`${folder}/program`), 'of the root: hello\n');
  install(`${folder}/program`, 'export const check = async () => "of the program";');
  assert.equal(load(`${folder}/program`), 'of the program\n');
});

test('without the package it says what to install, and where', (t) => {
  const folder = realpathSync(temporaryFolder(t));
  const message =
    `the package mqttgrid is not installed in ${folder}, and nothing else can read, change or ` +
    'delete what it made: npm install mqttgrid';
  assert.equal(load(folder), `${message}\n""\n`);
});

test('an installed package that cannot be loaded says why', (t) => {
  const folder = temporaryFolder(t);
  install(folder, 'import "nothing-of-this-name";');
  assert.match(load(folder), /^Cannot find package 'nothing-of-this-name' imported from/);
});
