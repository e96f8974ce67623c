/** The custom resource definitions, held against Kubernetes' conventions and against `domain/`. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { parse } from 'yaml';
import {
  ADVANCED_FILTERS_MAX,
  DATA_KEY_DEPTH_MAX,
  EVENT_TYPE_LENGTH_MAX,
  EVENT_TYPES_MAX,
  FILTER_KEY_LENGTH_MAX,
  FILTER_VALUES_MAX,
  SUBJECT_PART_LENGTH_MAX,
} from '../domain/event-filter/bounds.ts';
import { OPERATOR_TYPES } from '../domain/event-filter/operators.ts';
import {
  WEBHOOK_BATCH_EVENTS_MAX,
  WEBHOOK_BATCH_KILOBYTES_MAX,
} from '../domain/validate/destination.ts';
import {
  DELIVERY_ATTEMPTS_MAX,
  EVENT_TIME_TO_LIVE_MINUTES_MAX,
} from '../domain/validate/event-subscription.ts';
import {
  ENCODED_CERTIFICATE_BYTES_MAX,
  GROUP_QUERY_BYTES_MAX,
  LIMIT_NAMES,
  LIMIT_RULES,
  TOPIC_TEMPLATE_BYTES_MAX,
} from '../domain/limits.ts';
import { NAME_RULES } from '../domain/names.ts';
import {
  IMMUTABLE_FIELDS,
  KINDS,
  type Kind,
  type NamedKind,
  type Permission,
  type SubscriptionSupport,
} from '../domain/resources.ts';
import { COMPLETE_SPECS } from '../test/support/complete-specs.ts';
import { CRDS, KINDS_BY_NAME, readDefinition, schemaOf, type Schema } from './definitions.ts';
import { isKnownPattern } from './patterns.ts';

/** What is not in `CustomResource`, because only a cluster reads it. */
interface Definition {
  readonly spec: {
    readonly versions: readonly [
      {
        readonly name: string;
        readonly served: boolean;
        readonly storage: boolean;
        readonly subresources: {
          readonly status: object;
          readonly scale?: Readonly<Record<string, string>>;
        };
      },
    ];
  };
}

interface Node {
  /** `spec.topicTemplates[]`; `{}` stands for any key. */
  readonly path: string;
  readonly schema: Schema;
}

function walk(schema: Schema, path: string): Node[] {
  const below = (step: string): string => (path === '' ? step : `${path}.${step}`);
  return [
    { path, schema },
    ...Object.entries(schema.properties ?? {}).flatMap(([name, field]) => walk(field, below(name))),
    ...(schema.items ? walk(schema.items, `${path}[]`) : []),
    ...(schema.additionalProperties ? walk(schema.additionalProperties, `${path}{}`) : []),
  ];
}

function nodesOf(kind: Kind): Node[] {
  return walk(schemaOf(kind), '').filter(({ path }) => path !== 'metadata');
}

/** A number, a boolean, a string or a range: a structural schema cannot say so. */
function isOpenValue(path: string): boolean {
  return /^spec\.filter\.advancedFilters\[\]\.value(?:s\[\])?$/.test(path);
}

function isBounded(schema: Schema, path: string): boolean {
  switch (schema.type) {
    case 'object':
      return (schema.properties ?? schema.maxProperties) !== undefined;
    case 'array':
      return schema.maxItems !== undefined;
    case 'integer':
      return isBoundedInteger(schema, path);
    case 'boolean':
      return true;
    default:
      return (schema.enum ?? schema.maxLength) !== undefined;
  }
}

function isBoundedInteger({ minimum, maximum, format = '' }: Schema, path: string): boolean {
  // A status counts what is there.
  const isBelow = maximum !== undefined || path.startsWith('status');
  return isBelow && minimum !== undefined && /^int(?:32|64)$/.test(format);
}

function at(kind: Kind, path: string): Schema {
  const node = walk(schemaOf(kind), '').find((node) => node.path === path);
  assert.ok(node, `${kind} has no ${path}`);
  return node.schema;
}

