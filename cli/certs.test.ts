import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { CommanderError } from 'commander';
import { parseAllDocuments } from 'yaml';
import { decodePem } from '../domain/pem.ts';
import { certsCommand } from './certs.ts';

const FOLDERS: string[] = [];

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'mqttgrid certs-'));
  FOLDERS.push(folder);
  return folder;
}

after(async () => {
  for (const folder of FOLDERS) await rm(folder, { recursive: true });
});

interface Outcome {
  readonly out: string;
  readonly error: string;
  readonly exitCode: number;
}

async function certs(...words: string[]): Promise<Outcome> {
  let out = '';
  let error = '';
  let exitCode = 0;
  const command = certsCommand({
    nowMs: () => Date.now(),
    writeOut: (text) => (out += text),
    writeError: (text) => (error += text),
    fail: () => (exitCode = 1),
  });
  command.exitOverride().configureOutput({
    writeOut: (text) => (out += text),
    writeErr: (text) => (error += text),
  });
  try {
    await command.parseAsync(words, { from: 'user' });
  } catch (thrown) {
    if (!(thrown instanceof CommanderError)) throw thrown;
    exitCode = thrown.exitCode;
  }
  return { out, error, exitCode };
}

const MANIFESTS = `
apiVersion: mqttgrid.io/v1
kind: MqttNamespace
metadata: { name: fleet }
spec: {}
---
apiVersion: mqttgrid.io/v1
kind: Client
metadata: { name: vehicle-1 }
spec:
  namespaceRef: { name: fleet }
  name: Vehicle:1
  authentication:
    certificateSubject:
      { commonName: v1.example.com, organization: Contoso, organizationUnit: IoT, countryCode: US }
---
apiVersion: mqttgrid.io/v1
kind: Client
metadata: { name: vehicle-2 }
spec:
  namespaceRef: { name: fleet }
  authentication:
    certificateSubject: { commonName: v2.example.com }
---
apiVersion: mqttgrid.io/v1
kind: Client
metadata: { name: vehicle-3 }
spec:
  namespaceRef: { name: fleet }
  authentication:
    certificateThumbprint: { primary: ${'ab'.repeat(20)} }
`;

async function manifests(text = MANIFESTS): Promise<{ folder: string; data: string }> {
  const parent = await newFolder();
  const folder = join(parent, 'manifests');
  await mkdir(folder);
  await writeFile(join(folder, 'all.yaml'), text);
  return { folder, data: join(parent, 'data') };
}

async function subjectOf(file: string): Promise<string> {
  return new X509Certificate(await readFile(file)).subject;
}

