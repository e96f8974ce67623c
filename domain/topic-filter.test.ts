import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { allFilters, allTopics, matchedTopics, patternOfFilter } from '../test/support/topics.ts';
import {
  checkTopicFilter,
  checkTopicName,
  filterContains,
  filterMatches,
  isSharedSubscription,
  splitLevels,
} from './topic-filter.ts';

const BYTES_MAX = 16;

suite('a topic name', () => {
  const valid = ['a', '/', 'a//b', ' ', '$SYS/x', 'é'.repeat(8), '__proto__', 'a\u0001', '😀'];
  for (const topic of valid) {
    test(`may be ${JSON.stringify(topic)}`, () => {
      assert.equal(checkTopicName(topic, BYTES_MAX), undefined);
    });
  }

  const invalid: readonly [string, RegExp][] = [
    ['', /is empty/],
    ['a\0b', /null character/],
    ['a\ud83d', /surrogate/],
    ['\ude00a', /surrogate/],
    ['a/+', /wildcard "\+"/],
    ['#', /wildcard "#"/],
    ['a#', /wildcard "#"/],
    ['a'.repeat(17), /has 17 bytes in UTF-8; the limit is 16/],
    ['é'.repeat(9), /has 18 bytes in UTF-8; the limit is 16/],
  ];
  for (const [topic, message] of invalid) {
    test(`may not be ${JSON.stringify(topic)}`, () => {
      const fault = checkTopicName(topic, BYTES_MAX);
      assert.match(fault?.message ?? 'accepted', message);
      assert.notEqual(fault?.remedy, '');
    });
  }
});

suite('a topic filter', () => {
  const valid = ['#', '+', '/', '/#', '+/+/#', 'a/+/b', 'a/#', '$SYS/#', '+/', '//#'];
  for (const filter of valid) {
    test(`may be ${filter}`, () => {
      assert.equal(checkTopicFilter(filter, BYTES_MAX), undefined);
    });
  }

  const invalid: readonly [string, RegExp][] = [
    ['', /is empty/],
    ['\0', /null character/],
    ['\udc00', /surrogate/],
    ['a#', /"#" stands for all remaining levels/],
    ['a/#b', /"#" stands/],
    ['#/a', /"#" stands/],
    ['a/#/', /"#" stands/],
    ['##', /"#" stands/],
    ['+#', /"#" stands/],
    ['a+', /"\+" stands for one whole level, so it cannot be a part of "a\+"/],
    ['a/+b/c', /a part of "\+b"/],
    ['++', /"\+" stands/],
    ['é'.repeat(9), /has 18 bytes in UTF-8; the limit is 16/],
  ];
  for (const [filter, message] of invalid) {
    test(`may not be ${JSON.stringify(filter)}`, () => {
      const fault = checkTopicFilter(filter, BYTES_MAX);
      assert.match(fault?.message ?? 'accepted', message);
      assert.notEqual(fault?.remedy, '');
    });
  }

  test('that begins with the level $share is a shared subscription, malformed or not', () => {
    for (const filter of ['$share', '$share/', '$share//x', '$share/+/x', '$share/g/x']) {
      assert.equal(isSharedSubscription(filter), true, filter);
    }
    for (const filter of ['$shared/g/x', 'a/$share/g', '$Share/g/x', ' $share/g/x', '$SYS/#']) {
      assert.equal(isSharedSubscription(filter), false, filter);
    }
  });

  test('is judged without an exception whatever a client sends', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const asName = checkTopicName(text, 64);
        const asFilter = checkTopicFilter(text, 64);
        // What may be published to may be subscribed to.
        assert.ok(asName !== undefined || asFilter === undefined);
      }),
    );
  });
});