const NAMED_KINDS = Object.keys(NAME_RULES) as NamedKind[];

const NAMES: { readonly [K in Kind]: readonly [plural: string, shortName: string] } = {
  MqttNamespace: ['mqttnamespaces', 'mqns'],
  CaCertificate: ['cacertificates', 'mqca'],
  Client: ['clients', 'mqc'],
  ClientGroup: ['clientgroups', 'mqcg'],
  TopicSpace: ['topicspaces', 'mqts'],
  PermissionBinding: ['permissionbindings', 'mqpb'],
  EventTopic: ['eventtopics', 'mqet'],
  EventSubscription: ['eventsubscriptions', 'mqes'],
};

for (const kind of KINDS) {
  suite(`the definition of ${kind}`, () => {
    test('names the kind as the design does', () => {
      const [plural, shortName] = NAMES[kind];
      const { versions, ...spec } = (parse(readDefinition(kind)) as Definition).spec;
      assert.deepEqual(parse(readDefinition(kind)), {
        apiVersion: 'apiextensions.k8s.io/v1',
        kind: 'CustomResourceDefinition',
        metadata: { name: `${plural}.mqttgrid.io` },
        spec: { ...spec, versions },
      });
      assert.deepEqual(spec, {
        group: 'mqttgrid.io',
        scope: 'Namespaced',
        names: {
          kind,
          listKind: `${kind}List`,
          plural,
          singular: kind.toLowerCase(),
          shortNames: [shortName],
          categories: ['mqttgrid'],
        },
      });
    });

    test('has one version, with the status and, where there are replicas, the scale apart', () => {
      const { versions } = (parse(readDefinition(kind)) as Definition).spec;
      assert.equal(versions.length, 1);
      const { name, served, storage, subresources } = versions[0];
      assert.deepEqual({ name, served, storage }, { name: 'v1', served: true, storage: true });
      const { scale, ...rest } = subresources;
      assert.deepEqual(rest, { status: {} });
      assert.equal(scale !== undefined, kind === 'MqttNamespace');
      for (const path of Object.values(scale ?? {})) at(kind, path.slice(1));
    });

    test('describes every field for kubectl explain', () => {
      for (const { path, schema } of nodesOf(kind)) {
        const { description = '' } = schema;
        assert.match(description, /^\S.*\.$/, path);
        assert.ok(description.length <= 400, path);
      }
    });

    test('is structural: every node has one type and says what it holds', () => {
      for (const { path, schema } of nodesOf(kind)) {
        const isIntOrString = schema['x-kubernetes-int-or-string'] === true;
        assert.equal(schema.type === undefined, isIntOrString || isOpenValue(path), path);
        const holds = [
          schema.properties,
          schema.additionalProperties,
          schema['x-kubernetes-preserve-unknown-fields'],
        ].filter((part) => part !== undefined);
        assert.equal(holds.length, schema.type === 'object' || isOpenValue(path) ? 1 : 0, path);
        assert.equal(schema.items !== undefined, schema.type === 'array', path);
        for (const name of schema.required ?? []) assert.ok(schema.properties?.[name], path);
      }
    });

    test('bounds every string, list, map and integer', () => {
      for (const { path, schema } of nodesOf(kind)) {
        assert.ok(isOpenValue(path) || isBounded(schema, path), path);
      }
    });

    test('keeps to the conventions for names', () => {
      for (const { path, schema } of nodesOf(kind)) {
        const name = path.split('.').at(-1) ?? '';
        assert.doesNotMatch(name, /phase|timestamp$|Id$|Reference$|Secret$/i, path);
        if (path !== '') assert.match(name, /^[a-z][A-Za-z]*(?:\[\]|\{\})?$/, path);
        const isReference = Object.keys(schema.properties ?? {}).join() === 'name';
        assert.equal(isReference, name.endsWith('Ref'), path);
        for (const value of schema.enum ?? []) assert.match(value, /^[A-Z][A-Za-z0-9_]*$/, path);
      }
    });

    test('has defaults that its own schema admits', () => {
      for (const { path, schema } of nodesOf(kind)) {
        const { default: standard, enum: words, type } = schema;
        if (standard === undefined || path === 'status') continue;
        if (words) assert.ok(typeof standard === 'string' && words.includes(standard), path);
        else assert.equal(typeof standard, type?.replace('integer', 'number'), path);
      }
    });

    test('uses no pattern that Kubernetes cannot run, or that messages cannot name', () => {
      for (const { path, schema } of nodesOf(kind)) {
        if (schema.pattern === undefined) continue;
        assert.match(schema.pattern, /^\^.*\$$/, path);
        assert.doesNotMatch(schema.pattern, /\(\?[=!<]|\\[1-9]/, path);
        // What the operator writes is not checked here; names have words of their own.
        const isOther = path.startsWith('status') || /^spec\.\w*[nN]ame$/.test(path);
        assert.ok(isOther || isKnownPattern(schema.pattern), path);
      }
    });

    test('has a status as kstatus and kubectl wait read it', () => {
      const status = at(kind, 'status');
      assert.deepEqual(status.default, { observedGeneration: -1 });
      assert.equal(at(kind, 'status.observedGeneration').minimum, -1);
      const conditions = at(kind, 'status.conditions');
      assert.deepEqual(conditions, at('MqttNamespace', 'status.conditions'));
      assert.equal(conditions['x-kubernetes-list-type'], 'map');
      assert.deepEqual(conditions['x-kubernetes-list-map-keys'], ['type']);
      assert.deepEqual(Object.keys(conditions.items?.properties ?? {}).sort(), [
        'lastTransitionTime',
        'message',
        'observedGeneration',
        'reason',
        'status',
        'type',
      ]);
    });

    test('prints Ready and Reason first, the age, and the message when wide', () => {
      const columns = CRDS.get(kind)?.printerColumns ?? [];
      const names = columns.map(({ name }) => name);
      assert.deepEqual(names.slice(0, 2), ['Ready', 'Reason']);
      assert.deepEqual(names.slice(-2), ['Age', 'Message']);
      assert.equal(new Set(names).size, names.length);
      assert.equal(columns.at(-1)?.priority, 1);
      for (const { name, jsonPath } of columns) {
        if (name === 'Age') continue;
        const path = jsonPath.slice(1).replace(/\[[^\]]*\]/g, '[]');
        const schema = at(kind, path);
        assert.ok(schema.type !== 'object', name);
      }
    });

    test('has the fields of the type in domain/resources.ts, and no others', () => {
      const declared = nodesOf(kind)
        .filter(({ path, schema }) => path.startsWith('spec') && schema.properties !== undefined)
        .flatMap(({ path, schema }) =>
          Object.keys(schema.properties ?? {}).map((name) => `${path}.${name}`),
        );
      const open = nodesOf(kind)
        .filter(({ schema }) => schema.type === 'object' && schema.properties === undefined)
        .map(({ path }) => path);
      assert.deepEqual(fieldsOf(COMPLETE_SPECS[kind], 'spec', open).sort(), declared.sort());
    });

    test('refuses a change of every immutable field, and of no other', () => {
      const rules = nodesOf(kind).flatMap(({ path, schema }) =>
        (schema['x-kubernetes-validations'] ?? [])
          .filter(({ rule }) => rule.includes('oldSelf'))
          .map((rule) => ({ path, ...rule })),
      );
      const fields = rules.map(({ path, fieldPath = '' }) => `${path}${fieldPath}`);
      assert.deepEqual(
        fields.map((field) => field.replace(/^\./, '')).sort(),
        IMMUTABLE_FIELDS[kind].map((field) => `spec.${field}`).sort(),
      );
      for (const { message, reason, rule, path } of rules) {
        assert.equal(reason, 'FieldValueForbidden', path);
        assert.match(message, /^spec\.\w+ can.*, delete the object and create it anew$/);
        assert.equal(rule, IMMUTABILITY.get(message.split(' ')[0] ?? '') ?? 'self == oldSelf');
      }
    });
  });
}

