import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import {
  chmod,
  mkdir,
  mkdtemp,
  readFile,
  readdir,
  rm,
  stat,
  unlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { createSecureContext } from 'node:tls';
import { issueSelfSigned } from '../certificates/issue.ts';
import { createTestAuthority } from '../test/support/certificates.ts';
import { handshake } from '../test/support/tls-handshake.ts';
import {
  CertificateFileError,
  PKCS12_PASSWORD,
  openDevelopmentAuthority,
} from './development-certificates.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
const SUBJECT = { commonName: 'vehicle-1.example.com', organization: 'Contoso', countryCode: 'US' };

const folders: string[] = [];

async function newFolder(): Promise<string> {
  const parent = await mkdtemp(join(tmpdir(), 'mqttgrid-certificates-'));
  folders.push(parent);
  return join(parent, '.mqttgrid', 'certificates');
}

after(async () => {
  for (const folder of folders) await rm(folder, { recursive: true });
});

async function snapshot(folder: string): Promise<Map<string, string>> {
  const files = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = files
    .filter((file) => file.isFile())
    .map((file) => join(file.parentPath, file.name));
  const entries = paths.sort().map(async (path) => [path, await readFile(path, 'latin1')] as const);
  return new Map(await Promise.all(entries));
}

function fileError(message: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof CertificateFileError, String(error));
    assert.match(error.message, message);
    return true;
  };
}

describe('openDevelopmentAuthority', () => {
  it('makes what a broker and its clients need to know each other', async () => {
    const folder = await newFolder();
    const authority = await openDevelopmentAuthority({ folder, nowMs: Date.now() });
    const server = await authority.serverCertificate([
      'localhost',
      '127.0.0.1',
      '*.mqtt.local',
      `${'long.'.repeat(40)}example.com`,
    ]);
    const client = await authority.clientCertificate('fleet', 'vehicle-1', SUBJECT);
    const ca = await readFile(join(folder, 'ca.crt'), 'utf8');
    assert.equal(authority.caCertificatePem, ca);
    assert.equal(server.certificatePem, await readFile(join(folder, 'server.crt'), 'utf8'));
    const serverOptions = { cert: server.certificatePem, key: server.privateKeyPem, ca };
    const expected = { protocol: 'TLSv1.3', clientCommonName: SUBJECT.commonName };
    const fromFiles = await handshake('TLSv1.3', serverOptions, {
      cert: await readFile(join(folder, 'fleet', 'vehicle-1.crt')),
      key: await readFile(join(folder, 'fleet', 'vehicle-1.key')),
      ca,
    });
    assert.deepEqual(fromFiles, { ...expected, serverCommonName: 'mqttgrid development server' });
    const fromBundle = await handshake('TLSv1.3', serverOptions, {
      pfx: await readFile(client.pkcs12File),
      passphrase: PKCS12_PASSWORD,
      ca,
    });
    assert.deepEqual(fromBundle, fromFiles);
    const warnings = [authority, server, client].flatMap((each) => each.warnings);
    assert.deepEqual(warnings, []);
    assert.deepEqual([authority.issued, server.issued, client.issued], [true, true, true]);
    const { fingerprint256 } = new X509Certificate(await readFile(client.certificateFile));
    assert.equal(client.thumbprintSha256, fingerprint256.replaceAll(':', ''));
  });

  it('leaves everything as it is the second time', async () => {
    const folder = await newFolder();
    const open = async (): Promise<boolean[]> => {
      const authority = await openDevelopmentAuthority({ folder, nowMs: Date.now() });
      const server = await authority.serverCertificate(['localhost']);
      const client = await authority.clientCertificate('fleet', 'vehicle-1', SUBJECT);
      assert.deepEqual(
        [authority, server, client].flatMap((each) => each.warnings),
        [],
      );
      return [authority.issued, server.issued, client.issued];
    };
    assert.deepEqual(await open(), [true, true, true]);
    const before = await snapshot(folder);
    assert.equal(before.size, 10);
    assert.deepEqual(await open(), [false, false, false]);
    assert.deepEqual(await snapshot(folder), before);
  });

  it('lets nobody else read keys and bundles, nor enter the folders', async () => {
    const folder = await newFolder();
    const authority = await openDevelopmentAuthority({ folder, nowMs: Date.now() });
    await authority.serverCertificate(['localhost']);
    await authority.clientCertificate('fleet', 'vehicle-1', SUBJECT);
    const mode = async (...path: string[]): Promise<number> =>
      (await stat(join(folder, ...path))).mode & 0o777;
    const secret = ['ca.key', 'intermediate.key', 'server.key'].map((name) => [name]);
    for (const path of [...secret, ['fleet', 'vehicle-1.key'], ['fleet', 'vehicle-1.p12']]) {
      assert.equal(await mode(...path), 0o600, path.join('/'));
    }
    for (const path of [['..'], ['.'], ['fleet']]) assert.equal(await mode(...path), 0o700);
    assert.equal(await readFile(join(folder, '.gitignore'), 'utf8'), '*\n');
  });

  it('gives all of many processes that start at once the same certificates', async () => {
    const folder = await newFolder();
    const program = `
      import { openDevelopmentAuthority } from '${import.meta.dirname}/development-certificates.ts';
      const folder = process.argv[1];
      const authority = await openDevelopmentAuthority({ folder, nowMs: Date.now() });
      await authority.serverCertificate(['localhost']);
      await authority.clientCertificate('fleet', 'vehicle-1', { commonName: 'x' });
      process.stdout.write(String(authority.issued));
    `;
    const started = Array.from({ length: 4 }, async () => {
      const options = ['--input-type=module', '--eval', program, folder];
      const child = spawn(process.execPath, options, { stdio: ['ignore', 'pipe', 'inherit'] });
      let output = '';
      child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
      const [code] = (await once(child, 'close')) as [number];
      assert.equal(code, 0);
      return output;
    });
    const issued = (await Promise.all(started)).sort();
    assert.deepEqual(issued, ['false', 'false', 'false', 'true']);
    const files = [...(await snapshot(folder)).keys()];
    assert.deepEqual(
      files.filter((file) => file.endsWith('.tmp')),
      [],
    );
    const authority = await openDevelopmentAuthority({ folder, nowMs: Date.now() });
    const client = await authority.clientCertificate('fleet', 'vehicle-1', { commonName: 'x' });
    assert.deepEqual(client.warnings, []);
    assert.equal(client.issued, false);
  });

  it('issues RSA keys, and for a number of days', async () => {
    const folder = await newFolder();
    const nowMs = Date.now();
    const authority = await openDevelopmentAuthority({
      folder,
      nowMs,
      keyAlgorithm: 'rsa-2048',
      validDays: 3,
    });
    const client = await authority.clientCertificate('fleet', 'vehicle-1', SUBJECT);
    const certificate = new X509Certificate(await readFile(client.certificateFile));
    assert.equal(certificate.publicKey.asymmetricKeyType, 'rsa');
    const validDays = (certificate.validToDate.getTime() - nowMs) / DAY_MS;
    assert.ok(validDays > 2.99 && validDays <= 3);
  });

  it('says what the operating system refuses', async () => {
    const folder = await newFolder();
    await openDevelopmentAuthority({ folder, nowMs: Date.now() });
    const occupied = { folder: join(folder, 'ca.crt'), nowMs: Date.now() };
    await assert.rejects(openDevelopmentAuthority(occupied), fileError(/^EEXIST.*ca.crt/));
    await rm(join(folder, 'ca.crt'));
    await mkdir(join(folder, 'ca.crt'));
    await assert.rejects(
      openDevelopmentAuthority({ folder, nowMs: Date.now() }),
      fileError(/^EISDIR.*: give this user the right .* or name another folder/),
    );
  });
});

