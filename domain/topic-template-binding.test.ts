import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { AttributeValue } from './resources.ts';
import { splitLevels } from './topic-filter.ts';
import {
  bindTemplate,
  boundTemplateContains,
  boundTemplateMatches,
  leadingLevelsMatched,
  parseTopicTemplate,
  printBoundTemplate,
  type BoundTemplate,
  type ClientIdentity,
} from './topic-template.ts';

type Attributes = Readonly<Record<string, AttributeValue>>;

function client(attributes: Attributes = {}, name = 'machine1'): ClientIdentity {
  return { name, attributes: new Map(Object.entries(attributes)) };
}

function bind(text: string, identity: ClientIdentity): BoundTemplate {
  const parsed = parseTopicTemplate(text);
  assert.ok(parsed.ok, text);
  return bindTemplate(parsed.value, identity);
}

const X = '${client.attributes.x}';
const Y = '${client.attributes.y}';

suite('a bound template matches', () => {
  const cases: readonly [string, Attributes, readonly string[], readonly string[]][] = [
    // Specification, "Topic template".
    ['machines/${client.name}/temp', {}, ['machines/machine1/temp'], ['machines/machine2/temp']],
    [
      'machines/${client.name|.factory1}/temp',
      {},
      ['machines/machine1.factory1/temp'],
      ['machines/machine1/temp', 'machines/machine2.factory1/temp', 'machines/machine1/temp/x'],
    ],
    ['v-${client.name}-w/#', {}, ['v-machine1-w', 'v-machine1-w/a/b'], ['v-machine1', '$s']],
    ['#', {}, ['a', '/', 'a/b'], ['$SYS', '$SYS/a']],
    ['+/a', {}, ['b/a', '/a'], ['$SYS/a', 'a']],
    [`a/${X}`, { x: 17 }, ['a/17'], ['a/17.0', 'a/']],
    [`a/${X}`, { x: -3 }, ['a/-3'], ['a/3']],
    [`a/${X}`, { x: -0 }, ['a/0'], ['a/-0']],
    [`a/${X}`, { x: ['b', 'c'] }, ['a/b', 'a/c'], ['a/d', 'a/bc', 'a/b,c', 'a/']],
    // The same member wherever the variable recurs.
    [`${X}/${X}/#`, { x: ['b', 'c'] }, ['b/b', 'c/c/d'], ['b/c', 'c/b/d']],
    [`a${X}b${X}`, { x: ['', 'x', 'xx'] }, ['axbx', 'axxbxx'], ['axbxx', 'ab', 'axxbx']],
    [
      `${X}${Y}/${X}`,
      { x: ['a', 'ab'], y: ['bc', 'c'] },
      ['abc/a', 'abc/ab'],
      ['abc/abc', 'ac/ab'],
    ],
    [`${X}${Y}`, { x: ['a', 'ab'], y: ['c', 'd'] }, ['abc', 'ad'], ['ab', 'acd']],
    [`${X}-${Y}`, { x: ['a', 'a-b'], y: ['c', 'b-c'] }, ['a-b-c', 'a-c', 'a-b-b-c'], ['a-b']],
    [`${X}/+/${Y}`, { x: ['a', 'b'], y: 'c' }, ['a/z/c', 'b//c'], ['c/z/c', 'a/c']],
    // What the value of one variable spoils is spoilt for the whole template.
    [`a/${X}/#`, {}, [], ['a', 'a/', 'a/undefined', 'a/+', `a/${X}`]],
    [`a/${X}`, { x: '' }, [], ['a/', 'a']],
    [`a/b${X}`, { x: '' }, [], ['a/b']],
    [`a/${X}`, { x: [] }, [], ['a/', 'a']],
    [`a/${X}`, { x: '+' }, [], ['a/+', 'a/b']],
    [`a/${X}`, { x: '#' }, [], ['a/#', 'a', 'a/b']],
    [`a/${X}`, { x: 'b+' }, [], ['a/b+', 'a/b']],
    [`a/${X}`, { x: 'b/c' }, [], ['a/b/c', 'a/b']],
    [`a/${X}`, { x: 'b\0' }, [], ['a/b\0', 'a/b']],
    [`a/${X}${Y}`, { x: '\ud83d', y: '\ude00' }, [], ['a/😀']],
    [`a/${X}`, { x: 1.5 }, [], ['a/1.5']],
    [`a/${X}`, { x: 2 ** 60 }, [], [`a/${2 ** 60}`]],
    [`a/${X}`, { x: ['b/c', '+', '', 'd'] }, ['a/d'], ['a/b/c', 'a/+', 'a/']],
    // Names that plain objects have of their own.
    ['a/${client.attributes.__proto__}', {}, [], ['a/[object Object]', 'a/']],
    ['a/${client.attributes.constructor}', {}, [], ['a/Object', 'a/']],
    // A value never leads into "$"; the template's own text may.
    [`${X}/a`, { x: '$SYS' }, [], ['$SYS/a']],
    [`${X}/a`, { x: ['$SYS', 'b'] }, ['b/a'], ['$SYS/a']],
    [`${X}YS/${X}`, { x: ['$S', 'b'] }, ['bYS/b'], ['$SYS/$S']],
    [`a/${X}`, { x: '$SYS' }, ['a/$SYS'], ['$SYS']],
    [`b${X}`, { x: '$c' }, ['b$c'], ['$c']],
    [`$${X}/a`, { x: 'SYS' }, ['$SYS/a'], ['SYS/a', '$/a']],
    [`$${X}/a`, { x: ['b', '$c'] }, ['$b/a', '$$c/a'], ['b/a', '$c/a']],
    ['${dollar}${client.name}/#', {}, ['$machine1', '$machine1/a'], ['machine1']],
  ];
  for (const [text, attributes, matched, missed] of cases) {
    test(`${text} for ${JSON.stringify(attributes)}`, () => {
      const bound = bind(text, client(attributes));
      for (const topic of matched) {
        assert.equal(boundTemplateMatches(bound, splitLevels(topic)), true, topic);
      }
      for (const topic of missed) {
        assert.equal(boundTemplateMatches(bound, splitLevels(topic)), false, topic);
      }
    });
  }

  test('nothing through a name that is no name, should one ever get here', () => {
    for (const name of ['', '+', '#', 'a/b', '\0']) {
      const bound = bind('a/${client.name}', client({}, name));
      for (const topic of ['a', 'a/', 'a/b', `a/${name}`]) {
        assert.equal(boundTemplateMatches(bound, splitLevels(topic)), false, topic);
      }
    }
  });
});

