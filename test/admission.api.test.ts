/**
 * What a real API server says of what is declared: to the manifests of `examples/invalid`, each
 * refused by its schema, by our webhook or by conditions; and to those that are good.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, suite, test } from 'node:test';
import { parseAllDocuments } from 'yaml';
import type { FaultReason } from '../domain/reasons.ts';
import { API_VERSION, KINDS, type Kind, type Resource } from '../domain/resources.ts';
import { printViolation } from '../domain/violation.ts';
import type { DeclaredObject } from '../operator/namespace/declared.ts';
import {
  startAdmittingServer,
  type AdmittingServer,
  type Creation,
} from './support/admitting-server.ts';
import {
  INVALID_EXAMPLES,
  invalidExampleFiles,
  readInvalidExample,
  type InvalidExample,
  type Refusal,
} from './support/invalid-examples.ts';
import { declare } from './support/resources.ts';
import { manifestExamples } from './support/scenarios.ts';
import { REPOSITORY } from './support/up.ts';

const NOW_MS = Date.parse('2026-01-01T00:00:00Z');
const EXAMPLES = path.join(REPOSITORY, 'examples');

/** `client/name-empty.yaml` is tried in `client-name-empty`. */
function namespaceOf(file: string): string {
  return file.replace('/', '-').replace('.yaml', '');
}

let server: AdmittingServer;

before(async () => {
  server = await startAdmittingServer(NOW_MS);
  await server.createNamespaces([
    ...invalidExampleFiles().map(namespaceOf),
    ...manifestExamples(),
    'other',
    'columns',
  ]);
});
after(() => server.stop());

/** What only the objects beside one can say: no schema, so the webhook must. */
const OF_PEERS: readonly string[] = [
  'NameConflict',
  'LimitExceeded',
  'TemplateOverlap',
  'SubscriptionNotSupported',
] satisfies FaultReason[];

/** What may be right once more is declared, so that nobody refuses it. */
const OF_REFERENCES: readonly string[] = [
  'RefNotFound',
  'RefNotAccepted',
  'RefLocationMismatch',
] satisfies FaultReason[];

const DOES_NOT_ARISE = new Map([
  [
    'client/name-of-a-refused-client.yaml Client/default/machine-b',
    'the Client that would hold the name is itself refused, so it is not there',
  ],
  [
    'topic-space/template-lone-surrogate.yaml TopicSpace/default/telemetry',
    'who reads JSON puts U+FFFD for what is no character, and kubectl does not even send it',
  ],
]);

/** In a folder nobody is older; at a server one is, and everything has its namespace. */
function steady(words: string, namespace: string): string {
  const elder = /, which (?:is older \(created [^)]*\)|comes first by metadata\.name[^:;]*)/;
  return words.replaceAll(namespace, 'default').replace(elder, '');
}

function wordsOf({ field, message, remedy }: Refusal): string {
  return steady(`${field}: ${message}; ${remedy}`, 'default');
}

async function createAll({ file, text }: InvalidExample): Promise<ReadonlyMap<string, Creation>> {
  const creations = new Map<string, Creation>();
  for (const document of parseAllDocuments(text)) {
    const object = document.toJS() as DeclaredObject;
    const metadata = { ...object.metadata, namespace: namespaceOf(file) };
    const key = `${object.kind}/default/${metadata.name}`;
    creations.set(key, await server.create({ ...object, metadata }));
  }
  return creations;
}

type Teller = 'schema' | 'webhook' | 'conditions' | 'nobody';