describe('what was there before', () => {
  for (const [lost, left] of [
    ['ca.key', 'ca.crt'],
    ['ca.crt', 'ca.key'],
    ['intermediate.key', 'intermediate.crt'],
  ] as const) {
    it(`is refused without ${lost}, and ${left} stays`, async () => {
      const folder = await newFolder();
      await openDevelopmentAuthority({ folder, nowMs: Date.now() });
      await unlink(join(folder, lost));
      const before = await snapshot(folder);
      await assert.rejects(
        openDevelopmentAuthority({ folder, nowMs: Date.now() }),
        fileError(
          new RegExp(`${left} has no .*${lost}: .*put .*${lost} back, or delete .*${left} to have`),
        ),
      );
      assert.deepEqual(await snapshot(folder), before);
    });
  }

  it('is refused where key and certificate do not belong together', async () => {
    const folder = await newFolder();
    await openDevelopmentAuthority({ folder, nowMs: Date.now() });
    const { root } = await createTestAuthority();
    await writeFile(join(folder, 'ca.key'), root.privateKeyPem);
    await assert.rejects(
      openDevelopmentAuthority({ folder, nowMs: Date.now() }),
      fileError(/ca.crt and .*ca.key are no certificate with its key .*the private key is not/),
    );
  });

  it('is refused where it is garbage, and no key is repeated in the message', async () => {
    const folder = await newFolder();
    await openDevelopmentAuthority({ folder, nowMs: Date.now() });
    await chmod(join(folder, 'ca.key'), 0o600);
    await writeFile(join(folder, 'ca.key'), '-----BEGIN PRIVATE KEY-----\nsecretsecret\n');
    await assert.rejects(openDevelopmentAuthority({ folder, nowMs: Date.now() }), (error) => {
      assert.ok(error instanceof CertificateFileError);
      assert.doesNotMatch(error.message, /secretsecret/);
      return true;
    });
  });

  it('is refused where the intermediate is of another root', async () => {
    const folder = await newFolder();
    await openDevelopmentAuthority({ folder, nowMs: Date.now() });
    const { root } = await createTestAuthority();
    await writeFile(join(folder, 'ca.crt'), root.certificatePem);
    await writeFile(join(folder, 'ca.key'), root.privateKeyPem);
    await assert.rejects(
      openDevelopmentAuthority({ folder, nowMs: Date.now() }),
      fileError(/intermediate.crt was issued by "O=mqttgrid, CN=mqttgrid development root"/),
    );
  });

  it('is refused where it is no authority', async () => {
    const folder = await newFolder();
    await openDevelopmentAuthority({ folder, nowMs: Date.now() });
    const leaf = await issueSelfSigned({ subject: SUBJECT, nowMs: Date.now() });
    await writeFile(join(folder, 'ca.crt'), leaf.certificatePem);
    await writeFile(join(folder, 'ca.key'), leaf.privateKeyPem);
    await assert.rejects(
      openDevelopmentAuthority({ folder, nowMs: Date.now() }),
      fileError(/ca.crt is not the certificate of an authority: .* delete /),
    );
  });

  it('is refused once it has expired, and warned of 30 days before', async () => {
    const folder = await newFolder();
    const nowMs = Date.now();
    const first = await openDevelopmentAuthority({ folder, nowMs });
    await first.clientCertificate('fleet', 'vehicle-1', SUBJECT);
    const soon = await openDevelopmentAuthority({ folder, nowMs: nowMs + 340 * DAY_MS });
    const { warnings } = await soon.clientCertificate('fleet', 'vehicle-1', SUBJECT);
    assert.equal(warnings.length, 1);
    assert.match(
      warnings[0] ?? '',
      /vehicle-1.crt expires on \d{4}-\d\d-\d\d: delete .*vehicle-1.crt and .*vehicle-1.key and/,
    );
    const late = await openDevelopmentAuthority({ folder, nowMs: nowMs + 366 * DAY_MS });
    await assert.rejects(
      late.clientCertificate('fleet', 'vehicle-1', SUBJECT),
      fileError(/vehicle-1.crt expired on .*: delete .*vehicle-1.p12 to have them issued anew/),
    );
    await assert.rejects(
      openDevelopmentAuthority({ folder, nowMs: nowMs + 3651 * DAY_MS }),
      fileError(/ca.crt expired on/),
    );
    await assert.rejects(
      openDevelopmentAuthority({ folder, nowMs: nowMs - DAY_MS }),
      fileError(/ca.crt is not valid before .*clock/),
    );
  });

  it('is issued anew when it was deleted as the message says', async () => {
    const folder = await newFolder();
    const authority = await openDevelopmentAuthority({ folder, nowMs: Date.now() });
    const first = await authority.clientCertificate('fleet', 'vehicle-1', SUBJECT);
    for (const end of ['crt', 'key', 'p12'])
      await unlink(join(folder, 'fleet', `vehicle-1.${end}`));
    const second = await authority.clientCertificate('fleet', 'vehicle-1', SUBJECT);
    assert.notEqual(second.thumbprintSha256, first.thumbprintSha256);
    assert.deepEqual([second.issued, second.warnings], [true, []]);
  });

  it('is warned of where a bundle is older than its pair', async () => {
    const folder = await newFolder();
    const authority = await openDevelopmentAuthority({ folder, nowMs: Date.now() });
    await authority.clientCertificate('fleet', 'vehicle-1', SUBJECT);
    for (const end of ['crt', 'key']) await unlink(join(folder, 'fleet', `vehicle-1.${end}`));
    const { warnings } = await authority.clientCertificate('fleet', 'vehicle-1', SUBJECT);
    assert.equal(warnings.length, 1);
    assert.match(warnings[0] ?? '', /vehicle-1.p12 does not show .*: delete .*vehicle-1.p12 to/);
  });

  it('gets its bundle back when that alone was deleted', async () => {
    const folder = await newFolder();
    const authority = await openDevelopmentAuthority({ folder, nowMs: Date.now() });
    const { pkcs12File } = await authority.clientCertificate('fleet', 'vehicle-1', SUBJECT);
    await unlink(pkcs12File);
    await authority.clientCertificate('fleet', 'vehicle-1', SUBJECT);
    createSecureContext({ pfx: await readFile(pkcs12File), passphrase: PKCS12_PASSWORD });
  });
});

