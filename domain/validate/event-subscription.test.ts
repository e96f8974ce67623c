import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { printViolation } from '../violation.ts';
import { validateEventSubscription } from './event-subscription.ts';

const FILE = { file: { path: 'events.jsonl' } };

function judge(changed: object): ReturnType<typeof validateEventSubscription> {
  const spec = { topicRef: { name: 'events' }, destination: FILE, ...changed };
  return validateEventSubscription({
    kind: 'EventSubscription',
    metadata: { name: 'one', namespace: 'default', creationTimestamp: '' },
    spec: spec,
  });
}

function faultsOf(changed: object): readonly string[] {
  const result = judge(changed);
  if (result.ok) return [];
  for (const { reason, field } of result.fault) {
    const ofFilter = field[1] === 'filter' && !/^Invalid(?:Filter|Shape)$/.test(reason);
    assert.ok(!ofFilter, reason);
  }
  return result.fault.map((violation) => printViolation(violation).replace(/^spec\./, ''));
}

function faultsOfFilter(...advancedFilters: readonly unknown[]): readonly string[] {
  return faultsOf({ filter: { advancedFilters } }).map((fault) =>
    fault.replace(/^filter\.advancedFilters(?:\[0\]\.)?/, ''),
  );
}

function subscriptionOf(changed: object): object {
  const result = judge(changed);
  assert.ok(result.ok);
  return result.value.subscription;
}

suite('a valid EventSubscription', () => {
  test('by itself delivers everything, up to 30 times and for a day', () => {
    assert.deepEqual(judge({}), {
      ok: true,
      value: {
        topic: 'events',
        subscription: {
          name: 'one',
          filter: {},
          destination: FILE,
          maxDeliveryAttempts: 30,
          eventTimeToLiveMs: 86_400_000,
        },
      },
    });
  });

  test('has what it states', () => {
    const filter = {
      subjectBeginsWith: 'a',
      isSubjectCaseSensitive: true,
      includedEventTypes: ['x'],
      advancedFilters: [{ operatorType: 'NumberInRange', key: 'data.a', values: [[1, 1]] }],
    };
    const stated = {
      filter,
      deadLetter: { webhook: { url: 'http://[::1]:80/?code=x%20y' } },
      destination: { kafka: { brokers: ['kafka:65535', '[fd00::1]:1'], topic: 'a.b_c-D' } },
      retryPolicy: { maxDeliveryAttempts: 1, eventTimeToLiveInMinutes: 2 },
    };
    assert.deepEqual(subscriptionOf(stated), {
      name: 'one',
      filter,
      destination: stated.destination,
      maxDeliveryAttempts: 1,
      eventTimeToLiveMs: 120_000,
      deadLetter: stated.deadLetter,
    });
  });

  test('is the same for filters that mean the same', () => {
    const empty = { subjectBeginsWith: '', subjectEndsWith: '', isSubjectCaseSensitive: true };
    for (const filter of [
      undefined,
      { ...empty, includedEventTypes: [], advancedFilters: [] },
      { includedEventTypes: ['All', 'x'] },
      { isSubjectCaseSensitive: false },
    ]) {
      assert.deepEqual(subscriptionOf({ filter }), subscriptionOf({}));
    }
    const withMore = { operatorType: 'IsNotNull', key: 'id', colour: 'red', constructor: 1 };
    const { filter } = subscriptionOf({ filter: { advancedFilters: [withMore] } }) as {
      filter: unknown;
    };
    assert.deepEqual(filter, { advancedFilters: [{ operatorType: 'IsNotNull', key: 'id' }] });
  });

  test('may use every bound to its end', () => {
    const one = {
      operatorType: 'StringIn',
      key: `data${'.a'.repeat(16)}`,
      values: ['😀'.repeat(512)],
    };
    const filter = {
      subjectBeginsWith: '😀'.repeat(1024),
      includedEventTypes: Array.from({ length: 100 }, () => 'a'.repeat(256)),
      advancedFilters: Array.from({ length: 25 }, () => one),
    };
    assert.deepEqual(faultsOf({ filter }), []);
    assert.deepEqual(faultsOfFilter({ ...one, values: Array.from({ length: 25 }, () => '') }), []);
    const ranges = [[-(2 ** 53 - 1), 2 ** 53 - 1]];
    assert.deepEqual(
      faultsOfFilter({ operatorType: 'NumberNotInRange', key: 'A1', values: ranges }),
      [],
    );
  });
});