describe('mqttgrid certs DIR', () => {
  it('issues a certificate for each declared client that has a subject', async () => {
    const { folder, data } = await manifests();
    const { out, error, exitCode } = await certs(folder, '--data', data);
    assert.equal(exitCode, 0);
    const fleet = join(data, 'certificates', 'fleet');
    assert.equal(
      await subjectOf(join(fleet, 'Vehicle:1.crt')),
      'C=US\nO=Contoso\nOU=IoT\nCN=v1.example.com',
    );
    assert.equal(await subjectOf(join(fleet, 'vehicle-2.crt')), 'CN=v2.example.com');
    assert.match(out, /^issued .*ca.crt: the certificate authority/);
    assert.match(
      out,
      /issued .*vehicle-2.crt: client vehicle-2 of fleet\n +thumbprint [0-9A-F]{64}/,
    );
    assert.match(out, /\(\.p12\),\nwhose password is "mqttgrid"/);
    assert.match(error, /^warning: Client\/default\/vehicle-3 is known by a thumbprint/);
  });

  it('keeps what is there the second time, and says so', async () => {
    const { folder, data } = await manifests();
    await certs(folder, '--data', data);
    const before = await readFile(join(data, 'certificates', 'fleet', 'vehicle-2.key'));
    const { out, exitCode } = await certs(folder, '--data', data);
    assert.equal(exitCode, 0);
    assert.doesNotMatch(out, /issued/);
    assert.match(out, /^kept .*ca.crt.*\nkept .*Vehicle:1.crt/);
    assert.deepEqual(await readFile(join(data, 'certificates', 'fleet', 'vehicle-2.key')), before);
  });

  it('issues only for the clients that are named', async () => {
    const { folder, data } = await manifests();
    const { out } = await certs(folder, '--client', 'vehicle-2', '--data', data, '-o', 'json');
    const { clients } = JSON.parse(out) as { clients: { name: string }[] };
    assert.deepEqual(
      clients.map(({ name }) => name),
      ['vehicle-2'],
    );
  });

  it('does the others when one client cannot be served, and exits with 1', async () => {
    const { folder, data } = await manifests(MANIFESTS.replace('v1.example.com', 'v'.repeat(65)));
    const { out, error, exitCode } = await certs(folder, '--data', data);
    assert.equal(exitCode, 1);
    assert.match(error, /error: .*Vehicle:1.crt cannot be issued: commonName "v+" cannot stand/);
    assert.match(out, /issued .*vehicle-2.crt/);
  });

  it('does what can be read when a manifest breaks a rule, and says where to look', async () => {
    const { folder, data } = await manifests(`${MANIFESTS}---\nkind: Nonsense\n`);
    const { out, error, exitCode } = await certs(folder, '--data', data);
    assert.equal(exitCode, 0);
    assert.match(error, /warning: the manifests in .* break \d+ rules: mqttgrid validate .* lists/);
    assert.match(out, /issued .*vehicle-2.crt/);
  });

  it('writes one line of JSON, with the paths of all files', async () => {
    const { folder, data } = await manifests();
    const { out, error } = await certs(
      folder,
      '--hosts',
      'a.example',
      '--data',
      data,
      '-o',
      'json',
    );
    assert.equal(error, '');
    assert.equal(out.indexOf('\n'), out.length - 1);
    const report = JSON.parse(out) as Record<string, unknown> & { clients: unknown[] };
    const path = (file: string): string => join(data, 'certificates', file);
    assert.deepEqual(Object.keys(report), [
      'event',
      'ca',
      'server',
      'clients',
      'warnings',
      'errors',
    ]);
    assert.deepEqual(report['ca'], { file: path('ca.crt'), issued: true });
    assert.deepEqual(report['server'], { file: path('server.crt'), issued: true });
    const { fingerprint256 } = new X509Certificate(await readFile(path('fleet/vehicle-2.crt')));
    assert.deepEqual(report.clients[1], {
      namespace: 'fleet',
      name: 'vehicle-2',
      certificateFile: path('fleet/vehicle-2.crt'),
      privateKeyFile: path('fleet/vehicle-2.key'),
      pkcs12File: path('fleet/vehicle-2.p12'),
      thumbprintSha256: fingerprint256.replaceAll(':', ''),
      issued: true,
    });
  });

  it('writes CaCertificates that register the root', async () => {
    const { folder, data } = await manifests();
    const { out } = await certs(folder, '--namespace', 'fleet', '--data', data, '-o', 'yaml');
    const documents = parseAllDocuments(out);
    assert.equal(documents.length, 1);
    const manifest = documents[0]?.toJS() as { spec: { encodedCertificate: string } };
    assert.deepEqual(manifest, {
      apiVersion: 'mqttgrid.io/v1',
      kind: 'CaCertificate',
      metadata: { name: 'mqttgrid-development.fleet' },
      spec: {
        namespaceRef: { name: 'fleet' },
        name: 'mqttgrid-development',
        encodedCertificate: await readFile(join(data, 'certificates', 'ca.crt'), 'utf8'),
      },
    });
    assert.equal(decodePem(manifest.spec.encodedCertificate).ok, true);
  });

  it('shows a mosquitto_pub line that a shell reads as it is meant', async () => {
    const { folder, data } = await manifests();
    const { out } = await certs(folder, '--data', data);
    const line = /^ {2}mosquitto_pub (.*)$/m.exec(out)?.[1] ?? '';
    const printed = execFileSync('sh', ['-c', `printf '%s\\n' ${line}`], { encoding: 'utf8' });
    const words = printed.trimEnd().split('\n');
    assert.equal(words[words.indexOf('-i') + 1], 'Vehicle:1');
    assert.equal(words[words.indexOf('--cafile') + 1], join(data, 'certificates', 'ca.crt'));
    assert.equal(words.at(-1), 'hello');
  });
});

