import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { parseAllDocuments } from 'yaml';
import { API_VERSION, isKind, KINDS, type Kind } from '../domain/resources.ts';
import { printFieldPath, printViolation } from '../domain/violation.ts';
import { COMPLETE_SPECS } from '../test/support/complete-specs.ts';
import { schemaOf, validateShape, type Schema } from './schemas.ts';

type Fields = Readonly<Record<string, unknown>>;

function manifest(kind: Kind, spec: unknown, metadata: unknown = { name: 'a' }): Fields {
  return { apiVersion: API_VERSION, kind, metadata, spec };
}

function printed(kind: Kind, document: unknown): string[] {
  return validateShape(kind, document).map(printViolation);
}

suite('a manifest with every field', () => {
  for (const kind of KINDS) {
    test(`of a ${kind} has the shape of its kind`, () => {
      assert.deepEqual(printed(kind, manifest(kind, COMPLETE_SPECS[kind])), []);
    });
  }

  test('may carry what a server wrote into metadata and status', () => {
    const metadata = {
      name: 'hello-world.v1',
      namespace: 'default',
      labels: { 'app.kubernetes.io/name': 'x' },
      annotations: null,
      creationTimestamp: null,
      finalizers: ['example.com/x'],
      generation: 3,
      managedFields: [{ manager: 'kubectl' }],
      ownerReferences: [],
      resourceVersion: '12',
      uid: 'b0b2',
    };
    const document = { ...manifest('EventTopic', {}, metadata), status: { conditions: [{}] } };
    assert.deepEqual(printed('EventTopic', document), []);
  });
});

