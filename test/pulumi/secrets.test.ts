/** What a program calls secret is in no text that people see, and in state only as ciphertext. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { startApiServer } from '../support/api-server.ts';
import { openStack, type PulumiResult, type Stack } from '../support/pulumi.ts';
import { REPOSITORY } from '../support/up.ts';

const ROOT = readFileSync(path.join(REPOSITORY, 'test/golden/fixtures/root.pem'), 'utf8');
/** The second line of its base64. */
const CERTIFICATE = ROOT.split('\n')[2]!;
const WORD = 'correct-horse';
const SECRETS = { word: WORD, certificate: ROOT };

const PROGRAM = `
import { Config } from '@pulumi/pulumi';
import * as mqttgrid from 'mqttgrid';
const config = new Config();
const { ref: namespaceRef } = new mqttgrid.MqttNamespace('fleet');
const root = new mqttgrid.CaCertificate('root', {
  namespaceRef,
  encodedCertificate: config.requireSecret('certificate'),
});
const client = new mqttgrid.Client('vehicle-1', {
  namespaceRef,
  authentication: { certificateSubject: { commonName: 'vehicle-1' } },
  attributes: { type: 'vehicle', word: config.requireSecret('word') },
});
export const certificate = root.encodedCertificate;
`;

function assertKept(result: PulumiResult, secrets: readonly string[]): void {
  const told = [result.stdout, result.stderr, JSON.stringify(result.events)].join('\n');
  for (const secret of secrets) assert.ok(!told.includes(secret), `it tells ${secret}: ${told}`);
}

async function assertCiphertext(stack: Stack, secrets: readonly string[]): Promise<void> {
  const state = JSON.stringify(await stack.exported());
  for (const secret of secrets) assert.ok(!state.includes(secret), `the state tells ${secret}`);
}

test('secret attributes and certificates stay so in what is printed and kept, also after a refresh', async (t) => {
  const stack = await openStack(t, {
    files: { 'index.ts': PROGRAM },
    config: { 'mqttgrid:target': 'directory' },
    secrets: SECRETS,
  });
  const secrets = [WORD, CERTIFICATE];
  const commands = [
    ['preview', '--diff'],
    ['up', '--diff'],
    ['refresh', '--diff'],
    ['up', '--expect-no-changes'],
  ] as const;
  for (const [command, flag] of commands) {
    const result = await stack[command](flag);
    assert.equal(result.code, 0, result.text);
    assertKept(result, secrets);
    if (command === 'preview') assert.match(result.text, /encodedCertificate: \[secret\]/);
    await assertCiphertext(stack, secrets);
  }
  assert.equal((await stack.outputs())['certificate'], '[secret]');
  // Served from the folder, it has to be there.
  const manifest = path.join(stack.folder, 'manifests/client.default.vehicle-1.yaml');
  assert.ok(readFileSync(manifest, 'utf8').includes(WORD));
});

const WRONG = [
  ['certificate', 'encodedCertificate', 'not-a-certificate-but-a-pass-phrase'],
  ['word', 'attributes', `${WORD}/`.repeat(1000)],
] as const;

for (const [secret, property, value] of WRONG) {
  test(`a secret in ${property} that is wrong is refused without being told`, async (t) => {
    const stack = await openStack(t, {
      files: { 'index.ts': PROGRAM },
      config: { 'mqttgrid:target': 'directory' },
      secrets: { ...SECRETS, [secret]: value },
    });
    const secrets = [value.slice(0, WORD.length), WORD, CERTIFICATE];
    for (const command of ['preview', 'up'] as const) {
      const result = await stack[command]();
      assert.notEqual(result.code, 0);
      assert.match(
        result.text,
        new RegExp(`error: .* property ${property}\\S* value .* has a problem`),
      );
      assertKept(result, secrets);
      await assertCiphertext(stack, secrets);
    }
  });
}

test('a kubeconfig is a secret, also of what could not be put in force', async (t) => {
  const server = await startApiServer();
  t.after(() => server.stop());
  server.applyCrds();
  const kubeconfig = readFileSync(server.kubeconfig, 'utf8');
  const key = /"client-key-data":"([^"]+)"/.exec(kubeconfig)![1]!;
  const stack = await openStack(t, {
    files: {
      'index.ts': `
        import * as mqttgrid from 'mqttgrid';
        new mqttgrid.MqttNamespace('fleet', { timeoutSeconds: 3 });`,
    },
    secrets: { 'mqttgrid:kubeconfig': kubeconfig },
  });
  const preview = await stack.preview('--diff');
  assert.equal(preview.code, 0, preview.text);
  assertKept(preview, [key]);
  // Nobody acts on what is declared.
  const up = await stack.up('--diff');
  assert.notEqual(up.code, 0);
  assertKept(up, [key]);
  assert.ok((await stack.exportedResource('fleet'))?.initErrors?.length);
  await assertCiphertext(stack, [key]);
  const refresh = await stack.refresh('--diff');
  assertKept(refresh, [key]);
  await assertCiphertext(stack, [key]);
  await server.down();
  const failed = await stack.destroy();
  assert.notEqual(failed.code, 0);
  assertKept(failed, [key]);
  await server.up();
  const destroyed = await stack.destroy();
  assert.equal(destroyed.code, 0, destroyed.text);
});
