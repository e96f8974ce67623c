import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import type { Clock } from '../clock.ts';
import { openSecrets } from './secrets-reader.ts';
import { secretText } from './secrets.ts';
import type { Secrets } from './secrets.ts';

class TestClock implements Clock {
  readonly #clock = new ManualClock();
  nowMs(): number {
    return this.#clock.nowMs();
  }
  every(): () => void {
    return () => undefined;
  }
  step(ms: number): void {
    this.#clock.set(this.nowMs() + ms);
  }
}

interface Place {
  readonly folder: string;
  readonly clock: TestClock;
  readonly secrets: Secrets;
  readonly text: (secret: string, key: string) => string | undefined;
}

function folderOf(t: TestContext): Place {
  const folder = temporaryFolder(t);
  return { folder, ...reading({ type: 'Folder', path: folder }) };
}

function fileOf(t: TestContext): Place & { path: string } {
  const folder = temporaryFolder(t);
  const path = join(folder, 'secrets.json');
  return { folder, path, ...reading({ type: 'File', path }) };
}

function reading(source: Parameters<typeof openSecrets>[0]): Omit<Place, 'folder'> {
  const clock = new TestClock();
  const secrets = openSecrets(source, clock);
  const text = (secret: string, key: string): string | undefined =>
    secrets.read(secret, key)?.toString();
  return { clock, secrets, text };
}

function put(folder: string, secret: string, key: string, value: string): void {
  mkdirSync(join(folder, secret), { recursive: true });
  writeFileSync(join(folder, secret, key), value);
}

function base64(value: string): string {
  return Buffer.from(value).toString('base64');
}

test('a folder has a folder for each Secret and a file for each key', (t) => {
  const { folder, text } = folderOf(t);
  put(folder, 'webhook', 'token', 'abc');
  assert.equal(text('webhook', 'token'), 'abc');
  assert.equal(text('webhook', 'hmacKey'), undefined);
  assert.equal(text('other', 'token'), undefined);
});

test('a value that changes is read again, but not looked at more often than each second', (t) => {
  const { folder, text, clock } = folderOf(t);
  put(folder, 'webhook', 'token', 'abc');
  assert.equal(text('webhook', 'token'), 'abc');
  put(folder, 'webhook', 'token', 'xyz');
  clock.step(999);
  assert.equal(text('webhook', 'token'), 'abc');
  clock.step(1);
  assert.equal(text('webhook', 'token'), 'xyz');
  rmSync(join(folder, 'webhook'), { recursive: true });
  clock.step(1000);
  assert.equal(text('webhook', 'token'), undefined);
  put(folder, 'webhook', 'token', 'new');
  clock.step(-3_600_000);
  assert.equal(text('webhook', 'token'), 'new', 'after the clock was set back');
});

test('a mounted Secret changes when its link does, as Kubernetes changes it', (t) => {
  const { folder, text, clock } = folderOf(t);
  const mount = join(folder, 'webhook');
  put(mount, '..2026_01', 'token', 'old');
  put(mount, '..2026_02', 'token', 'new');
  symlinkSync('..2026_01', join(mount, '..data'));
  symlinkSync('..data/token', join(mount, 'token'));
  assert.equal(text('webhook', 'token'), 'old');
  symlinkSync('..2026_02', join(mount, '..data_tmp'));
  renameSync(join(mount, '..data_tmp'), join(mount, '..data'));
  clock.step(1000);
  assert.equal(text('webhook', 'token'), 'new');
});

test('names that would lead elsewhere are nobody’s', (t) => {
  const { folder, text } = folderOf(t);
  put(folder, 'outside', 'token', 'abc');
  writeFileSync(join(folder, 'plain'), 'abc');
  for (const [secret, key] of [
    ['..', 'plain'],
    ['.', 'plain'],
    ['outside/..', 'plain'],
    ['outside', '../plain'],
    ['outside', '..'],
    ['outside', '.'],
    ['outside', '..data'],
    ['outside', 'token\0'],
    ['outside', ''],
    ['', 'plain'],
    ['OUTSIDE', 'token'],
  ] as const) {
    assert.equal(text(secret, key), undefined, `${secret} ${key}`);
  }
});

test('what is no file of at most 1 MiB has no value, and nobody waits for it', (t) => {
  const { folder, text, clock, secrets } = folderOf(t);
  put(folder, 'webhook', 'ca.crt', 'x'.repeat(1024 * 1024));
  assert.equal(secrets.read('webhook', 'ca.crt')?.length, 1024 * 1024);
  put(folder, 'webhook', 'ca.crt', 'x'.repeat(1024 * 1024 + 1));
  clock.step(1000);
  assert.equal(text('webhook', 'ca.crt'), undefined);
  mkdirSync(join(folder, 'webhook', 'token'));
  assert.equal(text('webhook', 'token'), undefined);
  execFileSync('mkfifo', [join(folder, 'webhook', 'pipe')]);
  assert.equal(text('webhook', 'pipe'), undefined);
});

test('one file of JSON has all Secrets, in base64', (t) => {
  const { path, text, clock } = fileOf(t);
  assert.equal(text('webhook', 'token'), undefined);
  writeFileSync(path, JSON.stringify({ webhook: { token: base64('abc') } }));
  clock.step(1000);
  assert.equal(text('webhook', 'token'), 'abc');
  assert.equal(text('webhook', 'constructor'), undefined);
  assert.equal(text('constructor', 'name'), undefined);
  writeFileSync(path, '{"webhook": {"tok');
  clock.step(1000);
  assert.equal(text('webhook', 'token'), 'abc', 'while it is being written');
  writeFileSync(path, JSON.stringify({ webhook: { token: base64('xyz') } }));
  clock.step(1000);
  assert.equal(text('webhook', 'token'), 'xyz');
  rmSync(path);
  clock.step(1000);
  assert.equal(text('webhook', 'token'), undefined);
});

test('of a file of JSON, only texts in base64 under names are values', (t) => {
  const { path, text } = fileOf(t);
  const odd = { a: { token: 1, other: 'not base64!', good: base64('x') }, b: [], c: null, d: 'x' };
  writeFileSync(path, JSON.stringify(odd));
  assert.equal(text('a', 'token'), undefined);
  assert.equal(text('a', 'other'), undefined);
  assert.equal(text('a', 'good'), 'x');
  for (const secret of ['b', 'c', 'd']) assert.equal(text(secret, 'token'), undefined);
});

test('one line break at the end of a text is not part of it', () => {
  for (const [value, text] of [
    ['abc', 'abc'],
    ['abc\n', 'abc'],
    ['abc\r\n', 'abc'],
    ['abc\n\n', 'abc\n'],
    [' abc ', ' abc '],
    ['\n', ''],
  ] as const) {
    assert.equal(secretText(Buffer.from(value)), text);
  }
});
