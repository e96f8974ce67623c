import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { filterMatches } from '../../domain/topic-filter.ts';
import { SubscriptionTrie } from './subscription-trie.ts';

const level = fc.constantFrom('a', 'b', '', '$s');
const topics = fc.array(level, { minLength: 1, maxLength: 4 });
const filters = fc
  .tuple(fc.array(fc.oneof(level, fc.constant('+')), { minLength: 1, maxLength: 3 }), fc.boolean())
  .map(([levels, multi]) => (multi ? [...levels, '#'] : levels));

test('finds exactly the filters that match, also after others were removed', () => {
  fc.assert(
    fc.property(
      fc.array(filters, { maxLength: 12 }),
      fc.array(fc.nat(), { maxLength: 6 }),
      fc.array(topics, { minLength: 1, maxLength: 8 }),
      (all, removals, asked) => {
        const trie = new SubscriptionTrie<number>();
        const kept = new Map(all.map((filter, index) => [index, filter]));
        for (const [index, filter] of kept) trie.add(filter, index);
        for (const removal of removals) {
          const index = all.length === 0 ? 0 : removal % all.length;
          trie.remove(kept.get(index) ?? ['never', 'added'], index);
          kept.delete(index);
        }
        for (const topic of asked) {
          const expected = [...kept].filter(([, filter]) => filterMatches(filter, topic));
          assert.deepEqual(
            trie.match(topic).sort((left, right) => left - right),
            expected.map(([index]) => index),
          );
        }
      },
    ),
  );
});

test('a filter of many thousand levels is only long', () => {
  const deep = '/'.repeat(65535).split('/');
  const trie = new SubscriptionTrie<string>();
  trie.add(deep, 'deep');
  trie.add(['#'], 'all');
  assert.deepEqual(trie.match(deep).sort(), ['all', 'deep']);
  trie.remove(deep, 'deep');
  assert.deepEqual(trie.match(deep), ['all']);
});

test('levels named like members of Object are levels like others', () => {
  const trie = new SubscriptionTrie<string>();
  trie.add(['__proto__', 'constructor'], 'found');
  assert.deepEqual(trie.match(['__proto__', 'constructor']), ['found']);
  assert.deepEqual(trie.match(['toString']), []);
});
