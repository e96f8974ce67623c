/** What can be wrong where a program is deployed: one clear message, and nothing half done. */
import assert from 'node:assert/strict';
import { createPrivateKey, sign } from 'node:crypto';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { after, before, suite, test, type TestContext } from 'node:test';
import { KINDS } from '../../domain/resources.ts';
import { resourceTypeOf } from '../../kube/declared-types.ts';
import { apiClient } from '../support/api-client.ts';
import { startApiServer, type ApiServer } from '../support/api-server.ts';
import { tellStatus, withToken } from '../support/cluster-target.ts';
import { openStack, type PulumiResult, type Stack, type StackOptions } from '../support/pulumi.ts';
import { eventually } from '../support/within.ts';

const COMES_MS = 60_000;

let server: ApiServer;
before(async () => {
  server = await startApiServer();
});
after(() => server.stop());

const ONE = "new mqttgrid.MqttNamespace('fleet', { timeoutSeconds: 6 });";
const FIVE = 'for (let i = 1; i <= 5; i++) new mqttgrid.MqttNamespace(`fleet-${i}`);';

/** A stack without a resource, of a program in JavaScript, which no compiler has looked at. */
function open(t: TestContext, program: string, options: StackOptions = {}): Promise<Stack> {
  const { files } = options;
  return openStack(t, {
    ...options,
    files: {
      'package.json': '{ "name": "test", "main": "index.js" }',
      'index.js': `const mqttgrid = require('mqttgrid');\n${program}\n`,
      ...files,
    },
  });
}

