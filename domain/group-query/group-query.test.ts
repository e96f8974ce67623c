import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { AttributeValue } from '../resources.ts';
import {
  clientMatchesQuery,
  parseGroupQuery,
  printGroupQuery,
  type GroupQuery,
  type QueriedClient,
  type QueryField,
} from './group-query.ts';

// Small alphabets, so that comparisons and attributes meet; now and then anything at all.
const string = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('a', 'b', 'c', '') },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 8 }) },
  { weight: 1, arbitrary: fc.constantFrom('\ud800', '\udc00a', '"\\\'', '\0\n\u2028\u007f') },
);
const integer = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: -2, max: 2 }) },
  { weight: 1, arbitrary: fc.maxSafeInteger() },
);
const literal = fc.oneof(string, integer);
const key = fc.constantFrom('x', 'y', 'X', '0', '__proto__');
const field: fc.Arbitrary<QueryField> = fc.oneof(
  fc.constant<QueryField>({ type: 'Name' }),
  key.map((key): QueryField => ({ type: 'Attribute', key })),
);

const PLAIN = { noNullPrototype: true } as const;

const query = fc.letrec<{ query: GroupQuery }>((tie) => {
  const operands = fc.array(tie('query'), { minLength: 2, maxLength: 4 });
  return {
    query: fc.oneof(
      { maxDepth: 4, depthIdentifier: 'query' },
      fc.record(
        {
          type: fc.constant('Equality' as const),
          field,
          operator: fc.constantFrom('=' as const, '!=' as const),
          literal,
        },
        PLAIN,
      ),
      fc.record(
        {
          type: fc.constant('Order' as const),
          field,
          operator: fc.constantFrom('<' as const, '<=' as const, '>' as const, '>=' as const),
          literal: integer,
        },
        PLAIN,
      ),
      fc.record(
        {
          type: fc.constant('In' as const),
          field,
          literals: fc.array(literal, { minLength: 1, maxLength: 4 }),
        },
        PLAIN,
      ),
      fc.record({ type: fc.constantFrom('And' as const, 'Or' as const), operands }, PLAIN),
    ),
  };
}).query;

const attributeValue: fc.Arbitrary<AttributeValue> = fc.oneof(
  string,
  integer,
  fc.array(string, { maxLength: 3 }),
);
const client: fc.Arbitrary<QueriedClient> = fc.record({
  name: string,
  attributes: fc.array(fc.tuple(key, attributeValue)).map((entries) => new Map(entries)),
});

test('a printed query parses to an equal tree', () => {
  fc.assert(
    fc.property(query, (tree) => {
      const text = printGroupQuery(tree);
      // The bound of a query's length is the text's, which printing may exceed.
      fc.pre(Buffer.byteLength(text) <= 8192);
      assert.deepEqual(parseGroupQuery(text), { ok: true, value: tree });
      assert.ok(text.isWellFormed());
    }),
  );
});

/** The language in the plainest words: every comparison is about the set of a value's members. */
function naivelyMatches(tree: GroupQuery, client: QueriedClient): boolean {
  if (tree.type === 'And') return !tree.operands.some((part) => !naivelyMatches(part, client));
  if (tree.type === 'Or') return tree.operands.filter((x) => naivelyMatches(x, client)).length > 0;
  const all = new Map<string, unknown>([...client.attributes].map(([k, v]) => [`@${k}`, v]));
  all.set('name', client.name);
  const value = all.get(tree.field.type === 'Name' ? 'name' : `@${tree.field.key}`);
  const members: unknown[] = value === undefined ? [] : [value].flat();
  const type = Array.isArray(value) ? 'string' : typeof value;
  if (tree.type === 'In') return tree.literals.some((wanted) => members.includes(wanted));
  if (type !== typeof tree.literal) return false;
  if (tree.type === 'Equality') {
    return tree.operator === '=' ? members.includes(tree.literal) : !members.includes(tree.literal);
  }
  const sign = Math.sign(Number(value) - tree.literal);
  return { '<': [-1], '<=': [-1, 0], '>': [1], '>=': [1, 0] }[tree.operator].includes(sign);
}

test('the evaluator agrees with a naive one', () => {
  fc.assert(
    fc.property(query, client, (tree, client) => {
      assert.equal(clientMatchesQuery(tree, client), naivelyMatches(tree, client));
    }),
    { numRuns: 2000 },
  );
});

test('the generated clients are in groups and out of them, so agreement says something', () => {
  const samples = fc.sample(fc.tuple(query, client), { numRuns: 500, seed: 1 });
  const inside = samples.filter(([tree, client]) => naivelyMatches(tree, client)).length;
  assert.ok(inside > 25 && inside < 475, `${inside} of 500`);
});

const FRAGMENTS = [
  ...['name', 'attributes.x', 'attributes', '=', '!=', '<', '>=', 'IN', 'and', 'or', 'not'],
  ...['(', ')', '[', ']', ',', '"a"', "'b'", '"', '\\', '5', '-', '9007199254740993', ' ', '“'],
];

test('any text gives a query or a fault within the text, and never throws', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(fc.constantFrom(...FRAGMENTS), { maxLength: 12 }).map((parts) => parts.join(' ')),
    fc.array(fc.constantFrom(...FRAGMENTS), { maxLength: 12 }).map((parts) => parts.join('')),
  );
  fc.assert(
    fc.property(text, (text) => {
      const parsed = parseGroupQuery(text);
      if (parsed.ok) {
        assert.deepEqual(parseGroupQuery(printGroupQuery(parsed.value)), parsed);
        return;
      }
      const { position, message, remedy } = parsed.fault;
      assert.ok(Number.isInteger(position) && position >= 0 && position <= text.length);
      assert.ok(message !== '' && remedy !== '');
      assert.ok(message.isWellFormed() && remedy.isWellFormed());
    }),
    { numRuns: 3000 },
  );
});

test('the longest chains and deepest parentheses take no deep recursion and little time', () => {
  const chain = Array.from({ length: 800 }, () => 'name=1').join(' or ');
  const parsed = parseGroupQuery(chain);
  assert.ok(parsed.ok && parsed.value.type === 'Or' && parsed.value.operands.length === 800);
  const client = { name: 'a', attributes: new Map() };
  assert.equal(clientMatchesQuery(parsed.value, client), false);
  assert.equal(parseGroupQuery('('.repeat(8192)).ok, false);
  assert.equal(parseGroupQuery(`name=${'9'.repeat(8000)}`).ok, false);
});