describe('serverCertificate', () => {
  it('warns where the one that is there does not cover a host', async () => {
    const folder = await newFolder();
    const authority = await openDevelopmentAuthority({ folder, nowMs: Date.now() });
    await authority.serverCertificate(['localhost', '*.mqtt.local', '127.0.0.1']);
    const { issued, warnings } = await authority.serverCertificate([
      'localhost',
      '*.mqtt.local',
      '192.0.2.1',
      'other.local',
    ]);
    assert.equal(issued, false);
    assert.equal(warnings.length, 1);
    assert.match(
      warnings[0] ?? '',
      /server.crt does not cover 192.0.2.1, other.local: .*; delete .*server.key to have them/,
    );
  });

  it('uses one of another authority, and warns', async () => {
    const folder = await newFolder();
    const authority = await openDevelopmentAuthority({ folder, nowMs: Date.now() });
    const { server } = await createTestAuthority();
    await writeFile(join(folder, 'server.crt'), server.chainPem);
    await writeFile(join(folder, 'server.key'), server.privateKeyPem);
    const answer = await authority.serverCertificate(['localhost']);
    assert.equal(answer.certificatePem, server.chainPem);
    assert.equal(answer.warnings.length, 1);
    assert.match(answer.warnings[0] ?? '', /was issued by "CN=test intermediate", which is no/);
  });
});

