import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { GROUP_QUERY_BYTES_MAX, GROUP_QUERY_DEPTH_MAX } from '../limits.ts';
import { parseGroupQuery } from './parser.ts';
import type { GroupQuery } from './syntax.ts';

function treeOf(text: string): GroupQuery {
  const parsed = parseGroupQuery(text);
  assert.ok(parsed.ok, `${text}: ${JSON.stringify(parsed)}`);
  return parsed.value;
}

function equals(key: string, literal: string | number): GroupQuery {
  return { type: 'Equality', field: { type: 'Attribute', key }, operator: '=', literal };
}

const a = equals('a', 1);
const b = equals('b', 2);
const c = equals('c', 3);
const d = equals('d', 4);

suite('a group query is parsed', () => {
  test('with and binding tighter than or', () => {
    const tree = treeOf('attributes.a = 1 or attributes.b = 2 and attributes.c = 3');
    assert.deepEqual(tree, { type: 'Or', operands: [a, { type: 'And', operands: [b, c] }] });
  });

  test('with parentheses that change the precedence', () => {
    const tree = treeOf('(attributes.a = 1 or attributes.b = 2) and attributes.c = 3');
    assert.deepEqual(tree, { type: 'And', operands: [{ type: 'Or', operands: [a, b] }, c] });
  });

  test('with a chain as one list, and a parenthesized chain as its own', () => {
    const chain = 'attributes.a = 1 and attributes.b = 2 and attributes.c = 3';
    assert.deepEqual(treeOf(chain), { type: 'And', operands: [a, b, c] });
    const nested = '(attributes.a = 1 and attributes.b = 2) and attributes.c = 3';
    assert.deepEqual(treeOf(nested), {
      type: 'And',
      operands: [{ type: 'And', operands: [a, b] }, c],
    });
  });

  test('with parentheses closing several levels at once', () => {
    const text =
      '((attributes.a = 1 or attributes.b = 2) and (attributes.c = 3 or (attributes.d=4)))';
    assert.deepEqual(treeOf(text), {
      type: 'And',
      operands: [
        { type: 'Or', operands: [a, b] },
        { type: 'Or', operands: [c, d] },
      ],
    });
  });

  test('with keywords in any case, and fields and values exact', () => {
    const tree = treeOf('attributes.A iN ["X", \'y\', -7] AND name <> "Area1" Or attributes.a=1');
    assert.deepEqual(tree, {
      type: 'Or',
      operands: [
        {
          type: 'And',
          operands: [
            { type: 'In', field: { type: 'Attribute', key: 'A' }, literals: ['X', 'y', -7] },
            { type: 'Equality', field: { type: 'Name' }, operator: '!=', literal: 'Area1' },
          ],
        },
        a,
      ],
    });
  });

  test('with keywords as the keys of attributes', () => {
    assert.deepEqual(treeOf('attributes.and = 1'), equals('and', 1));
    assert.deepEqual(treeOf('attributes.in IN [1]'), {
      type: 'In',
      field: { type: 'Attribute', key: 'in' },
      literals: [1],
    });
    assert.deepEqual(treeOf('attributes.__proto__ = 1'), equals('__proto__', 1));
  });

  test('with any white space, or none', () => {
    assert.deepEqual(treeOf('\n\tattributes.a=1\r\n and(attributes.b=2)'), {
      type: 'And',
      operands: [a, b],
    });
  });

  for (const operator of ['<', '<=', '>', '>='] as const) {
    test(`with the order operator ${operator} before an integer`, () => {
      assert.deepEqual(treeOf(`attributes.floor${operator}-5`), {
        type: 'Order',
        field: { type: 'Attribute', key: 'floor' },
        operator,
        literal: -5,
      });
    });
  }

  const literals: readonly [string, string | number][] = [
    ['"it\'s"', "it's"],
    ['\'say "hi"\'', 'say "hi"'],
    ['"a\\\\b\\"c\\\'d\\ne\\tf"', 'a\\b"c\'d\ne\tf'],
    ['"\\u0041\\u00e9\\ud83d\\ude00"', 'Aé😀'],
    ['"😀"', '😀'],
    ['""', ''],
    ['0', 0],
    ['-0', 0],
    ['007', 7],
    ['9007199254740991', Number.MAX_SAFE_INTEGER],
    ['-9007199254740991', Number.MIN_SAFE_INTEGER],
  ];
  for (const [text, literal] of literals) {
    test(`with the literal ${text}`, () => {
      assert.deepEqual(treeOf(`attributes.x = ${text}`), equals('x', literal));
    });
  }

  test('up to its bounds of depth and length', () => {
    const nested = (depth: number): string =>
      `${'('.repeat(depth)}attributes.a = 1${')'.repeat(depth)}`;
    assert.deepEqual(treeOf(nested(GROUP_QUERY_DEPTH_MAX)), a);
    const long = `attributes.a = 1${' '.repeat(GROUP_QUERY_BYTES_MAX - 16)}`;
    assert.deepEqual(treeOf(long), a);
  });
});

