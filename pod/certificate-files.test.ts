import assert from 'node:assert/strict';
import { mkdirSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { pino } from 'pino';
import type { Issued } from '../certificates/issue.ts';
import { systemClock } from '../control/clock.ts';
import { testAuthority } from '../test/support/certificates.ts';
import { ManualClock } from '../test/support/manual-clock.ts';
import { temporaryFolder } from '../test/support/temporary-folder.ts';
import { eventually } from '../test/support/within.ts';
import type { CertificatePair } from './certificate-files.ts';
import { CertificateFiles, readCertificatePair } from './certificate-files.ts';

async function issue(name: string): Promise<Issued> {
  return (await testAuthority()).client(name);
}

function write(folder: string, { chainPem }: Issued, { privateKeyPem }: Issued): void {
  writeFileSync(join(folder, 'tls.crt'), chainPem);
  writeFileSync(join(folder, 'tls.key'), privateKeyPem);
}

/** As kubelet does: a folder for each version, and a link that is turned in one step. */
function mountVersion(folder: string, version: string, issued: Issued): void {
  mkdirSync(join(folder, version));
  write(join(folder, version), issued, issued);
  symlinkSync(version, join(folder, '..data_tmp'));
  renameSync(join(folder, '..data_tmp'), join(folder, '..data'));
  for (const name of ['tls.crt', 'tls.key']) {
    rmSync(join(folder, name), { force: true });
    symlinkSync(join('..data', name), join(folder, name));
  }
}

function aWorld(t: TestContext, folder: string, clock: ManualClock | typeof systemClock) {
  const pairs: CertificatePair[] = [];
  const logs: string[] = [];
  const logger = pino({}, { write: (line) => void logs.push(line) });
  const onPair = (pair: CertificatePair): void => void pairs.push(pair);
  const files = new CertificateFiles({ folder, clock, logger, onPair });
  t.after(() => files.close());
  return { pairs, logs, files };
}

test('tells the pair that is there at once, and the next one as soon as kubelet swaps it', async (t) => {
  const folder = temporaryFolder(t);
  const [first, second] = [await issue('first'), await issue('second')];
  mountVersion(folder, '..1', first);
  const { pairs, files } = aWorld(t, folder, systemClock);
  assert.deepEqual(
    pairs.map(({ certificatePem }) => certificatePem),
    [first.chainPem],
  );
  mountVersion(folder, '..2', second);
  // Sooner than it looks by itself.
  await eventually(1500, 'the second', () => pairs[1]);
  assert.deepEqual(pairs[1], {
    certificatePem: second.chainPem,
    privateKeyPem: second.privateKeyPem,
  });
  assert.equal(files.fault, undefined);
});

test('looks by itself where nothing notifies, and does not tell what is the same', async (t) => {
  const folder = join(temporaryFolder(t), 'later');
  const clock = new ManualClock();
  const { pairs, files, logs } = aWorld(t, folder, clock);
  assert.match(files.fault ?? '', /cannot be used: ENOENT/);
  await clock.advance(9000);
  assert.equal(logs.filter((line) => line.includes('there is none yet')).length, 1);
  mkdirSync(folder);
  const issued = await issue('a');
  write(folder, issued, issued);
  await clock.advance(3000);
  assert.equal(pairs.length, 1);
  write(folder, issued, issued);
  await clock.advance(9000);
  assert.equal(pairs.length, 1);
});

test('what is no pair is told once, and the one before stays until there is one again', async (t) => {
  const folder = temporaryFolder(t);
  const [first, second] = [await issue('first'), await issue('second')];
  write(folder, first, first);
  const clock = new ManualClock();
  const { pairs, files, logs } = aWorld(t, folder, clock);
  write(folder, second, first);
  await clock.advance(9000);
  assert.match(files.fault ?? '', /tls\.key in .* is not the key of tls\.crt/);
  assert.equal(logs.filter((line) => line.includes('the one before stays')).length, 1);
  unlinkSync(join(folder, 'tls.key'));
  await clock.advance(3000);
  assert.match(files.fault ?? '', /ENOENT/);
  assert.equal(pairs.length, 1);
  write(folder, second, second);
  await clock.advance(3000);
  assert.equal(pairs.length, 2);
  assert.equal(files.fault, undefined);
  files.close();
  assert.equal(clock.pending, 0);
});

test('a fault never repeats what is in the files', async (t) => {
  const folder = temporaryFolder(t);
  const issued = await issue('a');
  for (const key of ['', 'SECRET', '-----BEGIN PRIVATE KEY-----\nSECRET\n']) {
    write(folder, issued, { ...issued, privateKeyPem: key });
    const read = readCertificatePair(folder);
    assert.ok(!read.ok);
    assert.doesNotMatch(read.fault, /SECRET/);
  }
});