suite('a bound template contains', () => {
  const cases: readonly [string, Attributes, readonly string[], readonly string[]][] = [
    ['samples/#', {}, ['samples/#', 'samples/+', 'samples', 'samples/a/#'], ['#', '+/a', '+']],
    ['v/${client.name}/#', {}, ['v/machine1/#', 'v/machine1'], ['v/+/#', 'v/#', 'v/machine2/#']],
    ['v/+/GPS/#', {}, ['v/+/GPS/#', 'v/a/GPS/+/b'], ['v/#', 'v/+/#', '+/+/GPS']],
    ['#', {}, ['#', '+/#', 'a', '/#'], ['$SYS/#', '$share/g/a']],
    ['+/#', {}, ['#', '+', '/#'], ['$SYS/#']],
    ['/+/#', {}, ['/#', '/a'], ['#', 'a']],
    [`${X}/#`, { x: ['a', 'b'] }, ['a/#', 'b', 'b/+'], ['+/#', '#', '+', 'c/#']],
    [`a/${X}`, {}, [], ['a/#', 'a/+', 'a/', 'a', '#']],
    [`a/${X}`, { x: '+' }, [], ['a/+', 'a/b']],
    [`a/${X}`, { x: '#' }, [], ['a/#', 'a']],
    ['$${client.name}/#', {}, ['$machine1/#'], ['#', '+/#', '$SYS/#']],
  ];
  for (const [text, attributes, contained, others] of cases) {
    test(`${text} for ${JSON.stringify(attributes)}`, () => {
      const bound = bind(text, client(attributes));
      for (const filter of contained) {
        assert.equal(boundTemplateContains(bound, splitLevels(filter)), true, filter);
      }
      for (const filter of others) {
        assert.equal(boundTemplateContains(bound, splitLevels(filter)), false, filter);
      }
    });
  }
});

