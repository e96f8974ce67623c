import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { allFilters, allTopics, matchedTopics, patternOfFilter } from '../test/support/topics.ts';
import { findOverlap } from './overlap.ts';
import { parseTopicTemplate, type TopicTemplate } from './topic-template.ts';

function parse(text: string): TopicTemplate {
  const parsed = parseTopicTemplate(text);
  assert.ok(parsed.ok, text);
  return parsed.value;
}

/** A level with a variable counts as `+`; the first one, where it begins with `$`, as any such. */
function patternOfTemplate(text: string): RegExp {
  const [first = '', ...others] = text.split('/');
  const generalised = others.map((level) => (level.includes('${') ? '+' : level));
  if (!first.includes('${')) return patternOfFilter([first, ...generalised].join('/'));
  if (!/^\$[^{]/.test(first)) return patternOfFilter(['+', ...generalised].join('/'));
  const { source } = patternOfFilter(['FIRST', ...generalised].join('/'));
  return new RegExp(source.replace('FIRST', '\\$[^/]*'), 's');
}

suite('two templates', () => {
  const overlapping: readonly [string, string, string][] = [
    // Specification, "Topic templates Overlap".
    ['machines/${client.name}/temp', 'machines/+/temp', 'machines/client1/temp'],
    [
      'vehicles/vehicle1/telemetry/#',
      'vehicles/${client.name}/telemetry/#',
      'vehicles/vehicle1/telemetry',
    ],
    ['a/b', 'a/b', 'a/b'],
    ['a/#', 'a', 'a'],
    ['a/#', 'a/+/c', 'a/any/c'],
    ['#', '#', 'any'],
    ['/#', '#', '/any'],
    ['/#', '+/#', '/any'],
    ['+', '#', 'any'],
    ['vehicle-${client.name}/a', 'truck1/+', 'truck1/a'],
    ['floors/${client.attributes.floor}', 'floors/+', 'floors/floor1'],
    ['a-${client.name}', 'b-${client.attributes.x|.c}', 'a-client1'],
    ['$SYS/#', '$SYS/+/x', '$SYS/any/x'],
    ['$${client.name}/x', '$SYS/#', '$SYS/x'],
    ['${dollar}${client.name}', '$a-${client.name}', '$a-client1'],
    ['a/$${client.name}', 'a/b', 'a/b'],
    ['a/${client.name}', 'a/$s', 'a/$s'],
  ];
  for (const [left, right, witness] of overlapping) {
    test(`${left} and ${right} share ${witness}`, () => {
      assert.equal(findOverlap(parse(left), parse(right)), witness);
    });
  }

  const disjoint: readonly [string, string][] = [
    ['areas/area1/machines/#', 'areas/area2/machines/#'],
    ['vehicles/unlock/req/+/${client.name}', 'vehicles/unlock/res/${client.name}/#'],
    ['a', 'a/+'],
    ['a/+/#', 'a'],
    ['a', 'A'],
    ['/#', '+'],
    ['$SYS/#', '#'],
    ['$SYS', '+'],
    ['$SYS', '${client.name}'],
    ['$SYS', 'x${client.name}'],
    ['$${client.name}', '${client.name}'],
    ['$${client.name}', '+'],
  ];
  for (const [left, right] of disjoint) {
    test(`${left} and ${right} share no topic`, () => {
      assert.equal(findOverlap(parse(left), parse(right)), undefined);
    });
  }

  test('overlap exactly where brute force finds a topic, in either order', () => {
    const topics = allTopics(['', 'a', '$s', 'z'], 3);
    const symbols = ['', 'a', '$s', '+', '${client.name}', '$-${client.name}', 'v-${client.name}'];
    const templates = allFilters(symbols, 2).map((text) => {
      const pattern = patternOfTemplate(text);
      return { text, template: parse(text), pattern, matched: matchedTopics(pattern, topics) };
    });
    for (const left of templates) {
      for (const right of templates) {
        const witness = findOverlap(left.template, right.template);
        const pair = `${left.text} and ${right.text}: ${witness}`;
        if (((left.matched & right.matched) !== 0n) !== (witness !== undefined)) assert.fail(pair);
        if (witness === undefined) continue;
        if (!left.pattern.test(witness) || !right.pattern.test(witness)) assert.fail(pair);
        if (witness !== findOverlap(right.template, left.template)) assert.fail(pair);
      }
    }
  });

  test('that agree level by level overlap, however long they are and wherever "#" ends one', () => {
    const agreeing = fc.constantFrom<readonly [string, string]>(
      ['a', 'a'],
      ['', ''],
      ['a', '+'],
      ['', '+'],
      ['+', '+'],
      ['b', 'v-${client.name}'],
      ['+', '${client.attributes.x}'],
      ['v-${client.name}', '${client.name|-w}'],
    );
    const side = fc.record({ swap: fc.array(fc.boolean()), end: fc.nat({ max: 12 }) });
    const write = (levels: readonly string[], end: number) =>
      (end < levels.length ? [...levels.slice(0, end), '#'] : levels).join('/');
    fc.assert(
      fc.property(fc.array(agreeing, { minLength: 1, maxLength: 12 }), side, (pairs, choice) => {
        const swapped = pairs.map(([a, b], index) => (choice.swap[index] ? [b, a] : [a, b]));
        const left = write(
          swapped.flatMap(([level = '']) => [level]),
          pairs.length,
        );
        const right = write(
          swapped.flatMap(([, level = '']) => [level]),
          choice.end,
        );
        // No topic is empty, so two templates that could only share that one share none.
        fc.pre(left !== '' && right !== '' && (left !== '+' || right !== '/#'));
        const witness = findOverlap(parse(left), parse(right));
        assert.ok(witness !== undefined, `${left} and ${right}`);
        assert.match(witness, patternOfTemplate(left));
        assert.match(witness, patternOfTemplate(right));
      }),
    );
  });
});