/** Traces of code, and what JavaScript prints of what it cannot print. */
const NOISE = /^\s+at |\bError:|\[object|undefined|\bnode:|\.js:\d|unhandled/m;

/** Keys and tokens are longer; names and words are not. */
const SECRET = /[A-Za-z\d+_=-]{48,}|PRIVATE KEY|certificate-authority-data|current-context/;

/** `MqttNamespace fleet: error: what is wrong`, without progress, in no order. */
function told({ stdout, stderr, diagnostics }: PulumiResult, stack: Stack): string[] {
  const printed = stdout + stderr;
  assert.doesNotMatch(printed, NOISE);
  assert.doesNotMatch(printed, SECRET);
  return diagnostics
    .filter(({ severity, message }) => severity !== 'info' && message !== 'update failed')
    .map(({ resource, severity, message }) => {
      const text = message
        .replaceAll(server.url, 'SERVER')
        .replaceAll(stack.folder, 'PROGRAM')
        // How Pulumi tells of what was created and is not as it should be.
        .replace('1 error occurred:\n\t* ', '');
      return `${resource}: ${severity}: ${text}`.replace(/fleet-\d/g, 'fleet-N');
    })
    .sort();
}

/** In the words of Pulumi. `property` as it prints it, with its value; none: the whole resource. */
function refused(resource: string, reason: string, property = ''): string {
  const [kind, name] = resource.split(' ');
  const subject = `pulumi-nodejs:dynamic/mqttgrid:${kind} resource '${name}'`;
  const where = property === '' ? subject : `${subject}: property ${property}`;
  return `${resource}: error: ${where} has a problem: ${reason}`;
}

/** IDs and what is wrong with them, of what the state has of ours. */
async function inState(stack: Stack): Promise<(readonly [string, readonly string[]])[]> {
  const { resources = [] } = (await stack.exported()).deployment;
  return resources
    .filter(({ type }) => type.includes(':dynamic/'))
    .map(({ id = '', initErrors = [] }) => [id, initErrors] as const);
}

interface Mistake {
  readonly preview: readonly string[];
  readonly up: readonly string[];
}

/** Both commands say so, and leave nothing behind. What a preview only warns of, fails later. */
async function assertRefused(stack: Stack, { preview, up }: Mistake): Promise<void> {
  const files = readdirSync(stack.folder);
  const previewed = await stack.preview();
  assert.deepEqual(told(previewed, stack), preview);
  const isKnown = preview.some((text) => text.includes(': error: '));
  assert.equal(previewed.code === 0, !isKnown, previewed.text);
  const updated = await stack.up();
  assert.deepEqual(told(updated, stack), up);
  assert.notEqual(updated.code, 0);
  assert.deepEqual(await inState(stack), []);
  assert.deepEqual(readdirSync(stack.folder), files);
}

function always(...texts: readonly string[]): Mistake {
  return { preview: texts, up: texts };
}

function kubeconfigOf(token: string): string {
  return withToken(server.kubeconfig, token);
}

const ACCOUNT = 'system:serviceaccount:default';

/** The token of a service account that may do so with MqttNamespaces. */
function tokenOf(name: string, ...verbs: readonly string[]): string {
  server.kubectl('create', 'serviceaccount', name);
  if (verbs.length > 0) {
    const resource = '--resource=mqttnamespaces.mqttgrid.io';
    server.kubectl('create', 'role', name, `--verb=${verbs.join(',')}`, resource);
    server.kubectl(
      'create',
      'rolebinding',
      name,
      `--role=${name}`,
      `--serviceaccount=default:${name}`,
    );
  }
  return server.kubectl('create', 'token', name).trim();
}

/** The same, an hour after it has expired. */
function expired(token: string): string {
  const [header = '', payload = ''] = token.split('.');
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as object;
  const [iat, exp] = [7_200, 3_600].map((agoS) => Math.floor(Date.now() / 1000) - agoS);
  const text = JSON.stringify({ ...claims, iat, nbf: iat, exp });
  const signed = `${header}.${Buffer.from(text).toString('base64url')}`;
  const folder = path.dirname(server.kubeconfig);
  const key = createPrivateKey(readFileSync(path.join(folder, 'accounts.key')));
  const signature = sign('sha256', Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363' });
  return `${signed}.${signature.toString('base64url')}`;
}

const NAME_RULE =
  '"Vehicles_1" is not a Kubernetes name: lower-case letters, digits, hyphens and dots, and a ' +
  'letter or digit at both ends; write a name of that form';
const QUERY_RULE =
  'found the end of the query where a string in quotes or an integer is expected, at character ' +
  '18; write a string in quotes or an integer';

/** What is wrong with a resource itself: program, and what is told. */
const WRONG: Readonly<Record<string, readonly [string, ...string[]]>> = {
  'a wrong type': [
    "new mqttgrid.MqttNamespace('fleet', { replicas: 'two' });",
    refused(
      'MqttNamespace fleet',
      'is a string, but must be an integer; make it an integer',
      'replicas value {two}',
    ),
  ],
  'an invalid name': [
    "new mqttgrid.MqttNamespace('Vehicles_1', { name: 'vehicles' });",
    refused('MqttNamespace Vehicles_1', NAME_RULE, 'metadata.name value {<nil>}'),
  ],
  'no arguments at all': [
    "new mqttgrid.ClientGroup('vehicles');",
    refused('ClientGroup vehicles', 'is missing; state it: a string', 'query value {<nil>}'),
    refused(
      'ClientGroup vehicles',
      'is missing; state it: an object with name',
      'namespaceRef value {<nil>}',
    ),
  ],
  'several violations at once': [
    `new mqttgrid.ClientGroup('Vehicles_1', {
      namespaceRef: 'fleet', query: 'attributes.type =', color: 'red', timeoutSeconds: 0,
    });`,
    ...[
      ['metadata.name value {<nil>}', NAME_RULE],
      ['namespaceRef value {fleet}', 'is a string, but must be an object; make it an object'],
      ['query value {attributes.type =}', QUERY_RULE],
      [
        'color value {red}',
        'is no field of spec of a ClientGroup; remove it, or write one of namespaceRef, name, ' +
          'query or description',
      ],
      [
        'timeoutSeconds value {0}',
        'is the number 0, but must be a number from 1 to 3600; make it a number from 1 to 3600',
      ],
    ].map(([property, reason = '']) => refused('ClientGroup Vehicles_1', reason, property)),
  ],
};

const INSTALL =
  'SERVER does not know mqttnamespaces of mqttgrid.io/v1; ' +
  'install mqttgrid there: kubectl apply -k deploy/, or helm install (docs/INSTALL.md)';
const LIST = 'what is declared in Kubernetes namespace default cannot be listed';
const UNREACHED = 'nothing can be declared';
const ELSEWHERE =
  'state mqttgrid:kubeconfig, set KUBECONFIG, or make mqttgrid:target directory, which needs none';

function ofTheFirst(preview: string, up = preview): Mistake {
  const resource = 'MqttNamespace fleet-N';
  return { preview: [refused(resource, preview)], up: [refused(resource, up)] };
}

test('a cluster without our definitions is told of once, with how to install them', async (t) => {
  const stack = await open(t, FIVE, { config: { 'mqttgrid:kubeconfig': server.kubeconfig } });
  await assertRefused(stack, ofTheFirst(`${LIST}: ${INSTALL}`, `${UNREACHED}: ${INSTALL}`));
  server.applyCrds();
});

const OPERATOR = "see that mqttgrid's operator runs: kubectl -n mqttgrid-system get pods";

suite('one message', { concurrency: 2 }, () => {
  for (const [title, [program, ...messages]] of Object.entries(WRONG)) {
    test(`tells of ${title}, each at its property`, async (t) => {
      const stack = await open(t, program, { config: { 'mqttgrid:target': 'directory' } });
      await assertRefused(stack, always(...messages.sort()));
    });
  }

  test('tells of a cluster that gives no answer, whatever five resources want of it', async (t) => {
    const closed = kubeconfigOf('x'.repeat(80)).replaceAll(server.url, 'https://127.0.0.1:1');
    const stack = await open(t, FIVE, { secrets: { 'mqttgrid:kubeconfig': closed } });
    const why =
      'https://127.0.0.1:1 gives no answer: list mqttnamespaces: connect ECONNREFUSED ' +
      '127.0.0.1:1; see that the cluster is up, and that context test is the right one';
    await assertRefused(stack, ofTheFirst(`${LIST}: ${why}`, `${UNREACHED}: ${why}`));
  });

  test('tells of a kubeconfig that does not exist, and of a context that it has not', async (t) => {
    const stack = await open(t, FIVE, { config: { 'mqttgrid:kubeconfig': 'nowhere' } });
    await assertRefused(stack, ofTheFirst(`the kubeconfig nowhere does not exist; ${ELSEWHERE}`));
    await stack.configure(
      { 'mqttgrid:context': 'plant' },
      {
        'mqttgrid:kubeconfig': kubeconfigOf('x'.repeat(80)),
      },
    );
    const why = 'the kubeconfig that is given as text has no context "plant"';
    await assertRefused(stack, ofTheFirst(`${why}; make mqttgrid:context "test"`));
  });

  for (const [title, spoil] of Object.entries({
    'has expired': expired,
    'is none': (token: string) => `x${token}`,
  })) {
    test(`tells of a token that ${title}`, async (t) => {
      const kubeconfig = kubeconfigOf(spoil(tokenOf(title.replace(' ', '-'), 'get', 'list')));
      const stack = await open(t, FIVE, { secrets: { 'mqttgrid:kubeconfig': kubeconfig } });
      const why =
        'SERVER does not accept the credentials of context test (401); renew them, for instance ' +
        'by logging in to the cluster again: they may have expired';
      await assertRefused(stack, ofTheFirst(`${LIST}: ${why}`, `${UNREACHED}: ${why}`));
    });
  }

  test('tells who may look and not create, and which right is missing', async (t) => {
    const program = `const namespaceRef = { name: 'fleet' };
      new mqttgrid.TopicSpace('alerts', {
        namespaceRef, topicTemplates: ['alerts/#'], subscriptionSupport: 'LowFanout',
      });`;
    server.kubectl(
      'create',
      'clusterrole',
      'viewer',
      '--verb=get,list',
      '--resource=*.mqttgrid.io',
    );
    const kubeconfig = kubeconfigOf(tokenOf('viewer'));
    server.kubectl(
      ...['create', 'clusterrolebinding', 'viewer', '--clusterrole=viewer'],
      '--serviceaccount=default:viewer',
    );
    const stack = await open(t, program, { secrets: { 'mqttgrid:kubeconfig': kubeconfig } });
    await assertRefused(stack, {
      preview: [
        'TopicSpace alerts: warning: spec.namespaceRef.name: there is no MqttNamespace "fleet" ' +
          'in the Kubernetes namespace "default"; declare it, or name one that exists; until ' +
          'then this waits',
      ],
      up: [
        `TopicSpace alerts: error: TopicSpace/default/alerts cannot be applied: User "${ACCOUNT}` +
          ':viewer" cannot patch resource "topicspaces" in API group "mqttgrid.io" in the ' +
          'namespace "default"; let a Role in the Kubernetes namespace default allow patch on ' +
          'topicspaces.mqttgrid.io, and bind it to that user',
      ],
    });
  });

  test('tells of a Kubernetes namespace that does not exist: a program may make it', async (t) => {
    const config = { 'mqttgrid:kubeconfig': server.kubeconfig, 'mqttgrid:namespace': 'plant' };
    const stack = await open(t, ONE, { config });
    await assertRefused(stack, {
      preview: [
        'MqttNamespace fleet: warning: there is no Kubernetes namespace plant, and nothing can ' +
          'be created in it until there is; kubectl create namespace plant',
      ],
      up: [
        'MqttNamespace fleet: error: MqttNamespace/plant/fleet cannot be applied: there is no ' +
          'Kubernetes namespace plant; kubectl create namespace plant',
      ],
    });
  });

  test('tells of a folder that is a file, and of one that is in a file', async (t) => {
    const files = { manifests: 'kept' };
    const stack = await open(t, FIVE, { files, config: { 'mqttgrid:target': 'directory' } });
    const another = 'name another one as the directory of the target';
    const why = `manifests cannot be kept in manifests: it is not a folder; ${another}`;
    await assertRefused(stack, ofTheFirst(why));
    await stack.configure({ 'mqttgrid:directory': 'manifests/inner' });
    const part = 'a part of the path is not a folder (ENOTDIR)';
    const inner = `the folder manifests/inner cannot be read: ${part}; ${another}`;
    await assertRefused(stack, ofTheFirst(inner));
    assert.equal(readFileSync(path.join(stack.folder, 'manifests'), 'utf8'), 'kept');
  });

  test('an operator that is absent is told of within seconds, and what was made stays known', async (t) => {
    const admin = readFileSync(server.kubeconfig, 'utf8');
    const config = { 'mqttgrid:kubeconfig': 'kubeconfig' };
    const stack = await open(t, ONE.replace('fleet', 'grid'), {
      files: { kubeconfig: admin },
      config,
    });
    const created = await stack.up();
    const why =
      'MqttNamespace/default/grid is not in force after 6 s: no operator has looked at it; ' +
      OPERATOR;
    assert.deepEqual(told(created, stack), [
      `MqttNamespace grid: error: ${why}`,
      `MqttNamespace grid: warning: no operator has looked at it after 5 s; ${OPERATOR}`,
    ]);
    assert.notEqual(created.code, 0);
    assert.deepEqual(await inState(stack), [['MqttNamespace/default/grid', [why]]]);

    // Now the cluster goes away, too.
    stack.write('kubeconfig', admin.replaceAll(server.url, 'https://127.0.0.1:1'));
    for (const [command, failed, call] of [
      ['refresh', 'read', 'get'],
      ['destroy', 'deleted', 'delete'],
    ] as const) {
      const result = await stack[command]();
      assert.deepEqual(told(result, stack), [
        `MqttNamespace grid: error: MqttNamespace/default/grid cannot be ${failed}: ` +
          `https://127.0.0.1:1 gives no answer: ${call} MqttNamespace "default/grid": connect ` +
          'ECONNREFUSED 127.0.0.1:1; see that the cluster is up, and that context test is ' +
          'the right one',
      ]);
      assert.notEqual(result.code, 0);
      assert.deepEqual(await inState(stack), [['MqttNamespace/default/grid', [why]]]);
    }
  });

  test('who may create and not list is told what that leaves unchecked, and goes on', async (t) => {
    const kubeconfig = kubeconfigOf(tokenOf('creator', 'get', 'create', 'patch'));
    const program = "new mqttgrid.MqttNamespace('plant');";
    const stack = await open(t, program, { secrets: { 'mqttgrid:kubeconfig': kubeconfig } });
    const previewed = await stack.preview();
    assert.deepEqual(told(previewed, stack), [
      `MqttNamespace plant: warning: ${LIST}: User "${ACCOUNT}:creator" cannot list resource ` +
        '"mqttnamespaces" in API group "mqttgrid.io" in the namespace "default"; so nothing was ' +
        'checked against it: to have that, let a Role in the Kubernetes namespace default allow ' +
        'list on mqttnamespaces, cacertificates, clients, clientgroups, topicspaces, ' +
        'permissionbindings, eventtopics, eventsubscriptions of mqttgrid.io',
    ]);
    assert.equal(previewed.code, 0);
    const running = stack.start('up', '--yes', '--skip-preview');
    const operator = apiClient(t, server.kubeconfig);
    const metadata = { namespace: 'default', name: 'plant' };
    await eventually(COMES_MS, 'the object', () =>
      operator.get(resourceTypeOf('MqttNamespace'), metadata),
    );
    await tellStatus(operator, { kind: 'MqttNamespace', metadata });
    const created = await running.result;
    assert.deepEqual(told(created, stack), []);
    assert.equal(created.code, 0);
    assert.deepEqual(await inState(stack), [['MqttNamespace/default/plant', []]]);
  });

  test('where the package is no more, what it made stays, and destroying tells how to go on', async (t) => {
    const stack = await open(t, ONE, { config: { 'mqttgrid:target': 'directory' } });
    assert.equal((await stack.up()).code, 0);
    rmSync(path.join(stack.folder, 'node_modules/mqttgrid'));
    const destroyed = await stack.destroy();
    const why =
      'the package mqttgrid is not installed in PROGRAM, and nothing else can read, change or ' +
      'delete what it made: npm install mqttgrid';
    // What prints it a second time, and where, is the part that is gone.
    const [error, printed, ...others] = told(
      { ...destroyed, stdout: destroyed.stdout.replaceAll(`Error: the package`, 'the package') },
      stack,
    );
    assert.equal(error, `: info#err: Error: ${why}:`);
    assert.equal(printed, `MqttNamespace fleet: error: ${why}`);
    assert.deepEqual(others, []);
    assert.notEqual(destroyed.code, 0);
    assert.deepEqual(await inState(stack), [['MqttNamespace/default/fleet', []]]);
    assert.deepEqual(readdirSync(path.join(stack.folder, 'manifests')), [
      'mqttnamespace.default.fleet.yaml',
    ]);
  });
});

test('of all that was refused nothing is in the cluster', () => {
  const there = server.kubectl('get', KINDS.join(','), '--all-namespaces', '--output=name');
  assert.deepEqual(there.trim().split('\n'), [
    'mqttnamespace.mqttgrid.io/grid',
    'mqttnamespace.mqttgrid.io/plant',
  ]);
});
