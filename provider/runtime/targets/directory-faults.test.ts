import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import {
  client,
  GRID,
  manifest,
  openFolder,
  print,
} from '../../../test/support/directory-target.ts';
import { fileNameOf } from './directory-file.ts';

/** Permissions do not stop root: for so long the process is somebody who owns nothing. */
async function withoutRights<Value>(run: () => Promise<Value>): Promise<Value> {
  const { geteuid, seteuid } = process;
  assert.ok(geteuid !== undefined && seteuid !== undefined, 'this test needs a POSIX system');
  const user = geteuid();
  if (user === 0) seteuid(65534);
  try {
    return await run();
  } finally {
    if (user === 0) seteuid(user);
  }
}

test('a folder that this user may not write to is one message with the remedy', async (t) => {
  const folder = openFolder(t);
  await folder.apply(GRID);
  chmodSync(dirname(folder.path), 0o755);
  chmodSync(folder.path, 0o555);
  const before = readFileSync(join(folder.path, fileNameOf(GRID)), 'utf8');
  const changed = manifest('MqttNamespace', 'grid', { tags: { a: '1' } });
  for (const each of [client('a'), changed]) {
    const message = await withoutRights(() => folder.refuse(each));
    assert.match(
      message,
      /^\w+\/default\/\w+ cannot be written to .*: this user may not write there \(EACCES\); give/,
    );
  }
  const removal = String(await withoutRights(() => folder.remove(GRID)));
  assert.match(removal, /^MqttNamespace\/default\/grid cannot be removed from .*EACCES/);
  chmodSync(folder.path, 0o755);
  assert.deepEqual(folder.names(), [fileNameOf(GRID)]);
  assert.equal(readFileSync(join(folder.path, fileNameOf(GRID)), 'utf8'), before);
});

test('a folder that this user may not make is one message with the remedy', async (t) => {
  const folder = openFolder(t);
  chmodSync(dirname(folder.path), 0o555);
  assert.match(
    await withoutRights(() => folder.refuse(GRID)),
    /cannot be written to .*: this user may not write there \(EACCES\); give this user leave/,
  );
  chmodSync(dirname(folder.path), 0o755);
});

test('a folder, or a file, that this user may not read is one message', async (t) => {
  const folder = openFolder(t);
  await folder.apply(GRID);
  chmodSync(dirname(folder.path), 0o755);
  chmodSync(join(folder.path, fileNameOf(GRID)), 0o000);
  const unreadFile = await withoutRights(() => folder.target.get(GRID));
  assert.ok(!unreadFile.ok);
  assert.match(print(unreadFile.fault), /grid\.yaml: the file cannot be read: EACCES; give/);
  chmodSync(folder.path, 0o000);
  const late = openFolder(t, { path: folder.path });
  const unread = await withoutRights(() => late.target.declared('default'));
  assert.ok(!unread.ok);
  assert.match(
    print(unread.fault),
    /the folder ".*" cannot be read: this user may not read it; give/,
  );
  chmodSync(folder.path, 0o755);
});

test('a file in the place of the folder, or of one above it, is one message', async (t) => {
  const folder = openFolder(t);
  writeFileSync(folder.path, 'a file');
  const circle = join(dirname(folder.path), 'circle');
  symlinkSync(circle, circle);
  for (const [path, expected] of [
    [folder.path, /cannot be kept in .*: it is not a folder; name another one as the directory/],
    [
      join(folder.path, 'below'),
      /cannot be read: a part of the path is not a folder \(ENOTDIR\); /,
    ],
    [circle, /cannot be read: its symbolic links lead in a circle \(ELOOP\); name another/],
  ] as const) {
    const { target, refuse } = openFolder(t, { path });
    const declared = await target.declared('default');
    assert.ok(!declared.ok);
    assert.match(print(declared.fault), expected);
    assert.match(await refuse(GRID), expected);
  }
  assert.equal(readFileSync(folder.path, 'utf8'), 'a file');
});

/** Half of what is written fits: with `ulimit`, as on any machine, instead of a full disk. */
const WRITER = `
  import { DirectoryTarget } from './provider/runtime/targets/directory.ts';
  import { systemClock } from './control/clock.ts';
  import { client } from './test/support/directory-target.ts';
  const target = new DirectoryTarget({ path: process.argv[1] }, systemClock);
  const options = { fieldManager: 'a', force: false, timeoutMs: 1, onProgress: () => {} };
  const written = await target.apply(client('a', { long: 'x'.repeat(3000) }), options);
  process.stdout.write(JSON.stringify(written));
`;

test('of a file that does not fit nothing is left', (t) => {
  const folder = openFolder(t);
  mkdirSync(folder.path);
  const root = fileURLToPath(new URL('../../..', import.meta.url));
  const command =
    'ulimit -f 2; trap "" XFSZ; exec "$0" --input-type=module-typescript -e "$1" "$2"';
  const output = execFileSync('sh', ['-c', command, process.execPath, WRITER, folder.path], {
    cwd: root,
    encoding: 'utf8',
  });
  assert.match(output, /"ok":false.*Client\/default\/a cannot be written to .*EFBIG/);
  assert.deepEqual(folder.names(), []);
});