const ON_ID = { key: 'id' };
const OPERATORS =
  'state one of NumberLessThan, NumberGreaterThan, NumberLessThanOrEquals, ' +
  'NumberGreaterThanOrEquals, NumberIn, NumberNotIn, NumberInRange, NumberNotInRange, ' +
  'BoolEquals, StringIn, StringNotIn, StringBeginsWith, StringNotBeginsWith, StringEndsWith, ' +
  'StringNotEndsWith, StringContains, StringNotContains, IsNullOrUndefined or IsNotNull';
const EXAMPLE = 'state the value that is compared, such as subject or data.Temp';
const TO_BE_RIGHT = 'write subject, type, source, another attribute, or data.<member>';

const REFUSALS: readonly (readonly [what: string, filter: unknown, ...faults: string[]])[] = [
  ['that is empty', {}, `operatorType: is missing; ${OPERATORS}`, `key: is missing; ${EXAMPLE}`],
  [
    'with a misspelt operator',
    { ...ON_ID, operatorType: 'stringbeginwith', values: ['a'] },
    'operatorType: is "stringbeginwith", which Event Grid has no operator of; ' +
      `did you mean "StringBeginsWith"? ${OPERATORS}`,
  ],
  [
    'with an operator that every object has',
    { ...ON_ID, operatorType: 'constructor' },
    `operatorType: is "constructor", which Event Grid has no operator of; ${OPERATORS}`,
  ],
  [
    'with values for one value',
    { ...ON_ID, operatorType: 'NumberGreaterThan', values: [1] },
    'values: is stated, but NumberGreaterThan compares with what is in value; ' +
      'rename it to value, and state a number',
  ],
  [
    'with a value for values',
    { ...ON_ID, operatorType: 'StringIn', value: 'a' },
    'value: is stated, but StringIn compares with what is in values; ' +
      'rename it to values, and state a list of strings',
  ],
  [
    'with both for none',
    { ...ON_ID, operatorType: 'IsNotNull', value: false, values: [] },
    'value: is stated, but IsNotNull compares with nothing; remove it',
    'values: is stated, but IsNotNull compares with nothing; remove it',
  ],
  [
    'with nothing to compare with',
    { ...ON_ID, operatorType: 'BoolEquals' },
    'value: is missing; state true or false',
  ],
  [
    'with a string for a number',
    { ...ON_ID, operatorType: 'NumberLessThan', value: '5' },
    'value: is a string, but must be a number; make it a number',
  ],
  [
    'with null for a number',
    { ...ON_ID, operatorType: 'NumberLessThan', value: null },
    'value: is null, but must be a number; make it a number',
  ],
  [
    'with no number at all',
    { ...ON_ID, operatorType: 'NumberLessThan', value: NaN },
    'value: is the number NaN, which no event can hold; state a number within 2^53-1 either way',
  ],
  [
    'with a number that was rounded',
    { ...ON_ID, operatorType: 'NumberIn', values: [1, 2 ** 53] },
    'values[1]: is the number 9007199254740992, which cannot be told from its neighbours; ' +
      'state a number within 2^53-1 either way',
  ],
  [
    'with a word for a boolean',
    { ...ON_ID, operatorType: 'BoolEquals', value: 'yes' },
    'value: is a string, but must be true or false; make it true or false',
  ],
  [
    'with a number among strings',
    { ...ON_ID, operatorType: 'StringIn', values: ['a', 5, ['b']] },
    'values[1]: is the number 5, but must be a string; put the value in quotes',
    'values[2]: is a list, but must be a string; make it a string',
  ],
  [
    'with no list',
    { ...ON_ID, operatorType: 'StringIn', values: 'a' },
    'values: is a string, but must be a list; state a list of strings',
  ],
  [
    'with an empty list',
    { ...ON_ID, operatorType: 'StringIn', values: [] },
    'values: is empty; state at least one value',
  ],
  [
    'with too many values',
    { ...ON_ID, operatorType: 'NumberIn', values: Array.from({ length: 26 }, () => 0) },
    "values: has 26 values; Event Grid's limit is 25; " +
      'declare another EventSubscription for some of them',
  ],
  [
    'with a long string',
    { ...ON_ID, operatorType: 'StringIn', values: ['a'.repeat(513)] },
    'values[0]: has 513 characters; the limit is 512; shorten it to 512 characters',
  ],
  [
    'with ranges that are none',
    { ...ON_ID, operatorType: 'NumberInRange', values: [1, [1], [1, 2, 3], [1, 'a'], [2, 1]] },
    'values[0]: is the number 1, but must be a range, [LOW, HIGH]; make it a range, [LOW, HIGH]',
    'values[1]: is a list, but must be a range, [LOW, HIGH]; make it a range, [LOW, HIGH]',
    'values[2]: is a list, but must be a range, [LOW, HIGH]; make it a range, [LOW, HIGH]',
    'values[3][1]: is a string, but must be a number; make it a number',
    'values[4]: goes from 2 to 1, so that no number is within it; make it [1, 2]',
  ],
  ...(
    [
      [
        'data_base64',
        '"data_base64" is no attribute\'s name, which has letters and digits only',
        TO_BE_RIGHT,
      ],
      ['', '"" is no attribute\'s name, which has letters and digits only', TO_BE_RIGHT],
      ['Größe', '"Größe" is no attribute\'s name, which has letters and digits only', TO_BE_RIGHT],
      ['data.', '"data." has an empty part', 'write names with one dot between two of them'],
      [
        'data.a..b',
        '"data.a..b" has an empty part',
        'write names with one dot between two of them',
      ],
      [
        `data${'.a'.repeat(17)}`,
        'goes 17 levels into the data; the limit is 16',
        'let clients publish what is filtered on further up',
      ],
      [
        'subject.a',
        '"subject.a" has a part behind "subject", but only data has parts',
        'write "data.subject.a", or an attribute\'s name',
      ],
      [
        'EventType',
        '"EventType" is a field of Event Grid\'s own schema; these are CloudEvents',
        'write type',
      ],
      [
        'a'.repeat(513),
        'has more than 512 characters',
        'name a member of the data that has a shorter name',
      ],
    ] as const
  ).map(([key, message, remedy]): [string, unknown, string] => [
    `with the key ${key.slice(0, 20)}`,
    { operatorType: 'IsNotNull', key },
    `key: ${message}; ${remedy}`,
  ]),
];

