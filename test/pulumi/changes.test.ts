/** What the next preview, update and refresh make of a change, in the program or in the folder. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { issueCertificateAuthority } from '../../certificates/issue.ts';
import { IMMUTABLE_FIELDS, KINDS, resourceKey, type Kind } from '../../domain/resources.ts';
import { asRecord, type Properties } from '../../provider/runtime/declaration.ts';
import {
  assertDone,
  assertUnchanged,
  changesOf,
  client,
  GRID,
  object,
  openObjectsStack,
  type DeclaredObject,
} from '../support/pulumi-objects.ts';

const ELSEWHERE = { directory: { path: 'elsewhere' } };

/** What a field of an object becomes; before, it is what `object` says. */
const CHANGED = new Map<string, (kind: Kind) => Properties>([
  ['name', (kind) => ({ name: `renamed-${kind}` })],
  ['namespaceRef', () => ({ namespaceRef: { name: 'other' } })],
  ['routeTopicRef', () => ({ routeTopicRef: { name: 'topic' } })],
  ['subscriptionSupport', () => ({ subscriptionSupport: 'HighFanout' })],
  ['metadata.name', (kind) => ({ metadata: { name: `moved-${kind.toLowerCase()}` } })],
  ['metadata.namespace', () => ({ metadata: { namespace: 'other' } })],
  ['target', () => ({ target: ELSEWHERE })],
]);

interface Rule {
  readonly before: DeclaredObject;
  readonly after: DeclaredObject;
}

async function rules(): Promise<Rule[]> {
  const all = KINDS.flatMap((kind) =>
    [...IMMUTABLE_FIELDS[kind], 'metadata.name', 'metadata.namespace', 'target'].map(
      async (field): Promise<Rule> => {
        const name = `${kind}-${field.replace('.', '-')}`.toLowerCase();
        const before = object(kind, name, await distinct(kind, name));
        const changed = CHANGED.get(field)?.(kind);
        assert.ok(changed !== undefined, `what ${field} of ${kind} becomes`);
        return { before, after: { ...before, args: { ...before.args, ...changed } } };
      },
    ),
  );
  return await Promise.all(all);
}

/** What no two objects of a kind may have in common. */
async function distinct(kind: Kind, name: string): Promise<Properties> {
  switch (kind) {
    case 'CaCertificate': {
      const { certificatePem } = await issueCertificateAuthority({
        nowMs: Date.now(),
        commonName: name,
      });
      return { encodedCertificate: certificatePem };
    }
    case 'Client':
      return client(name).args;
    case 'TopicSpace':
      return { topicTemplates: [`${name}/#`] };
    default:
      return {};
  }
}

/** What objects refer to, wherever they go. */
function surroundings(): DeclaredObject[] {
  const places: readonly (readonly [string, Properties])[] = [
    ['here', {}],
    ['there', { metadata: { namespace: 'other' } }],
    ['elsewhere', { target: ELSEWHERE }],
  ];
  const everywhere = places.flatMap(([place, { metadata, ...args }]) => {
    const named = (kind: Kind, name: string, spec: Properties = {}): DeclaredObject => {
      const named = { ...asRecord(metadata), name };
      return object(kind, `${name}-${place}`, { ...args, ...spec, metadata: named });
    };
    return [
      named('MqttNamespace', 'grid', { limits: { caCertificates: KINDS.length } }),
      named('EventTopic', 'topic'),
      named('TopicSpace', 'space'),
    ];
  });
  const namespaceRef = { name: 'other' };
  const space = { namespaceRef, metadata: { name: 'other-space' }, name: 'space' };
  return [
    ...everywhere,
    object('MqttNamespace', 'other'),
    object('TopicSpace', 'space-of-other', space),
  ];
}

function keyOf({ kind, name, args }: DeclaredObject): string {
  return resourceKey({
    kind,
    metadata: { name, namespace: 'default', ...asRecord(args['metadata']) },
  });
}

function isElsewhere({ args }: DeclaredObject): boolean {
  return args['target'] === ELSEWHERE;
}

test('what can only be set at creation is replaced, the old object deleted first', async (t) => {
  const [around, table] = [surroundings(), await rules()];
  const after = [...around, ...table.map((rule) => rule.after)];
  const before = [...around, ...table.map((rule) => rule.before)];
  const { stack, declare, keys } = await openObjectsStack(t, before);
  const assertHolds = (objects: readonly DeclaredObject[]): void => {
    const here = objects.filter((each) => !isElsewhere(each));
    assert.deepEqual(keys(), here.map(keyOf).sort());
    assert.deepEqual(keys('elsewhere'), objects.filter(isElsewhere).map(keyOf).sort());
  };
  assertDone(await stack.up());
  assertHolds(before);

  declare(...after);
  for (const command of ['preview', 'up'] as const) {
    const result = await stack[command]();
    assertDone(result);
    const changes = Map.groupBy(changesOf(result), ([resource]) => resource);
    for (const { kind, name } of table.map((rule) => rule.after)) {
      const steps = changes.get(`${kind} ${name}`)?.map(([, operation]) => operation);
      const expected = ['delete-replaced', 'replace', 'create-replacement'];
      assert.deepEqual(steps, expected, `${command}: ${kind} ${name}`);
      changes.delete(`${kind} ${name}`);
    }
    assert.deepEqual([...changes], [], command);
  }
  assertHolds(after);
  assertUnchanged(await stack.up());
});

test('what is referred to by a plain name goes first, wherever the program declares it', async (t) => {
  const binding = object('PermissionBinding', 'everybody', { clientGroupName: 'group' });
  const members = [binding, object('TopicSpace', 'space'), object('ClientGroup', 'group'), GRID];
  const subscription = object('EventSubscription', 'subscription');
  const objects = [subscription, ...members, object('EventTopic', 'topic')];
  // Those that wait would leave no operation for what they wait for.
  const { stack, keys } = await openObjectsStack(t, objects, {
    config: { 'mqttgrid:timeoutSeconds': '5' },
  });
  assertDone(await stack.up('--parallel', '1'));
  assert.deepEqual(keys(), objects.map(keyOf).sort());
});
