import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { AttributeValue } from '../resources.ts';
import { clientMatchesQuery } from './evaluator.ts';
import { parseGroupQuery } from './parser.ts';

function matches(text: string, attributes: Readonly<Record<string, AttributeValue>>): boolean {
  const parsed = parseGroupQuery(text);
  assert.ok(parsed.ok, text);
  const client = { name: 'Area1_Machine1', attributes: new Map(Object.entries(attributes)) };
  return clientMatchesQuery(parsed.value, client);
}

const VALUES = {
  'a string': { x: 'motion' },
  'an integer': { x: 5 },
  'an array': { x: ['motion', 'noise'] },
  'an empty array': { x: [] },
  nothing: {},
} as const;
type ValueName = keyof typeof VALUES;

/** The values of `x` that satisfy the comparison; every other one does not. */
const COMPARISONS: readonly [string, readonly ValueName[]][] = [
  ['attributes.x = "motion"', ['a string', 'an array']],
  ['attributes.x = "Motion"', []],
  ['attributes.x = "light"', []],
  ['attributes.x = 5', ['an integer']],
  ['attributes.x = "5"', []],
  ['attributes.x = 6', []],
  ['attributes.x != "motion"', ['an empty array']],
  ['attributes.x <> "motion"', ['an empty array']],
  ['attributes.x != "light"', ['a string', 'an array', 'an empty array']],
  ['attributes.x != 5', []],
  ['attributes.x <> 6', ['an integer']],
  ['attributes.x < 6', ['an integer']],
  ['attributes.x < 5', []],
  ['attributes.x <= 5', ['an integer']],
  ['attributes.x <= 4', []],
  ['attributes.x > 4', ['an integer']],
  ['attributes.x > 5', []],
  ['attributes.x >= 5', ['an integer']],
  ['attributes.x >= 6', []],
  ['attributes.x IN ["light", "noise"]', ['an array']],
  ['attributes.x IN ["light", "motion"]', ['a string', 'an array']],
  ['attributes.x IN ["light"]', []],
  ['attributes.x IN [4, 5]', ['an integer']],
  ['attributes.x IN ["motion", 5]', ['a string', 'an integer', 'an array']],
  ['attributes.X = "motion"', []],
];

suite('a comparison with an attribute that is a string, an integer, an array or missing', () => {
  for (const [text, satisfying] of COMPARISONS) {
    test(`${text} holds for ${satisfying.join(', ') || 'none of them'}`, () => {
      const found = Object.entries(VALUES).filter(([, attributes]) => matches(text, attributes));
      assert.deepEqual(
        found.map(([name]) => name),
        satisfying,
      );
    });
  }
});

suite('a comparison with the name', () => {
  const cases: readonly [string, boolean][] = [
    ['name = "Area1_Machine1"', true],
    ['name = "area1_machine1"', false],
    ['name != "Area1_Machine2"', true],
    ['name != "Area1_Machine1"', false],
    ['name IN ["Area1_Machine2", "Area1_Machine1"]', true],
    ['name IN ["Area1_Machine2", 1]', false],
    ['name = 1', false],
    ['name != 1', false],
    ['name > 0', false],
  ];
  for (const [text, expected] of cases) {
    test(`${text} is ${expected}`, () => assert.equal(matches(text, {}), expected));
  }
});

suite('connectives', () => {
  const attributes = { yes: 1 };
  const cases: readonly [string, boolean][] = [
    ['attributes.yes = 1 and attributes.yes = 2', false],
    ['attributes.yes = 2 or attributes.yes = 1', true],
    ['attributes.yes = 1 or attributes.yes = 2 and attributes.yes = 3', true],
    ['(attributes.yes = 1 or attributes.yes = 2) and attributes.yes = 3', false],
  ];
  for (const [text, expected] of cases) {
    test(`${text} is ${expected}`, () => assert.equal(matches(text, attributes), expected));
  }
});

suite("the specification's samples", () => {
  const first =
    '(attributes.sensors = "motion" or attributes.sensors = "humidity") or ' +
    'attributes.type = "home-sensors"';
  const second =
    'attributes.sensors IN ["motion", "humidity", "temperature"] and attributes.floor <= 5';

  test('the first finds a sensor among several, or the type', () => {
    assert.equal(matches(first, { sensors: ['light', 'humidity'] }), true);
    assert.equal(matches(first, { sensors: 'motion', type: 'other' }), true);
    assert.equal(matches(first, { type: 'home-sensors' }), true);
    assert.equal(matches(first, { sensors: ['light'], type: 'home' }), false);
  });

  test('the second wants a floor that is an integer', () => {
    assert.equal(matches(second, { sensors: ['motion', 'noise'], floor: 5 }), true);
    assert.equal(matches(second, { sensors: ['motion', 'noise'], floor: 6 }), false);
    assert.equal(matches(second, { sensors: ['motion', 'noise'], floor: '3' }), false);
    assert.equal(matches(second, { floor: 5 }), false);
  });
});

test('what every object inherits is no attribute', () => {
  assert.equal(matches('attributes.constructor != "x"', {}), false);
  assert.equal(matches('attributes.__proto__ != "x"', {}), false);
});