suite('an advanced filter is refused', () => {
  for (const [what, filter, ...faults] of REFUSALS) {
    test(what, () => {
      assert.deepEqual(faultsOfFilter(filter), faults);
    });
  }

  test('that is no object, or beyond the 25th', () => {
    assert.deepEqual(
      faultsOfFilter('a'),
      ['[0]: is a string, but must be an object; make it an object'].map((text) =>
        text.replace('[0]', 'filter.advancedFilters[0]').replace(/^filter\.advancedFilters/, ''),
      ),
    );
    const one = { operatorType: 'IsNotNull', key: 'id' };
    assert.deepEqual(faultsOfFilter(...Array.from({ length: 26 }, () => one)), [
      ": has 26 filters; Event Grid's limit is 25; " +
        'declare another EventSubscription for some of them',
    ]);
  });

  test('for the values of all of them together', () => {
    const values = Array.from({ length: 13 }, () => 1);
    const two = { operatorType: 'NumberIn', key: 'id', values };
    assert.deepEqual(faultsOfFilter(two, two), [
      ": compare with 26 values together; Event Grid's limit for one subscription is 25; " +
        'declare another EventSubscription for some of the values',
    ]);
  });
});

suite('the rest of a filter is refused', () => {
  test('where it is too long, or of another type', () => {
    const types = ['', 'a'.repeat(257)];
    assert.deepEqual(
      faultsOf({ filter: { subjectEndsWith: 'a'.repeat(1025), includedEventTypes: types } }),
      [
        'filter.subjectEndsWith: has 1025 characters; the limit is 1024; ' +
          'shorten it to 1024 characters',
        "filter.includedEventTypes[0]: is empty; state a CloudEvent's type, or remove it",
        'filter.includedEventTypes[1]: has 257 characters; the limit is 256; ' +
          'shorten it to 256 characters',
      ],
    );
    const many = Array.from({ length: 101 }, () => 'a');
    assert.deepEqual(faultsOf({ filter: { includedEventTypes: many } }), [
      'filter.includedEventTypes: has 101 types; the limit is 100; ' +
        'leave it out to include all, or filter on type with StringBeginsWith',
    ]);
    assert.deepEqual(faultsOf({ filter: { isSubjectCaseSensitive: 'yes' } }), [
      'filter.isSubjectCaseSensitive: is a string, but must be true or false; ' +
        'make it true or false',
    ]);
  });
});

const NO_URL =
  'url: is not an http or https URL; ' +
  'state the URL that takes the events, such as https://events.example.com/mqtt';
const NO_BROKER =
  'brokers[0]: is not a host and port; write it as HOST:PORT, such as kafka-0.kafka:9092';
const PASSWORD =
  'url: holds a user name or a password, which whoever may read this object would read; ' +
  'remove it, put it into the authorization of a Secret, and name that as authSecretName';
const NO_PATH =
  'path: is not a path, which has 1 to 4096 printable characters; ' +
  'state the path of a file, such as events.jsonl';