const OPERATORS = '(=, !=, <>, <, <=, >, >= or IN)';
const FIELDS = 'a field (name or attributes.<key>)';
const CASE = 'Write it so: fields are case sensitive';
const KEYS =
  'write name or attributes.<key>: a key has letters A-Z and a-z, digits and underscores';
const LITERAL = 'a string in quotes or an integer';
const CONNECTIVE = 'and, or, or the end of the query';
const STRAIGHT = 'use straight quotes, " or \'';
const ESCAPES = 'use \\\\, \\", \\\', \\n, \\t or \\uXXXX; a backslash itself is written \\\\';
const INTEGER_RANGE = 'the integers from -9007199254740991 to 9007199254740991';

interface Refusal {
  readonly text: string;
  readonly position: number;
  readonly message: string;
  readonly remedy: string;
}

function refusal(text: string, position: number, message: string, remedy: string): Refusal {
  return { text, position, message, remedy };
}

const COMPARISON_REFUSALS = ['', '  ', 'attributes.a = 1 and', 'attributes.a = 1 or '].map((text) =>
  refusal(
    text,
    text.length,
    'found the end of the query where a comparison is expected',
    'write a comparison such as attributes.type = "sensor" or attributes.floor <= 5',
  ),
);

const FIELD_REFUSALS = [
  ['sensors', `did you mean attributes.sensors? ${CASE}`],
  ['Attributes.sensors', `did you mean attributes.sensors? ${CASE}`],
  ['attribute.sensors', `did you mean attributes.sensors? ${CASE}`],
  ['client.attributes.sensors', `did you mean attributes.sensors? ${CASE}`],
  ['client.name', `did you mean name? ${CASE}`],
  ['Name', `did you mean name? ${CASE}`],
  ['authenticationName', `did you mean name? ${CASE}`],
  ['attributes', 'name the attribute: attributes.<key>'],
  ['attributes.', KEYS],
  ['attributes.a.b', KEYS],
  ['attributes.a-b', KEYS],
  ['attributes.étage', KEYS],
  ['not', 'there is no not: compare with != instead'],
  ['OR', 'write a comparison on both sides of or'],
  ['and', 'write a comparison on both sides of and'],
  ['in', 'write the field before IN'],
].map(([word, remedy]) =>
  refusal(`  ${word} = "x"`, 2, `found "${word}" where ${FIELDS} is expected`, remedy ?? ''),
);

const OPERATOR_REFUSALS = [
  ['==', 'write = for equality'],
  ['=>', 'write >='],
  ['=<', 'write <='],
  ['!', 'there is no negation: compare with != instead'],
  ['like', 'there are no patterns: compare with = or IN'],
  ['contains', 'write =: on an array it means that the array contains the value'],
  ['IS', 'write ='],
  ['between', 'write two comparisons joined by and, one with >= and one with <='],
  ['not', 'there is no not: compare with != instead, joined by and for several values'],
  ['equals', 'write one of =, !=, <>, <, <=, >, >= or IN'],
  ['.', 'write one of =, !=, <>, <, <=, >, >= or IN'],
].map(([operator, remedy]) =>
  refusal(
    `attributes.a ${operator} "x"`,
    13,
    `found "${operator}" where an operator ${OPERATORS} is expected`,
    remedy ?? '',
  ),
);

const LITERAL_REFUSALS = [
  ['home', '"home"', 'put the string in quotes: "home"'],
  ['true', '"true"', 'put the string in quotes: "true"'],
  ['“home”', '"“" (U+201C)', STRAIGHT],
  ['‘home’', '"‘" (U+2018)', STRAIGHT],
  ['`home`', '"`"', STRAIGHT],
  ['[1]', '"["', 'write IN before a list'],
  ['+1', '"+"', 'write numbers as digits, with - before a negative one'],
  ['-', '"-"', 'write numbers as digits, with - before a negative one'],
  ['\u00a01', '"\u00a0" (U+00A0)', 'write a string in quotes or an integer'],
  ['\u{1f600}', '"\u{1f600}" (U+1F600)', 'write a string in quotes or an integer'],
  ['', 'the end of the query', 'write a string in quotes or an integer'],
].map(([text, found, remedy]) =>
  refusal(`name = ${text}`, 7, `found ${found} where ${LITERAL} is expected`, remedy ?? ''),
);