suite('for explanations', () => {
  const misses: readonly [string, Attributes, string, number][] = [
    ['v/${client.name}/GPS/#', {}, 'v/machine2/GPS/x', 1],
    ['v/${client.name}/GPS/#', {}, 'v/machine1/gps', 2],
    ['v/${client.name}/GPS/#', {}, 'v/machine1', 2],
    ['v/${client.name}/GPS/#', {}, 'v/machine1/GPS/a/b', 5],
    ['a/b', {}, 'a/b/c', 2],
    ['#', {}, '$SYS/a', 0],
    ['+/a', {}, '+/b', 1],
    [`${X}/b/${X}/c`, { x: ['a', 'd'] }, 'a/b/d/c', 2],
    [`${X}/b/${X}/c`, { x: ['a', 'd'] }, 'd/b/d/x', 3],
    [`${X}/b/${X}`, { x: ['a', 'd'] }, 'z/b/a', 0],
    [`a/${X}/b`, {}, 'a/b/b', 1],
  ];
  for (const [text, attributes, topic, expected] of misses) {
    test(`${expected} leading levels of ${topic} agree with ${text}`, () => {
      const bound = bind(text, client(attributes));
      assert.equal(leadingLevelsMatched(bound, splitLevels(topic)), expected);
    });
  }

  const prints: readonly [string, Attributes, string][] = [
    ['v/${client.name|.f}/#', {}, 'v/machine1.f/#'],
    [`a/${X}/+`, { x: 17 }, 'a/17/+'],
    [`a/${X}`, { x: ['b'] }, 'a/b'],
    [`a/${X}-\${client.name}`, { x: ['b', 'c'] }, `a/${X}-machine1`],
    [`a/${X}`, {}, `a/${X}`],
    [`a/${X}`, { x: '+' }, `a/${X}`],
    [`a/${X}`, { x: 'b/c' }, `a/${X}`],
    [`a/${X}`, { x: ['+', 'b'] }, 'a/b'],
  ];
  for (const [text, attributes, expected] of prints) {
    test(`${text} for ${JSON.stringify(attributes)} reads ${expected}`, () => {
      assert.equal(printBoundTemplate(bind(text, client(attributes))), expected);
    });
  }
});

suite('a search for values', () => {
  // 4 KiB of attributes hold no more than this.
  const many = Array.from({ length: 800 }, (_, index) => index.toString(36));

  test('finds the last of 800 members in two levels', () => {
    const bound = bind(`a/${X}/b/${X}`, client({ x: many }));
    const last = many.at(-1) ?? '';
    assert.equal(boundTemplateMatches(bound, ['a', last, 'b', last]), true);
    assert.equal(boundTemplateMatches(bound, ['a', last, 'b', 'none']), false);
  });

  test('gives up, and refuses, where ten arrays make more attempts than it may', () => {
    const keys = Array.from({ length: 10 }, (_, index) => `k${index}`);
    const runs = Array.from({ length: 12 }, (_, index) => 'a'.repeat(index + 1));
    const attributes = Object.fromEntries(keys.map((key) => [key, runs]));
    const variables = keys.map((key) => `client.attributes.${key}`).join('|');
    const bound = bind(`\${${variables}}b`, client(attributes));
    // 12^10 products: without the bound this test would not end.
    assert.equal(boundTemplateMatches(bound, ['a'.repeat(100)]), false);
    assert.equal(boundTemplateMatches(bound, [`${'a'.repeat(10)}b`]), true);
  });

  test('goes as deep as the longest template has parts', () => {
    const text = '${client.attributes.x}/'.repeat(44).slice(0, -1);
    const bound = bind(text, client({ x: ['b', 'a'] }));
    const levels = Array.from({ length: 44 }, () => 'a');
    assert.equal(boundTemplateMatches(bound, levels), true);
    assert.equal(boundTemplateMatches(bound, levels.with(43, 'b')), false);
    assert.equal(leadingLevelsMatched(bound, levels.with(43, 'b')), 43);
  });
});