/** An optional field's transition is its parent's rule: it can come and go. */
const IMMUTABILITY = new Map([
  [
    'spec.name',
    '(has(self.spec.name) ? self.spec.name : self.metadata.name) == ' +
      '(has(oldSelf.spec.name) ? oldSelf.spec.name : oldSelf.metadata.name)',
  ],
  [
    'spec.routeTopicRef',
    'has(self.routeTopicRef) == has(oldSelf.routeTopicRef) && ' +
      '(!has(self.routeTopicRef) || self.routeTopicRef == oldSelf.routeTopicRef)',
  ],
]);

function fieldsOf(value: unknown, path: string, open: readonly string[]): string[] {
  if (Array.isArray(value)) {
    return [...new Set(value.flatMap((entry) => fieldsOf(entry, `${path}[]`, open)))];
  }
  if (typeof value !== 'object' || value === null || open.includes(path)) return [];
  return Object.entries(value).flatMap(([name, field]) => {
    return [`${path}.${name}`, ...fieldsOf(field, `${path}.${name}`, open)];
  });
}

test('every name of every kind is its own', () => {
  assert.equal(KINDS_BY_NAME.size, KINDS.length * 3);
  assert.equal(KINDS_BY_NAME.get('clientgroup'), 'ClientGroup');
  assert.equal(KINDS_BY_NAME.get('clientgroups'), 'ClientGroup');
  assert.equal(KINDS_BY_NAME.get('mqcg'), 'ClientGroup');
});