const MALFORMED_REFUSALS = [
  ...['5.5', '1e5', '0x10', '5_000', '5th'].map((number) =>
    refusal(
      `name = ${number}`,
      7,
      `found "${number}" where an integer is expected: it has digits only`,
      'write an integer, or put a string in quotes',
    ),
  ),
  ...['9007199254740992', '-9007199254740992', '9'.repeat(100)].map((number) =>
    refusal(
      `attributes.a < ${number}`,
      15,
      `"${number}" is not within ${INTEGER_RANGE}`,
      'write an integer within 2^53-1 either way, or compare with a string in quotes',
    ),
  ),
  ...['"', "'"].flatMap((mark) =>
    [`${mark}home`, mark, `${mark}home\\`, `${mark}home\\${mark}`].map((text) =>
      refusal(
        `name = ${text}`,
        7,
        `the string that starts here has no closing ${mark}`,
        `close the string with ${mark}`,
      ),
    ),
  ),
  refusal(
    'name = "a\\qb"',
    9,
    'found a backslash before "q" in a string, which is no escape',
    ESCAPES,
  ),
  ...['\\u12', '\\u12g4', '\\u'].map((escape) =>
    refusal(
      `name = "a${escape}"`,
      9,
      'found \\u without four hexadecimal digits in a string',
      ESCAPES,
    ),
  ),
  refusal(
    'name = "a\nb"',
    9,
    'found the control character "\\n" in a string',
    'close the string before it, or write it as \\n, \\t or \\uXXXX',
  ),
  refusal(
    'name = "\0"',
    8,
    'found the control character "\\u0000" in a string',
    'close the string before it, or write it as \\n, \\t or \\uXXXX',
  ),
];

const ORDER_REFUSALS = ['<', '<=', '>', '>='].map((operator) =>
  refusal(
    `attributes.a ${operator} "5"`,
    14 + operator.length,
    `found the string "5" where an integer after ${operator} is expected`,
    `compare with an integer: ${operator} does not order strings; use =, != or IN for them`,
  ),
);

const LIST_REFUSALS = [
  refusal(
    'name IN ("a")',
    8,
    'found "(" where [ after IN is expected',
    'write the values in square brackets: IN ["motion", "humidity"]',
  ),
  refusal(
    'name IN []',
    9,
    'found an empty list where IN expects at least one value',
    'write at least one value between [ and ]',
  ),
  refusal(
    'name IN ["a",]',
    13,
    'found "]" where another value is expected after the comma',
    'remove the comma before ]',
  ),
  refusal(
    'name IN [a]',
    9,
    `found "a" where ${LITERAL} is expected`,
    'put the string in quotes: "a"',
  ),
  ...[
    ['name IN ["a" "b"]', 13, 'the string "b"'],
    ['name IN ["a"', 12, 'the end of the query'],
    ['name IN [1)', 10, '")"'],
  ].map(([text, position, found]) =>
    refusal(
      String(text),
      Number(position),
      `found ${found} where "," or "]" is expected`,
      'separate values by commas and close the list with ]',
    ),
  ),
];

const CONNECTIVE_REFUSALS = [
  ['&&', 'write and'],
  ['||', 'write or'],
  [',', 'join comparisons by and or or'],
  [';', 'join comparisons by and or or'],
  ['xor', 'join comparisons by and or or'],
  [')', 'remove it, or open the parenthesis that it closes'],
].map(([found, remedy]) =>
  refusal(
    `name = "a" ${found} name = "b"`,
    11,
    `found "${found}" where ${CONNECTIVE} is expected`,
    remedy ?? '',
  ),
);

const PARENTHESIS_REFUSALS = [
  refusal(
    'name = "a" and (name = "b" or (name = "c")',
    42,
    'found the end of the query where and, or, or ")" is expected',
    'close the parenthesis opened at character 16',
  ),
  refusal(
    '(name = "a"]',
    11,
    'found "]" where and, or, or ")" is expected',
    'join comparisons by and or or',
  ),
  refusal(
    '()',
    1,
    'found ")" where a comparison is expected',
    'write a comparison such as attributes.type = "sensor" or attributes.floor <= 5',
  ),
  refusal(
    '5 < attributes.a',
    0,
    `found the integer 5 where ${FIELDS} is expected`,
    'write the field before the operator and the value after it',
  ),
  refusal(
    `${'('.repeat(GROUP_QUERY_DEPTH_MAX + 1)}name = "a"`,
    GROUP_QUERY_DEPTH_MAX,
    'the parentheses are nested deeper than 32',
    'remove the parentheses that change nothing: and binds tighter than or',
  ),
  refusal(
    'é'.repeat(GROUP_QUERY_BYTES_MAX / 2 + 1),
    0,
    'the query has 8194 bytes in UTF-8: at most 8192 are allowed',
    'shorten it to 8192 bytes: IN takes less than = joined by or',
  ),
  refusal(
    'sensors = “motion”',
    0,
    `found "sensors" where ${FIELDS} is expected`,
    `did you mean attributes.sensors? ${CASE}`,
  ),
];

suite('a group query is refused with the leftmost fault and a remedy', () => {
  const refusals = [
    COMPARISON_REFUSALS,
    FIELD_REFUSALS,
    OPERATOR_REFUSALS,
    LITERAL_REFUSALS,
    MALFORMED_REFUSALS,
    ORDER_REFUSALS,
    LIST_REFUSALS,
    CONNECTIVE_REFUSALS,
    PARENTHESIS_REFUSALS,
  ].flat();
  for (const { text, ...fault } of refusals) {
    test(`for ${JSON.stringify(text.slice(0, 60))}`, () => {
      assert.deepEqual(parseGroupQuery(text), { ok: false, fault });
    });
  }
});
