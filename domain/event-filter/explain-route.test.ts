import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { SnapshotEventSubscription } from '../snapshot.ts';
import type { EventFilter } from './event-filter.ts';
import { explainRoute, type RoutedQuestion } from './explain-route.ts';

const QUESTION: RoutedQuestion = { topic: 'factory1/Area2/gps', source: 'Factory-1' };

function subscription(name: string, filter: EventFilter): SnapshotEventSubscription {
  const destination = { file: { path: 'events.jsonl' } };
  return { name, filter, destination, maxDeliveryAttempts: 30, eventTimeToLiveMs: 1 };
}

function answer(filter: EventFilter, question = QUESTION): readonly string[] {
  const [only] = explainRoute([subscription('one', filter)], question);
  assert.ok(only);
  return [
    only.verdict,
    ...only.conditions.map(({ outcome, condition }) => `${outcome}: ${condition}`),
  ];
}

const HOT = { operatorType: 'NumberGreaterThan', key: 'data.Temp', value: 100 } as const;

suite('an explanation of a route', () => {
  test('has each EventSubscription with its destination', () => {
    const webhook = { webhook: { url: 'https://a' } };
    const all = [{ ...subscription('a', {}), destination: webhook }, subscription('b', {})];
    assert.deepEqual(explainRoute(all, QUESTION), [
      { name: 'a', destination: 'webhook', verdict: 'Delivered', conditions: [] },
      { name: 'b', destination: 'file', verdict: 'Delivered', conditions: [] },
    ]);
  });

  test('says which condition decides', () => {
    const filter: EventFilter = {
      subjectBeginsWith: 'FACTORY1/',
      subjectEndsWith: 'temp',
      includedEventTypes: ['MQTT.EventPublished', 'x'],
    };
    assert.deepEqual(answer(filter), [
      'NotDelivered',
      'Satisfied: subject begins with "FACTORY1/"',
      'Unsatisfied: subject ends with "temp"',
      'Satisfied: type is "MQTT.EventPublished" or "x"',
    ]);
    const exact = { subjectBeginsWith: 'FACTORY1/', isSubjectCaseSensitive: true };
    assert.deepEqual(answer(exact), [
      'NotDelivered',
      'Unsatisfied: subject begins with "FACTORY1/", case included',
    ]);
  });

  test('depends on what only a message can tell', () => {
    const more = [
      HOT,
      { operatorType: 'StringIn', key: 'priority', values: ['1', 'a"b'] },
    ] as const;
    assert.deepEqual(answer({ subjectEndsWith: 'gps', advancedFilters: more }), [
      'Depends',
      'Satisfied: subject ends with "gps"',
      'Unknown: data.Temp > 100',
      'Unknown: priority is "1" or "a\\"b"',
    ]);
    assert.equal(answer({ subjectEndsWith: 'x', advancedFilters: more })[0], 'NotDelivered');
  });

  test('knows the data where a payload is given, an absent member included', () => {
    const withData = (value: unknown): RoutedQuestion => ({ ...QUESTION, data: { value } });
    const filter = { advancedFilters: [HOT] };
    assert.deepEqual(answer(filter, withData({ Temp: '101' }))[0], 'Delivered');
    assert.deepEqual(answer(filter, withData({ temp: '101' }))[0], 'NotDelivered');
    assert.deepEqual(answer(filter, withData(null))[0], 'NotDelivered');
  });

  test('knows the attributes that every routed message has', () => {
    for (const [key, text] of [
      ['mqttTopic', QUESTION.topic],
      ['source', 'factory-1'],
      ['specversion', '1.0'],
    ] as const) {
      const filter = {
        advancedFilters: [{ operatorType: 'StringIn', key, values: [text] }],
      } as const;
      assert.equal(answer(filter)[0], 'Delivered', key);
    }
  });

  test('has words for every sort of operand', () => {
    const words = (
      [
        {
          operatorType: 'NumberInRange',
          key: 'id',
          values: [
            [0, 1.5],
            [3, 4],
          ],
        },
        { operatorType: 'BoolEquals', key: 'id', value: true },
        { operatorType: 'IsNullOrUndefined', key: 'id' },
        { operatorType: 'StringNotContains', key: 'id', values: ['a', 'b'] },
      ] as const
    ).map((one) => answer({ advancedFilters: [one] })[1]);
    assert.deepEqual(words, [
      'Unknown: id is within [0,1.5] or [3,4]',
      'Unknown: id is true',
      'Unknown: id is null or absent',
      'Unknown: id does not contain "a" or "b"',
    ]);
  });
});