suite('the bounds are those of domain/', () => {
  for (const kind of NAMED_KINDS) {
    test(`for the name of a ${kind}`, () => {
      const { lengthMin, lengthMax, characters } = NAME_RULES[kind];
      const { pattern, minLength, maxLength } = at(kind, 'spec.name');
      assert.deepEqual([pattern, minLength, maxLength], [`^${characters}+$`, lengthMin, lengthMax]);
    });
  }

  test('for the names in a PermissionBinding, where $all is a group', () => {
    const group = at('PermissionBinding', 'spec.clientGroupName');
    const space = at('PermissionBinding', 'spec.topicSpaceName');
    assert.equal(group.pattern, `^(\\$all|${NAME_RULES.ClientGroup.characters}+)$`);
    assert.equal(space.pattern, `^${NAME_RULES.TopicSpace.characters}+$`);
    for (const { minLength, maxLength } of [group, space]) {
      assert.deepEqual([minLength, maxLength], [3, 50]);
    }
  });

  test('for every limit, whose default is left to domain/', () => {
    const limits = at('MqttNamespace', 'spec.limits').properties ?? {};
    assert.deepEqual(Object.keys(limits), LIMIT_NAMES);
    for (const name of LIMIT_NAMES) {
      const { minimum, maximum, description, format, ...rest } = limits[name] ?? {};
      const rule = LIMIT_RULES[name];
      assert.deepEqual([minimum, maximum], [rule.minimum, rule.ceiling], name);
      assert.deepEqual(rest, { type: 'integer' }, name);
      assert.equal(format, rule.ceiling < 2 ** 31 ? 'int32' : 'int64', name);
      const numbers = `${rule.minimum} to ${rule.ceiling}; ${rule.default} where absent.`;
      assert.ok(description?.endsWith(numbers), name);
    }
  });

  test('for texts and lists', () => {
    const { maxItems } = at('TopicSpace', 'spec.topicTemplates');
    assert.equal(maxItems, LIMIT_RULES.topicTemplatesPerTopicSpace.ceiling);
    const texts: readonly [Kind, string, number][] = [
      ['TopicSpace', 'spec.topicTemplates[]', TOPIC_TEMPLATE_BYTES_MAX],
      ['ClientGroup', 'spec.query', GROUP_QUERY_BYTES_MAX],
      ['CaCertificate', 'spec.encodedCertificate', ENCODED_CERTIFICATE_BYTES_MAX],
    ];
    for (const [kind, path, bytes] of texts) assert.equal(at(kind, path).maxLength, bytes);
  });

  test('for event subscriptions', () => {
    const maxima: readonly [string, number][] = [
      ['filter.subjectBeginsWith', SUBJECT_PART_LENGTH_MAX],
      ['filter.subjectEndsWith', SUBJECT_PART_LENGTH_MAX],
      ['filter.includedEventTypes', EVENT_TYPES_MAX],
      ['filter.includedEventTypes[]', EVENT_TYPE_LENGTH_MAX],
      ['filter.advancedFilters', ADVANCED_FILTERS_MAX],
      ['filter.advancedFilters[].key', FILTER_KEY_LENGTH_MAX],
      ['filter.advancedFilters[].values', FILTER_VALUES_MAX],
      ['destination.webhook.maxEventsPerBatch', WEBHOOK_BATCH_EVENTS_MAX],
      ['destination.webhook.preferredBatchSizeInKilobytes', WEBHOOK_BATCH_KILOBYTES_MAX],
      ['retryPolicy.maxDeliveryAttempts', DELIVERY_ATTEMPTS_MAX],
      ['retryPolicy.eventTimeToLiveInMinutes', EVENT_TIME_TO_LIVE_MINUTES_MAX],
    ];
    for (const [path, bound] of maxima) {
      const { maximum, maxItems, maxLength } = at('EventSubscription', `spec.${path}`);
      assert.equal(maximum ?? maxItems ?? maxLength, bound, path);
    }
    const operators = at('EventSubscription', 'spec.filter.advancedFilters[].operatorType').enum;
    assert.deepEqual(operators, OPERATOR_TYPES);
    const { pattern = '' } = at('EventSubscription', 'spec.filter.advancedFilters[].key');
    assert.ok(pattern.includes(`{1,${DATA_KEY_DEPTH_MAX}}`));
  });

  test('for words', () => {
    const support: Record<SubscriptionSupport, 0> = {
      NotSupported: 0,
      LowFanout: 0,
      HighFanout: 0,
    };
    const permission: Record<Permission, 0> = { Publisher: 0, Subscriber: 0 };
    const words: readonly [Kind, string, readonly string[], string?][] = [
      ['TopicSpace', 'spec.subscriptionSupport', Object.keys(support)],
      ['PermissionBinding', 'spec.permission', Object.keys(permission)],
      ['Client', 'spec.state', ['Enabled', 'Disabled'], 'Enabled'],
      ['MqttNamespace', 'spec.profile', ['EventGridPreview', 'Full'], 'EventGridPreview'],
      ['EventTopic', 'spec.inputSchema', ['CloudEventSchemaV1_0'], 'CloudEventSchemaV1_0'],
      ['EventTopic', 'spec.outboxOverflow', ['DropOldest', 'RejectPublish'], 'DropOldest'],
    ];
    for (const [kind, path, allowed, standard] of words) {
      assert.deepEqual(at(kind, path).enum, allowed, path);
      assert.equal(at(kind, path).default, standard, path);
    }
  });
});

suite('exactly one of several is a CEL rule', () => {
  const cases: readonly [Kind, string, string][] = [
    [
      'Client',
      'spec.authentication',
      'has(self.certificateSubject) != has(self.certificateThumbprint)',
    ],
    ...['spec.destination', 'spec.deadLetter'].map((path): [Kind, string, string] => [
      'EventSubscription',
      path,
      '[has(self.webhook), has(self.kafka), has(self.file)].exists_one(x, x)',
    ]),
  ];
  for (const [kind, path, rule] of cases) {
    test(`for ${path} of a ${kind}`, () => {
      const [found, ...rest] = at(kind, path)['x-kubernetes-validations'] ?? [];
      assert.deepEqual([found?.rule, rest.length], [rule, 0]);
      assert.ok(found?.message.startsWith(`${path} has exactly one of`));
      for (const name of rule.matchAll(/self\.(\w+)/g)) at(kind, `${path}.${name[1]}`);
    });
  }
});