describe('mqttgrid certs without DIR', () => {
  it('issues for named clients, by default with their names as common names', async () => {
    const data = await newFolder();
    const names = ['--client', 'a', 'b', '--namespace', 'fleet'];
    const { exitCode } = await certs(...names, '--organization', 'O', '--data', data);
    assert.equal(exitCode, 0);
    for (const name of ['a', 'b']) {
      const file = join(data, 'certificates', 'fleet', `${name}.crt`);
      assert.equal(await subjectOf(file), `O=O\nCN=${name}`);
    }
  });

  it('takes a whole subject, RSA and a number of days', async () => {
    const data = await newFolder();
    const subject = ['--common-name', 'x.y', '--organization-unit', 'U', '--country-code', 'DE'];
    const more = ['--rsa', '--days', '7', '--data', data];
    await certs('--client', 'a', '--namespace', 'fleet', ...subject, ...more);
    const file = join(data, 'certificates', 'fleet', 'a.crt');
    const certificate = new X509Certificate(await readFile(file));
    assert.equal(certificate.subject, 'C=DE\nOU=U\nCN=x.y');
    assert.equal(certificate.publicKey.asymmetricKeyType, 'rsa');
    const days = (certificate.validToDate.getTime() - Date.now()) / 86_400_000;
    assert.ok(days > 6.9 && days < 7.1);
  });

  it('issues the authority alone, and says how to see its manifest', async () => {
    const data = await newFolder();
    const { out, exitCode } = await certs('--data', data);
    assert.equal(exitCode, 0);
    assert.match(out, /^issued .*ca.crt: .*\n\nAdd --namespace NAME to see the CaCertificate/);
  });

  it("issues the listeners' certificate for hosts, and for this machine", async () => {
    const data = await newFolder();
    await certs('--hosts', 'b.example', '192.0.2.7', '--data', data);
    const certificate = new X509Certificate(
      await readFile(join(data, 'certificates', 'server.crt')),
    );
    for (const host of ['b.example', 'localhost']) assert.ok(certificate.checkHost(host));
    for (const address of ['192.0.2.7', '127.0.0.1', '::1'])
      assert.ok(certificate.checkIP(address));
  });

  it('reports a client whose files are there for another subject, and exits with 1', async () => {
    const data = await newFolder();
    const words = ['--client', 'a', '--namespace', 'fleet', '--data', data];
    await certs(...words);
    const { error, exitCode } = await certs(...words, '--common-name', 'other');
    assert.equal(exitCode, 1);
    assert.match(error, /^error: .*a.crt has the commonName "a", and "other" is declared: delete /);
  });
});

describe('mqttgrid certs with what it cannot do', () => {
  const refused: readonly [readonly string[], RegExp][] = [
    [['nowhere'], /error: the folder "nowhere" cannot be read: .*; name a folder/],
    [
      ['DIR', '--common-name', 'x'],
      /error: the manifests in .* state the subjects: leave out --com/,
    ],
    [['DIR', '--client', 'x'], /error: .* declares no Client x with a certificateSubject/],
    [['--client', 'a'], /error: say with --namespace which MqttNamespace/],
    [['--organization', 'O'], /error: say with --client whose subject --organization belongs to/],
    [
      ['--client', 'a', 'b', '--namespace', 'n', '--common-name', 'x'],
      /error: --common-name tells clients apart/,
    ],
    [['--client', '../x', '--namespace', 'n'], /error: "..\/x" contains "\/"/],
    [['--client', 'x', '--namespace', '../n'], /error: "..\/n" is no metadata.name/],
    [['--days', '0'], /Give a number of days from 1 to 3650/],
    [['--days', 'x'], /Give a number of days from 1 to 3650/],
    [['--hosts', 'a:8883'], /server.crt cannot be issued: "a:8883" is no host/],
    [['-o', 'xml'], /Allowed choices are text, json, yaml/],
  ];
  for (const [words, message] of refused) {
    it(`refuses ${words.join(' ')}`, async () => {
      const { folder, data } = await manifests();
      const given = words.map((word) => (word === 'DIR' ? folder : word));
      const { error, exitCode } = await certs(...given, '--data', data);
      assert.equal(exitCode, 1);
      assert.match(error, message);
    });
  }

  it('teaches with examples', async () => {
    const { out, exitCode } = await certs('--help');
    assert.equal(exitCode, 0);
    assert.match(out, /Examples:[^]*mqttgrid certs examples\/hello-world\n/);
  });
});