test('every manifest of the examples has the shape of its kind', () => {
  const examples = join(import.meta.dirname, '..', 'examples');
  const files = readdirSync(examples, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.yaml') && !path.startsWith('invalid'))
    .sort();
  let objects = 0;
  for (const file of files) {
    for (const document of parseAllDocuments(readFileSync(join(examples, file), 'utf8'))) {
      const value = document.toJS() as { readonly kind: string };
      if (!isKind(value.kind)) continue;
      objects++;
      assert.deepEqual(printed(value.kind, value), [], `${file}: ${value.kind}`);
    }
  }
  assert.ok(objects >= 30, `only ${objects} objects in ${examples}`);
});

interface Refusal {
  readonly what: string;
  readonly kind: Kind;
  /** The manifest's spec, or with `document` the whole of it. */
  readonly spec?: unknown;
  readonly document?: unknown;
  readonly violations: readonly [field: string, message: string, remedy: string][];
}

const SPACE = {
  namespaceRef: { name: 'x' },
  topicTemplates: ['a'],
  subscriptionSupport: 'LowFanout',
};
const BINDING = COMPLETE_SPECS.PermissionBinding;
const IN_GENERAL = '3 to 50 letters, digits and hyphens';
const KUBERNETES_NAME =
  'is not a Kubernetes name: lower-case letters, digits, hyphens and dots, and a letter or digit ' +
  'at both ends';
const WITHIN_BOUNDS = 'set a number within these bounds, or remove it to have the default';
const OF_THAT_FORM = 'write a name of that form';

const REFUSALS: readonly Refusal[] = [
  {
    what: 'nothing at all',
    kind: 'Client',
    document: null,
    violations: [['', 'is null, but must be an object', 'give it a value, or remove the field']],
  },
  {
    what: 'an empty manifest',
    kind: 'Client',
    document: {},
    violations: [
      ['apiVersion', 'is missing', 'state it: mqttgrid.io/v1'],
      ['kind', 'is missing', 'state it: Client'],
      ['metadata', 'is missing', 'state it: an object with name'],
      ['spec', 'is missing', 'state it: an object with namespaceRef and authentication'],
    ],
  },
  {
    what: 'another version, and another kind',
    kind: 'EventTopic',
    document: { ...manifest('EventTopic', {}), apiVersion: 'mqttgrid.io/v2', kind: 'Deployment' },
    violations: [
      [
        'apiVersion',
        'is "mqttgrid.io/v2", but must be mqttgrid.io/v1',
        'did you mean mqttgrid.io/v1? Write it so',
      ],
      ['kind', 'is "Deployment", but must be EventTopic', 'write EventTopic'],
    ],
  },
  {
    what: 'a misspelt field once, although it is missing too',
    kind: 'TopicSpace',
    spec: { namespaceRef: { name: 'x' }, topicTemplate: ['a'], subscriptionSupport: 'LowFanout' },
    violations: [
      [
        'spec.topicTemplate',
        'is no field of spec of a TopicSpace',
        'did you mean topicTemplates? Rename it so, or remove it',
      ],
    ],
  },
  {
    what: 'a field of another version',
    kind: 'TopicSpace',
    spec: { ...SPACE, isEnabled: true },
    violations: [
      [
        'spec.isEnabled',
        'is no field of spec of a TopicSpace',
        'remove it, or write one of namespaceRef, name, topicTemplates, subscriptionSupport ' +
          'or description',
      ],
    ],
  },
  {
    what: 'a field outside of spec',
    kind: 'EventTopic',
    document: { ...manifest('EventTopic', {}), location: 'x' },
    violations: [['location', 'is no field of an EventTopic', 'move it below spec']],
  },
  {
    what: 'fields that every object inherits',
    kind: 'EventTopic',
    spec: JSON.parse('{"__proto__": {"location": 5}, "constructor": 1}'),
    violations: [
      [
        'spec.__proto__',
        'is no field of spec of an EventTopic',
        'remove it, or write one of inputSchema, location, outboxOverflow or description',
      ],
      [
        'spec.constructor',
        'is no field of spec of an EventTopic',
        'remove it, or write one of inputSchema, location, outboxOverflow or description',
      ],
    ],
  },
  {
    what: 'wrong types',
    kind: 'MqttNamespace',
    spec: {
      location: 5,
      tags: ['a'],
      replicas: '3',
      storage: { retain: 'true', size: 10 },
      service: { annotations: { a: true } },
      resources: { requests: { cpu: 0.5 } },
      limits: { clients: 1.5, topicSpaces: null },
    },
    violations: [
      ['spec.limits.clients', 'is the number 1.5, but must be an integer', 'make it an integer'],
      [
        'spec.limits.topicSpaces',
        'is null, but must be an integer',
        'give it a value, or remove the field',
      ],
      ['spec.location', 'is the number 5, but must be a string', 'put the value in quotes'],
      [
        'spec.replicas',
        'is a string, but must be an integer',
        'remove the quotes around the value',
      ],
      [
        'spec.resources.requests.cpu',
        'is the number 0.5, but must be an integer or a string',
        'put the value in quotes',
      ],
      [
        'spec.service.annotations.a',
        'is the boolean true, but must be a string',
        'put the value in quotes',
      ],
      [
        'spec.storage.retain',
        'is a string, but must be true or false',
        'remove the quotes around the value',
      ],
      ['spec.storage.size', 'is the number 10, but must be a string', 'put the value in quotes'],
      ['spec.tags', 'is a list, but must be an object', 'make it an object'],
    ],
  },
  {
    what: 'a text for a list, and wrong entries in one',
    kind: 'EventSubscription',
    spec: {
      topicRef: { name: 'x' },
      filter: { includedEventTypes: 'a', advancedFilters: [['a'], 'b', null] },
      destination: {},
    },
    violations: [
      ['spec.filter.advancedFilters[0]', 'is a list, but must be an object', 'make it an object'],
      ['spec.filter.advancedFilters[1]', 'is a string, but must be an object', 'make it an object'],
      [
        'spec.filter.advancedFilters[2]',
        'is null, but must be an object',
        'give it a value, or remove the field',
      ],
      [
        'spec.filter.includedEventTypes',
        'is a string, but must be a list',
        'write a list: an entry a line, each behind a hyphen',
      ],
    ],
  },
  {
    what: 'numbers beyond their bounds',
    kind: 'MqttNamespace',
    spec: { replicas: -1, limits: { messageBytes: 3000000, inFlightMessages: 0 } },
    violations: [
      [
        'spec.limits.inFlightMessages',
        'is the number 0, but must be an integer from 1 to 65535 (100 unless set: mqttgrid, ' +
          'where the specification is silent)',
        WITHIN_BOUNDS,
      ],
      [
        'spec.limits.messageBytes',
        'is the number 3000000, but must be an integer from 1024 to 2097151 (524288 unless set: ' +
          'specification, "MQTT Messages Limits")',
        WITHIN_BOUNDS,
      ],
      [
        'spec.replicas',
        'is the number -1, but must be from 0 to 100',
        'set it to an integer from 0 to 100',
      ],
    ],
  },
  {
    what: 'texts and lists that are too short or too long',
    kind: 'TopicSpace',
    spec: { ...SPACE, topicTemplates: [], description: 'é'.repeat(1025) },
    violations: [
      [
        'spec.description',
        'has 1025 characters, but must have at most 1024 characters',
        'shorten it to at most 1024 characters',
      ],
      [
        'spec.topicTemplates',
        'is empty: a topic space without a template covers no topic',
        'add a topic template',
      ],
    ],
  },
  {
    what: 'too many entries, and an empty one',
    kind: 'TopicSpace',
    spec: { ...SPACE, topicTemplates: ['', ...Array.from({ length: 100 }, () => 'a')] },
    violations: [
      [
        'spec.topicTemplates',
        'has 101 topic templates: the limit topicTemplatesPerTopicSpace is at most 100',
        'remove some, or move some to another topic space',
      ],
      [
        'spec.topicTemplates[0]',
        'the topic template is empty, at character 1',
        'give at least one level',
      ],
    ],
  },
  {
    what: 'more attributes than 4 KiB can hold',
    kind: 'Client',
    spec: {
      ...COMPLETE_SPECS.Client,
      attributes: Object.fromEntries(Array.from({ length: 1025 }, (_, index) => [`a${index}`, 1])),
    },
    violations: [
      [
        'spec.attributes',
        "take 9141 bytes as compact JSON in UTF-8: a client's attributes have at most 4096",
        'remove or shorten attributes',
      ],
    ],
  },
  {
    what: 'words that are not among the allowed ones',
    kind: 'TopicSpace',
    spec: { ...SPACE, subscriptionSupport: 'Lowfanout' },
    violations: [
      [
        'spec.subscriptionSupport',
        'is "Lowfanout", but must be NotSupported, LowFanout or HighFanout',
        'did you mean LowFanout? Write it so',
      ],
    ],
  },
  {
    what: 'a word that resembles none of them',
    kind: 'TopicSpace',
    spec: { ...SPACE, subscriptionSupport: 'yes' },
    violations: [
      [
        'spec.subscriptionSupport',
        'is "yes", but must be NotSupported, LowFanout or HighFanout',
        'write NotSupported, LowFanout or HighFanout',
      ],
    ],
  },
  {
    what: 'a name with a character too many',
    kind: 'TopicSpace',
    spec: { ...SPACE, name: 'a b' },
    violations: [
      [
        'spec.name',
        `"a b" contains " ": a TopicSpace's name has ${IN_GENERAL}`,
        `set spec.name to ${IN_GENERAL}`,
      ],
    ],
  },
  {
    what: 'a group that takes the name of the one that always exists',
    kind: 'ClientGroup',
    spec: { ...COMPLETE_SPECS.ClientGroup, name: '$all' },
    violations: [
      [
        'spec.name',
        '"$all" always exists, holds every client and cannot be declared',
        'remove this object: bindings may name "$all" without it',
      ],
    ],
  },
  {
    what: 'names of others that are none',
    kind: 'PermissionBinding',
    spec: {
      ...BINDING,
      clientGroupName: '$any',
      topicSpaceName: 'a_b',
      namespaceRef: { name: 'A' },
    },
    violations: [
      [
        'spec.clientGroupName',
        `"$any" contains "$": a ClientGroup's name has ${IN_GENERAL}`,
        'write the name of a ClientGroup, or $all',
      ],
      ['spec.namespaceRef.name', `"A" ${KUBERNETES_NAME}`, OF_THAT_FORM],
      [
        'spec.topicSpaceName',
        `"a_b" contains "_": a TopicSpace's name has ${IN_GENERAL}`,
        'write the name of a TopicSpace',
      ],
    ],
  },
  {
    what: 'metadata that Kubernetes refuses',
    kind: 'EventTopic',
    document: manifest(
      'EventTopic',
      {},
      { name: 'Area1', namespace: 'a.b', lables: {}, labels: { a: 1 } },
    ),
    violations: [
      ['metadata.labels.a', 'is the number 1, but must be a string', 'put the value in quotes'],
      [
        'metadata.lables',
        'is no field of metadata of an EventTopic',
        'did you mean labels? Rename it so, or remove it',
      ],
      ['metadata.name', `"Area1" ${KUBERNETES_NAME}`, OF_THAT_FORM],
      [
        'metadata.namespace',
        '"a.b" is not the name of a Kubernetes namespace: lower-case letters, digits and ' +
          'hyphens, and a letter or digit at both ends',
        'remove it, or name a Kubernetes namespace',
      ],
    ],
  },
  {
    what: 'texts of another form',
    kind: 'Client',
    spec: {
      namespaceRef: { name: 'x' },
      authentication: {
        certificateSubject: { commonName: 'a', countryCode: 'U1' },
        certificateThumbprint: { primary: 'ab:cd' },
      },
    },
    violations: [
      [
        'spec.authentication.certificateSubject.countryCode',
        '"U1" is not a country code, which has two letters (X.520)',
        'state the two letters that the certificate has as C',
      ],
      [
        'spec.authentication.certificateThumbprint.primary',
        '"ab:cd" is not a thumbprint: it has 40 (SHA-1) or 64 (SHA-256) hexadecimal digits, with ' +
          'or without colons',
        'take it from: openssl x509 -noout -fingerprint -sha256 -in CERTIFICATE',
      ],
    ],
  },
  {
    what: 'a URL of another form, without repeating it',
    kind: 'EventSubscription',
    spec: {
      topicRef: { name: 'x' },
      destination: { webhook: { url: 'ftp://user:secret@example.com' } },
    },
    violations: [
      [
        'spec.destination.webhook.url',
        'is not an http or https URL',
        'state the URL that takes the events, such as https://events.example.com/mqtt',
      ],
    ],
  },
];

suite('a manifest is refused in words, all its faults at once, for', () => {
  for (const { what, kind, spec, document = manifest(kind, spec), violations } of REFUSALS) {
    test(what, () => {
      const found = validateShape(kind, document).map(({ field, message, remedy }) => {
        return [printFieldPath(field), message, remedy];
      });
      assert.deepEqual(found, violations);
    });
  }
});

type Path = readonly (string | number)[];

/** A copy of `value` with what is at `path` replaced; undefined removes it. */
function replacedAt(value: unknown, [step, ...rest]: Path, replacement: unknown): unknown {
  if (step === undefined) return replacement;
  const inner = (value as Record<string | number, unknown>)[step];
  const replaced = replacedAt(inner, rest, replacement);
  if (Array.isArray(value)) return value.with(Number(step), replaced);
  const fields = Object.entries({ ...(value as Fields), [step]: replaced });
  return Object.fromEntries(fields.filter(([, field]) => field !== undefined));
}

/** Values that a field with this schema refuses. */
function wrongValues(schema: Schema): unknown[] {
  const isIntOrString = schema['x-kubernetes-int-or-string'] === true;
  const types: unknown[] = [null, true, 0.5, 'text', [], {}];
  const isRight = (value: unknown): boolean => {
    if (schema.type === 'boolean') return value === true;
    if (schema.type === 'string' || isIntOrString) return value === 'text';
    if (schema.type === 'array') return Array.isArray(value);
    return (
      schema.type === 'object' &&
      typeof value === 'object' &&
      value !== null &&
      !Array.isArray(value)
    );
  };
  const beyond = [
    schema.minimum !== undefined && schema.minimum - 1,
    schema.maximum !== undefined && schema.maximum + 1,
    schema.maxLength !== undefined && 'a'.repeat(schema.maxLength + 1),
    schema.minLength !== undefined && '',
    schema.enum && 'Neither',
    schema.pattern && 'n{o}n/e s:u"c"h',
  ];
  return [...types.filter((value) => !isRight(value)), ...beyond.filter((value) => value)];
}

function mutantsOf(schema: Schema, value: unknown, path: Path): [Path, unknown][] {
  const isOpen = schema['x-kubernetes-preserve-unknown-fields'] === true;
  if (isOpen && schema.type === undefined) return [];
  const own = wrongValues(schema).map((wrong): [Path, unknown] => [path, wrong]);
  const { items, properties = {}, additionalProperties } = schema;
  if (Array.isArray(value)) {
    return [...own, ...value.flatMap((entry, i) => mutantsOf(items ?? {}, entry, [...path, i]))];
  }
  if (typeof value !== 'object' || value === null || isOpen) return own;
  const stranger: [Path, unknown][] = additionalProperties ? [] : [[[...path, 'zzzzzz'], 1]];
  const required = (schema.required ?? []).map((name): [Path, unknown] => [
    [...path, name],
    undefined,
  ]);
  const fields = Object.entries(value as Fields).flatMap(([name, field]) =>
    mutantsOf(properties[name] ?? additionalProperties ?? {}, field, [...path, name]),
  );
  return [...own, ...stranger, ...required, ...fields];
}

suite('each single fault is found where it is, and nothing else', () => {
  for (const kind of KINDS) {
    test(`in a ${kind}`, () => {
      const schema = schemaOf(kind).properties?.['spec'] ?? {};
      const valid = manifest(kind, COMPLETE_SPECS[kind]);
      const mutants = mutantsOf(schema, COMPLETE_SPECS[kind], ['spec']);
      assert.ok(mutants.length > 20);
      for (const [path, wrong] of mutants) {
        const violations = validateShape(kind, replacedAt(valid, path, wrong));
        const fields = new Set(violations.map(({ field }) => field.slice(0, path.length).join()));
        assert.deepEqual([...fields], [path.join()], JSON.stringify([path, wrong]));
      }
    });
  }
});

test('any document gets an answer, with one violation a field, in the same order', () => {
  const anything = fc.anything({ withNullPrototype: false, maxDepth: 3 });
  const document = fc.oneof(
    anything,
    fc.record({ apiVersion: fc.constant(API_VERSION), metadata: anything, spec: anything }),
    fc.dictionary(fc.constantFrom('spec', 'metadata', 'kind', '__proto__', 'a/b~c'), anything),
  );
  fc.assert(
    fc.property(fc.constantFrom(...KINDS), document, (kind, document) => {
      const violations = validateShape(kind, document);
      assert.ok(violations.length > 0);
      assert.deepEqual(validateShape(kind, document), violations);
      assert.equal(
        new Set(violations.map(({ field }) => JSON.stringify(field))).size,
        violations.length,
      );
      for (const violation of violations) assert.ok(printViolation(violation).isWellFormed());
    }),
  );
});

test('a hostile manifest gets a bounded answer, in the order of its entries', () => {
  const topicTemplates = Array.from({ length: 5000 }, () => 5);
  const violations = validateShape(
    'TopicSpace',
    manifest('TopicSpace', { ...SPACE, topicTemplates }),
  );
  assert.equal(violations.length, 100);
  assert.deepEqual(violations[0]?.field, ['spec', 'topicTemplates']);
  assert.deepEqual(violations[12]?.field, ['spec', 'topicTemplates', 11]);
  assert.equal(violations.at(-1)?.message, 'has 4902 more faults of this sort');
});