const DESTINATIONS: readonly (readonly [object, string])[] = [
  ...[
    '',
    'x',
    'ftp://a',
    'https://',
    'https://a b',
    ' https://a',
    'https://a\n',
    `https://a/${'a'.repeat(2048)}`,
    'https://a:99999',
  ].map((url) => [{ webhook: { url } }, `webhook.${NO_URL}`] as const),
  ...['https://user:password@a', 'https://token@a/x', 'http://:x@a'].map(
    (url) => [{ webhook: { url } }, `webhook.${PASSWORD}`] as const,
  ),
  ...[
    'kafka',
    'kafka:',
    ':9092',
    'kafka:x',
    'user:x@kafka:9092',
    'http://kafka:9092',
    '[::1]',
    'a:123456',
  ].map((broker) => [{ kafka: { brokers: [broker], topic: 'a' } }, `kafka.${NO_BROKER}`] as const),
  [
    { kafka: { brokers: ['a:0'], topic: 'a' } },
    'kafka.brokers[0]: has port 0, but there are 1 to 65535; ' +
      'write it as HOST:PORT, such as kafka-0.kafka:9092',
  ],
  [
    { kafka: { brokers: Array.from({ length: 101 }, () => 'a:1'), topic: 'a' } },
    'kafka.brokers: has 101 brokers; the limit is 100; keep a few: they tell of the others',
  ],
  ...['', '.', '..', 'a/b', 'a'.repeat(250)].map(
    (topic) =>
      [
        { kafka: { brokers: ['a:1'], topic } },
        'kafka.topic: is not the name of a Kafka topic, which has at most 249 letters, digits, ' +
          'dots, underscores and hyphens, and is not "." or ".."; write the name of a Kafka topic',
      ] as const,
  ),
  ...['', 'a\0', 'a\nb', 'a'.repeat(4097)].map(
    (path) => [{ file: { path } }, `file.${NO_PATH}`] as const,
  ),
  ...['..', '../a', '/a/../b', 'a/..'].map(
    (path) =>
      [
        { file: { path } },
        'file.path: holds "..", which leads out of the folder that it seems to be in; ' +
          'write the path without it',
      ] as const,
  ),
  ...['/', 'a/', '.', 'a/.'].map(
    (path) =>
      [{ file: { path } }, 'file.path: is the path of a folder; add the name of a file'] as const,
  ),
  [{}, ': names no destination; state one of webhook, kafka and file'],
  [
    { webhook: { url: 'https://a', maxEventsPerBatch: 5001 } },
    'webhook.maxEventsPerBatch: is the number 5001, but must be from 1 to 5000; ' +
      'set it to an integer from 1 to 5000',
  ],
  [
    { webhook: { url: 'https://a', authSecretName: '../a' } },
    'webhook.authSecretName: is not the name of a Kubernetes Secret; ' +
      'name a Secret by metadata.name',
  ],
  [
    { kafka: { brokers: ['a:1'], topic: 'a', tls: { caSecretName: 'a/b' } } },
    'kafka.tls.caSecretName: is not the name of a Kubernetes Secret; ' +
      'name a Secret by metadata.name',
  ],
];

suite('a destination is refused, and a dead letter as well:', () => {
  for (const [destination, fault] of DESTINATIONS) {
    test(JSON.stringify(destination).slice(0, 70), () => {
      const [own, other] = [{ destination }, { deadLetter: destination }].map((changed) =>
        faultsOf(changed).map((text) => text.replace(/^(?:destination|deadLetter)\.?/, '')),
      );
      assert.deepEqual(own, [fault]);
      assert.deepEqual(other, [fault]);
    });
  }

  test('paths that look odd and are none of it are taken', () => {
    for (const path of [
      '/var/lib/events.jsonl',
      'a/b',
      '..a',
      'a..',
      '...',
      './a',
      'Größe.jsonl',
    ]) {
      assert.deepEqual(faultsOf({ destination: { file: { path } } }), [], path);
    }
  });
});

test('a retry policy has the bounds of the schema', () => {
  assert.deepEqual(
    faultsOf({ retryPolicy: { maxDeliveryAttempts: 31, eventTimeToLiveInMinutes: 0 } }),
    [
      'retryPolicy.maxDeliveryAttempts: is the number 31, but must be from 1 to 30; ' +
        'set it to an integer from 1 to 30',
      'retryPolicy.eventTimeToLiveInMinutes: is the number 0, but must be from 1 to 1440; ' +
        'set it to an integer from 1 to 1440',
    ],
  );
});
