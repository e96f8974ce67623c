/** Topic templates with a client's values, against a naive model that multiplies all values out. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { allTopics, patternOfFilter } from '../test/support/topics.ts';
import type { AttributeValue } from './resources.ts';
import { splitLevels } from './topic-filter.ts';
import {
  bindTemplate,
  boundTemplateContains,
  boundTemplateMatches,
  leadingLevelsMatched,
  parseTopicTemplate,
  type BoundTemplate,
  type ClientIdentity,
} from './topic-template.ts';

const VARIABLE = /\$\{([^}]*)\}/g;

const piece = fc.oneof(
  fc.constantFrom('a', 'b', '$'),
  fc.constantFrom('${client.name}', '${client.attributes.x}', '${client.attributes.y}'),
);
const level = fc.oneof(
  { weight: 1, arbitrary: fc.constantFrom('', '+') },
  {
    weight: 3,
    arbitrary: fc.array(piece, { minLength: 1, maxLength: 3 }).map((all) => all.join('')),
  },
);
/** The levels of a template's text. */
const template = fc
  .tuple(fc.array(level, { maxLength: 3 }), fc.constantFrom([], ['#']))
  .map(([levels, end]) => [...levels, ...end])
  .filter((levels) => levels.join('/') !== '');

const text = fc.constantFrom('a', 'b', 'ab', '$', '$a', '', '+', '#', 'a/b', 'a+');
const value = fc.oneof(text, fc.constant(1), fc.array(text, { maxLength: 3 }));
const client: fc.Arbitrary<ClientIdentity> = fc.record({
  name: fc.constantFrom('a', 'b', 'ba', '$a'),
  attributes: fc
    .dictionary(fc.constantFrom('x', 'y'), value, { noNullPrototype: true })
    .map((attributes) => new Map<string, AttributeValue>(Object.entries(attributes))),
});

function bind(levels: readonly string[], identity: ClientIdentity): BoundTemplate {
  const parsed = parseTopicTemplate(levels.join('/'));
  assert.ok(parsed.ok, levels.join('/'));
  return bindTemplate(parsed.value, identity);
}

type World = ReadonlyMap<string, string>;

/** Each way to choose one value for every variable. */
function worldsOf({ name, attributes }: ClientIdentity): World[] {
  let worlds = [new Map([['client.name', name]])];
  for (const [key, own] of attributes) {
    const members = typeof own === 'object' ? own : [String(own)];
    // An array without members leaves what does not name it as it is.
    if (members.length === 0) continue;
    worlds = worlds.flatMap((world) =>
      members.map((member) => new Map([...world, [`client.attributes.${key}`, member]])),
    );
  }
  return worlds;
}

/** The level of a filter; where no value fits, one that no topic of these tests has. */
function fill(own: string, world: World, isFirst: boolean): string {
  let fits = true;
  const filled = own.replaceAll(VARIABLE, (_, name: string) => {
    const chosen = world.get(name) ?? '';
    fits &&= chosen !== '' && !/[/+#]/.test(chosen);
    return chosen;
  });
  const leads = isFirst && own.startsWith('${') && filled.startsWith('$');
  return fits && !leads ? filled : '!';
}

/** The filters for which a template stands. */
function expand(levels: readonly string[], identity: ClientIdentity): string[][] {
  const worlds = worldsOf(identity);
  return worlds.map((world) => levels.map((own, index) => fill(own, world, index === 0)));
}

function patternsOf(levels: readonly string[], identity: ClientIdentity): RegExp[] {
  return expand(levels, identity).map((filter) => patternOfFilter(filter.join('/')));
}

const symbols = ['', 'a', 'b', 'ab', '$', '$a', '1', 'z'];
const topics = allTopics(symbols, 3);

test('a topic is matched exactly where one of the products matches it', () => {
  fc.assert(
    fc.property(template, client, (levels, identity) => {
      const bound = bind(levels, identity);
      const patterns = patternsOf(levels, identity);
      for (const topic of topics) {
        const expected = patterns.some((pattern) => pattern.test(topic));
        const actual = boundTemplateMatches(bound, splitLevels(topic));
        if (actual !== expected) assert.fail(`${levels.join('/')} matches ${topic}: ${actual}`);
      }
    }),
    { numRuns: 1000 },
  );
});

test('no value gives more than "+" in its place would', () => {
  fc.assert(
    fc.property(template, client, (levels, identity) => {
      const bound = bind(levels, identity);
      const widened = levels.map((own) => (own.includes('${') ? '+' : own));
      // The template's own "$" in front is the one thing that a "+" there would not match.
      const isOwnDollar = /^\$(?!\{).*\$\{/.test(levels[0] ?? '');
      const prefix = isOwnDollar ? ['x', ...widened] : widened;
      const pattern = patternOfFilter(prefix.join('/'));
      for (const topic of topics) {
        if (!boundTemplateMatches(bound, splitLevels(topic))) continue;
        if (isOwnDollar) assert.ok(topic.startsWith('$'), topic);
        assert.match(isOwnDollar ? `x/${topic}` : topic, pattern);
      }
    }),
    { numRuns: 1000 },
  );
});

const filter = fc
  .tuple(
    fc.array(fc.constantFrom(...symbols, '+', '+'), { maxLength: 3 }),
    fc.constantFrom([], ['#']),
  )
  .map(([levels, end]) => [...levels, ...end])
  .filter((levels) => levels.join('/') !== '');
// A level more than the filters have, for what "#" leaves open; "z" is in no template.
const probes = allTopics(symbols, 4);

test('a filter is contained exactly where every topic of it is matched', () => {
  fc.assert(
    fc.property(template, client, fc.array(filter), (levels, identity, filters) => {
      const bound = bind(levels, identity);
      const patterns = patternsOf(levels, identity);
      const likely = expand(levels, identity).filter((products) => !products.includes('!'));
      for (const inner of [...filters, ...likely]) {
        const pattern = patternOfFilter(inner.join('/'));
        const missed = probes.find(
          (topic) => pattern.test(topic) && !patterns.some((outer) => outer.test(topic)),
        );
        const actual = boundTemplateContains(bound, inner);
        if (actual !== (missed === undefined)) {
          assert.fail(`${levels.join('/')} contains ${inner.join('/')}: ${actual}, ${missed}`);
        }
      }
    }),
    { numRuns: 500 },
  );
});

test('as many leading levels agree as with the best of the products', () => {
  /** Levels one by one from the left: a "/" ends each, so that no filter or topic is empty. */
  function agreeing(product: readonly string[], topic: readonly string[]): number {
    for (let count = 0; count < topic.length; count++) {
      if (product[count] === '#' && count > 0) return topic.length;
      if (product[count] === undefined) return count;
      const pattern = patternOfFilter([...product.slice(0, count + 1), ''].join('/'));
      if (!pattern.test([...topic.slice(0, count + 1), ''].join('/'))) return count;
    }
    return topic.length;
  }
  fc.assert(
    fc.property(template, client, fc.constantFrom(...topics), (levels, identity, topic) => {
      const path = splitLevels(topic);
      const products = expand(
        levels.length === 1 && levels[0] === '#' ? ['+', '#'] : levels,
        identity,
      );
      const expected = Math.max(...products.map((product) => agreeing(product, path)));
      assert.equal(leadingLevelsMatched(bind(levels, identity), path), expected);
    }),
    { numRuns: 2000 },
  );
});