function tellerOf(example: InvalidExample, expected: Refusal, creation: Creation): Teller {
  const { refusal, stored } = creation;
  if (refusal?.message.includes('admission webhook "validate.mqttgrid.io" denied')) {
    const causes = refusal.details?.causes ?? [];
    const said = causes.map(({ field, reason, message }) => {
      return `${reason}: ${steady(`${field}: ${message}`, namespaceOf(example.file))}`;
    });
    assert.ok(said.includes(`${expected.reason}: ${wordsOf(expected)}`), said.join('\n'));
    return 'webhook';
  }
  if (refusal !== undefined) {
    assert.ok(!OF_PEERS.includes(expected.reason), refusal.message);
    assert.ok(refusal.message.includes(expected.field.replace(/\[.*/, '')), refusal.message);
    return 'schema';
  }
  if (DOES_NOT_ARISE.has(`${example.file} ${expected.object}`)) return 'nobody';
  assert.ok(stored !== undefined && OF_REFERENCES.includes(expected.reason), expected.reason);
  assertUnresolved(example, expected, creation);
  return 'conditions';
}

function assertUnresolved({ file }: InvalidExample, expected: Refusal, creation: Creation): void {
  const namespace = namespaceOf(file);
  const { unresolved } = server.judge(creation.stored as unknown as Resource);
  const told = unresolved.map((violation) => steady(printViolation(violation), namespace));
  if (expected.reason === 'RefNotAccepted') {
    // What it names was itself refused, so it is not there.
    const prefix = `${expected.field}: there is no`;
    assert.ok(
      told.some((words) => words.startsWith(prefix)),
      told.join('\n'),
    );
    return;
  }
  assert.ok(told.includes(wordsOf(expected)), told.join('\n'));
  const warnings = creation.warnings.map((words) => steady(words, namespace));
  if (expected.reason === 'RefNotFound') assert.ok(warnings.includes(wordsOf(expected)));
}

suite('a bad manifest', { concurrency: 1 }, () => {
  const told = new Map<Teller, number>();

  for (const file of invalidExampleFiles().filter((file) => !file.startsWith('file/'))) {
    const example = readInvalidExample(file);
    test(`${file}: ${example.why}`, async () => {
      const creations = await createAll(example);
      const refused = new Set(example.expected.map(({ object }) => object));
      for (const [object, { refusal }] of creations) {
        if (!refused.has(object)) assert.equal(refusal, undefined, `${object} is good`);
      }
      for (const expected of example.expected) {
        const creation = creations.get(expected.object ?? '');
        assert.ok(creation !== undefined, expected.object);
        const teller = tellerOf(example, expected, creation);
        told.set(teller, (told.get(teller) ?? 0) + 1);
      }
    });
  }

  test('is told about by schema, webhook and conditions, but for what cannot happen', (t) => {
    t.diagnostic(JSON.stringify(Object.fromEntries(told)));
    for (const teller of ['schema', 'webhook', 'conditions'] as const) {
      assert.ok((told.get(teller) ?? 0) > 0, teller);
    }
    assert.equal(told.get('nobody'), DOES_NOT_ARISE.size);
  });
});

function apply(namespace: string, ...parameters: string[]): Promise<string> {
  return server.kubectl('apply', '-n', namespace, ...parameters);
}

suite('a file that is bad as YAML or as a manifest', { concurrency: 1 }, () => {
  /** What kubectl says; undefined: it takes it, for the reason that is given. */
  const answers: Readonly<Record<string, RegExp | undefined>> = {
    // It applies the one after the other: the second is a change of the first.
    'declared-twice': undefined,
    // It keeps the last of the two.
    'duplicate-key': undefined,
    'indented-with-a-tab': /found character that cannot start any token/,
    'metadata-name-not-for-kubernetes': /"Area1_Machine1" is invalid: metadata\.name/,
    'metadata-namespace-not-for-kubernetes': /the namespace from the provided object "Factory_1"/,
    'missing-api-version': /apiVersion not set/,
    'missing-kind': /kind not set/,
    'missing-metadata-name': /resource name may not be empty/,
    'not-an-object': /invalid object to validate/,
    'not-yaml': /error converting YAML to JSON/,
    'unknown-api-version': /no matches for kind "ClientGroup" in version "mqttgrid.io\/v2"/,
    'unknown-kind': /no matches for kind "ClientGroups"/,
    'unknown-top-level-field': /strict decoding error: unknown field "query"/,
    // It reads YAML 1.1, so it sends a boolean, and the webhook says what that is.
    'unquoted-boolean': /spec\.attributes\.alarm: is the boolean true, but an attribute is/,
  };

  for (const file of invalidExampleFiles().filter((file) => file.startsWith('file/'))) {
    test(`${file}: ${readInvalidExample(file).why}`, async () => {
      const name = path.basename(file, '.yaml');
      assert.ok(name in answers, 'it is known what kubectl says');
      const applied = apply(namespaceOf(file), '-f', path.join(INVALID_EXAMPLES, file));
      const words = answers[name];
      if (words === undefined) await applied;
      else await assert.rejects(applied, words);
    });
  }
});

/** As `kubectl get -o wide` heads them. */
const COLUMNS: Readonly<Record<Kind, string>> = {
  MqttNamespace:
    'NAME READY REASON REPLICAS CLIENTS ENDPOINT PROFILE LOCATION ROUTE SPEC NAME AGE MESSAGE',
  CaCertificate: 'NAME READY REASON NAMESPACE SUBJECT NOT AFTER SPEC NAME AGE MESSAGE',
  Client: 'NAME READY REASON NAMESPACE STATE COMMON NAME SPEC NAME AGE MESSAGE',
  ClientGroup: 'NAME READY REASON NAMESPACE QUERY SPEC NAME AGE MESSAGE',
  TopicSpace: 'NAME READY REASON NAMESPACE SUPPORT TEMPLATES SPEC NAME AGE MESSAGE',
  PermissionBinding:
    'NAME READY REASON NAMESPACE GROUP PERMISSION TOPIC SPACE SPEC NAME AGE MESSAGE',
  EventTopic: 'NAME READY REASON SCHEMA LOCATION AGE MESSAGE',
  EventSubscription:
    'NAME READY REASON TOPIC DELIVERED PENDING DROPPED WEBHOOK KAFKA FILE AGE MESSAGE',
};

suite('kubectl', { concurrency: 1 }, () => {
  for (const name of manifestExamples()) {
    test(`takes the example ${name}`, async () => {
      const applied = await apply(name, '-f', path.join(EXAMPLES, name));
      assert.match(applied, /^mqttnamespace.mqttgrid.io\/[a-z-]+ created$/m);
      assert.doesNotMatch(applied, /error/i);
    });
  }

  const root = path.join(REPOSITORY, 'test/golden/fixtures/root.pem');
  const encodedCertificate = readFileSync(root, 'utf8');

  for (const kind of KINDS) {
    test(`has columns for a ${kind}, whose status is -1 before anybody saw it`, async () => {
      const name = `a-${kind.toLowerCase()}`;
      const { spec } = declare(kind, name, kind === 'CaCertificate' ? { encodedCertificate } : {});
      const metadata = { name, namespace: 'columns' };
      const { refusal } = await server.create({ apiVersion: API_VERSION, kind, metadata, spec });
      assert.equal(refusal, undefined, refusal?.message);
      const get = ['get', '-n', 'columns', kind.toLowerCase(), name, '-o'];
      const status = await server.kubectl(...get, 'jsonpath={.status}');
      assert.equal(status, '{"observedGeneration":-1}');
      const [head = ''] = (await server.kubectl(...get, 'wide')).split('\n');
      assert.equal(head.trim().replace(/ +/g, ' '), COLUMNS[kind]);
    });
  }

  test('shows in them what the status says', async () => {
    const condition = {
      type: 'Ready',
      status: 'False',
      reason: 'RefNotFound',
      message: 'there is no such thing',
      lastTransitionTime: '2026-01-01T00:00:00Z',
    };
    const status = { observedGeneration: 1, conditions: [condition] };
    const client = ['-n', 'columns', 'client', 'a-client'];
    const patch = ['--subresource=status', '--type=merge', '-p', JSON.stringify({ status })];
    await server.kubectl('patch', ...client, ...patch);
    const shown = await server.kubectl('get', ...client, '-o', 'wide');
    assert.match(shown, /^a-client +False +RefNotFound .* there is no such thing *$/m);
  });

  test('prints a refusal as it prints those of the schema', async () => {
    const file = path.join(INVALID_EXAMPLES, 'client/attribute-fraction.yaml');
    const words =
      /^The Client "machine-1" is invalid: spec\.attributes\.height: is the number 3\.5, but an/m;
    await assert.rejects(apply('other', '-f', file), words);
    await assert.rejects(apply('other', '--dry-run=server', '-f', file), words);
  });

  test('changes labels, but nothing that can only be set at creation', async () => {
    const get = ['-n', 'hello-world', 'topicspace', 'hello'];
    await server.kubectl('label', ...get, 'colour=blue');
    const spec = { subscriptionSupport: 'HighFanout' };
    const patch = ['--type=merge', '-p', JSON.stringify({ spec })];
    const words = /spec\.subscriptionSupport cannot be changed, delete the object/;
    await assert.rejects(server.kubectl('patch', ...get, ...patch), words);
  });

  test('does not scale to two brokers, any more than it edits to two', async () => {
    const { spec } = declare('MqttNamespace', 'scaled');
    const metadata = { name: 'scaled', namespace: 'other' };
    await server.create({ apiVersion: API_VERSION, kind: 'MqttNamespace', metadata, spec });
    const scale = ['scale', '-n', 'other', 'mqttnamespace/scaled'];
    const words = /spec\.replicas: is 2: several brokers for one namespace are reserved/;
    await assert.rejects(server.kubectl(...scale, '--replicas=2'), words);
    await server.kubectl(...scale, '--replicas=0');
  });

  test('declares whatever its schema admits while nobody answers for the webhook', async () => {
    const file = path.join(INVALID_EXAMPLES, 'client/attribute-fraction.yaml');
    await server.stopWebhook();
    assert.match(await apply('other', '-f', file), /^client.mqttgrid.io\/machine-1 created$/m);
  });
});
