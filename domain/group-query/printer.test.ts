import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { parseGroupQuery } from './parser.ts';
import { printGroupQuery } from './printer.ts';

suite('a group query is printed canonically', () => {
  const cases: readonly [string, string][] = [
    ["attributes.a<>'x'", 'attributes.a != "x"'],
    ['((attributes.a=-0))', 'attributes.a = 0'],
    ['name in[1,"b"]', 'name IN [1, "b"]'],
    ['name="a" AND(name="b" Or name="c")', 'name = "a" and (name = "b" or name = "c")'],
    ['(name="a" and name="b") or name="c"', 'name = "a" and name = "b" or name = "c"'],
    ['(name="a" or name="b") or name="c"', '(name = "a" or name = "b") or name = "c"'],
    ['attributes.a\n>=\t1', 'attributes.a >= 1'],
    ['name = "it\\\'s \\u00e9 \\n\\t\\u0007\\"\\\\"', 'name = "it\'s é \\n\\t\\u0007\\"\\\\"'],
    ['name = "\\ud83d\\ude00 \\ud83d"', 'name = "😀 \\ud83d"'],
  ];
  for (const [text, canonical] of cases) {
    test(`${JSON.stringify(text)} as ${canonical}`, () => {
      const parsed = parseGroupQuery(text);
      assert.ok(parsed.ok);
      assert.equal(printGroupQuery(parsed.value), canonical);
      assert.deepEqual(parseGroupQuery(canonical), parsed);
    });
  }
});
