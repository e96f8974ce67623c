import assert from 'node:assert/strict';
import { readdirSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../../../test/support/temporary-folder.ts';
import { removeAbandoned, temporaryName } from './directory-temporary.ts';

const NOW_MS = 1_800_000_000_000;

test('what a killed process has left goes, and nothing that is being written or is others’', (t) => {
  const folder = temporaryFolder(t);
  const [abandoned, young] = [temporaryName(), temporaryName()];
  const others = ['.mqttgrid-notes.tmp', '.0123456789abcdef01234567.tmp', 'a.yaml'];
  for (const name of [abandoned, young, ...others]) {
    const file = path.join(folder, name);
    writeFileSync(file, '');
    const writtenMs = name === young ? NOW_MS - 1_000 : NOW_MS - 60_000;
    utimesSync(file, writtenMs / 1000, writtenMs / 1000);
  }
  removeAbandoned(folder, NOW_MS);
  assert.deepEqual(readdirSync(folder).sort(), [young, ...others].sort());
});

test('a folder that is not there has nothing abandoned', (t) => {
  removeAbandoned(path.join(temporaryFolder(t), 'none'), NOW_MS);
});
