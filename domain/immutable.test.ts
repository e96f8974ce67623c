import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { declare, withSpec } from '../test/support/resources.ts';
import { immutableViolations } from './immutable.ts';
import type { Resource } from './resources.ts';
import { printFieldPath } from './violation.ts';

function fields(before: Resource, after: Resource): string[] {
  return immutableViolations(before, after).map(({ field }) => printFieldPath(field));
}

suite('a change is refused', () => {
  const space = declare('TopicSpace', 'weather');
  const cases: [string, Resource, Resource, string[]][] = [
    ['of a name', space, declare('TopicSpace', 'weather', { name: 'other' }), ['spec.name']],
    [
      'of the owner and the subscription support at once',
      space,
      declare('TopicSpace', 'weather', {
        namespaceRef: { name: 'other' },
        subscriptionSupport: 'LowFanout',
      }),
      ['spec.namespaceRef', 'spec.subscriptionSupport'],
    ],
    [
      'of a route that is added later',
      declare('MqttNamespace', 'grid'),
      declare('MqttNamespace', 'grid', { routeTopicRef: { name: 'events' } }),
      ['spec.routeTopicRef'],
    ],
    [
      'of two long names that begin alike',
      declare('Client', 'a', { name: `${'x'.repeat(127)}1` }),
      declare('Client', 'a', { name: `${'x'.repeat(127)}2` }),
      ['spec.name'],
    ],
    ['of nothing', space, declare('TopicSpace', 'weather'), []],
    [
      'not of a name that states its default',
      space,
      declare('TopicSpace', 'weather', { name: 'weather' }),
      [],
    ],
    ['not of templates', space, declare('TopicSpace', 'weather', { topicTemplates: ['b'] }), []],
    ['not of a spec that is none', space, withSpec('TopicSpace', 'weather', null), []],
    [
      'not of an event topic',
      declare('EventTopic', 'a'),
      declare('EventTopic', 'a', { location: 'b' }),
      [],
    ],
  ];
  for (const [title, before, after, expected] of cases) {
    test(title, () => assert.deepEqual(fields(before, after), expected));
  }

  test('with both values', () => {
    const [violation] = immutableViolations(space, declare('TopicSpace', 'weather', { name: 'b' }));
    assert.equal(violation?.reason, 'Immutable');
    assert.match(violation.message, /was "weather" and is now "b"/);
  });
});