describe('clientCertificate', () => {
  const differing: readonly [Record<string, string>, RegExp][] = [
    [
      { commonName: 'other' },
      /has the commonName "vehicle-1.example.com", and "other" is declared/,
    ],
    [{ organizationUnit: 'IoT' }, /has the organizationUnit not one, and "IoT" is declared/],
    [{ countryCode: 'DE' }, /has the countryCode "US", and "DE" is declared/],
  ];
  for (const [fields, message] of differing) {
    it(`refuses one that is there with another subject: ${JSON.stringify(fields)}`, async () => {
      const folder = await newFolder();
      const authority = await openDevelopmentAuthority({ folder, nowMs: Date.now() });
      await authority.clientCertificate('fleet', 'vehicle-1', SUBJECT);
      await assert.rejects(
        authority.clientCertificate('fleet', 'vehicle-1', { ...SUBJECT, ...fields }),
        fileError(message),
      );
    });
  }

  it('takes one that says more than is declared', async () => {
    const folder = await newFolder();
    const authority = await openDevelopmentAuthority({ folder, nowMs: Date.now() });
    await authority.clientCertificate('fleet', 'vehicle-1', SUBJECT);
    const { commonName } = SUBJECT;
    const { issued } = await authority.clientCertificate('fleet', 'vehicle-1', { commonName });
    assert.equal(issued, false);
  });

  it('takes every name that a client may have', async () => {
    const folder = await newFolder();
    const authority = await openDevelopmentAuthority({ folder, nowMs: Date.now() });
    for (const name of ['.', '..', 'a:b', '-rf', 'x'.repeat(128)]) {
      const { certificateFile } = await authority.clientCertificate('fleet', name, SUBJECT);
      assert.equal(certificateFile, `${folder}/fleet/${name}.crt`);
    }
  });

  it('says what of a subject cannot stand in a certificate', async () => {
    const folder = await newFolder();
    const authority = await openDevelopmentAuthority({ folder, nowMs: Date.now() });
    await assert.rejects(
      authority.clientCertificate('fleet', 'vehicle-1', { ...SUBJECT, countryCode: 'USA' }),
      fileError(/vehicle-1.crt cannot be issued: countryCode "USA" .* two letters/),
    );
  });

  const unsafe = [
    ['fleet', '../x'],
    ['fleet', 'a/b'],
    ['fleet', ''],
    ['fleet', 'a\0'],
    ['..', 'x'],
    ['.', 'x'],
    ['a/b', 'x'],
    ['', 'x'],
  ] as const;
  for (const [namespace, name] of unsafe) {
    it(`does not make a path of ${JSON.stringify([namespace, name])}`, async () => {
      const folder = await newFolder();
      const authority = await openDevelopmentAuthority({ folder, nowMs: Date.now() });
      const before = await snapshot(join(folder, '..', '..'));
      await assert.rejects(
        authority.clientCertificate(namespace, name, SUBJECT),
        CertificateFileError,
      );
      assert.deepEqual(await snapshot(join(folder, '..', '..')), before);
    });
  }
});