suite('matching', () => {
  const cases: readonly [string, readonly string[], readonly string[]][] = [
    // Specification, "Topic filter".
    ['machines/+/alert', ['machines/temp/alert', 'machines/humidity/alert'], ['machines/alert']],
    ['machines/#', ['machines', 'machines/temp', 'machines/temp/alert'], ['machine', 'machinesx']],
    // MQTT 5, sections 4.7.1.2, 4.7.1.3 and 4.7.2.
    ['sport/+', ['sport/', 'sport/a'], ['sport', 'sport/a/b']],
    ['+/+', ['/finance'], ['finance', '/finance/x']],
    ['/+', ['/finance'], ['finance', '//finance']],
    ['+', ['finance'], ['/finance', '$SYS']],
    ['#', ['a', '/', 'a/$b'], ['$SYS', '$SYS/x', '$']],
    ['+/monitor/Clients', ['x/monitor/Clients'], ['$SYS/monitor/Clients']],
    ['$SYS/#', ['$SYS', '$SYS/monitor'], ['SYS', '$SYSx']],
    ['a/+/b', ['a/$x/b', 'a//b'], ['a/b']],
    ['a/b', ['a/b'], ['A/b', 'a/b/', '/a/b', 'a/b ']],
  ];
  for (const [filter, matched, missed] of cases) {
    test(`${filter} matches what MQTT says and nothing else`, () => {
      const match = (topic: string) => filterMatches(splitLevels(filter), splitLevels(topic));
      for (const topic of matched) assert.equal(match(topic), true, topic);
      for (const topic of missed) assert.equal(match(topic), false, topic);
    });
  }

  test('agrees with a regular expression for every filter and topic of a small alphabet', () => {
    const topics = allTopics(['', 'a', '$s', '$'], 4);
    for (const filter of allFilters(['', 'a', '$s', '+'], 3)) {
      const pattern = patternOfFilter(filter);
      for (const topic of topics) {
        const actual = filterMatches(splitLevels(filter), splitLevels(topic));
        if (actual !== pattern.test(topic)) assert.fail(`${filter} and ${topic}: ${actual}`);
      }
    }
  });

  test('takes a topic of 65,535 levels without recursion', () => {
    const levels = splitLevels('/'.repeat(65534));
    assert.equal(filterMatches(['#'], levels), true);
    assert.equal(filterMatches(levels, levels), true);
    assert.equal(filterContains([...levels, '#'], levels), true);
  });
});

suite('containment', () => {
  const cases: readonly [string, string, boolean][] = [
    ['samples/#', 'samples/#', true],
    ['samples/#', '#', false],
    ['a/#', 'a', true],
    ['a/#', 'a/+/c/#', true],
    ['a/+', 'a/#', false],
    ['a/+/#', 'a/#', false],
    ['+/#', '#', true],
    ['#', '+/#', true],
    ['#', '$SYS/#', false],
    ['+/a', '$s/a', false],
    ['/+/#', '/#', true],
    ['+/+/#', '#', false],
    ['+/+/#', '/#', true],
    ['a/b', 'a/+', false],
    ['$SYS/#', '$SYS/+/x', true],
  ];
  for (const [outer, inner, expected] of cases) {
    test(`${outer} ${expected ? 'contains' : 'does not contain'} ${inner}`, () => {
      assert.equal(filterContains(splitLevels(outer), splitLevels(inner)), expected);
    });
  }

  test('agrees with brute force for every pair of filters of a small alphabet', () => {
    // "z" is in no filter: it tells a wildcard from the levels that filters name.
    const topics = allTopics(['', 'a', '$s', 'z'], 4);
    const filters = allFilters(['', 'a', '$s', '+'], 3).map((text) => {
      return {
        text,
        levels: splitLevels(text),
        matched: matchedTopics(patternOfFilter(text), topics),
      };
    });
    for (const outer of filters) {
      for (const inner of filters) {
        const expected = (inner.matched & ~outer.matched) === 0n;
        const actual = filterContains(outer.levels, inner.levels);
        if (actual !== expected) assert.fail(`${outer.text} contains ${inner.text}: ${actual}`);
      }
    }
  });
});
