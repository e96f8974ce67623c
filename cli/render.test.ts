import assert from 'node:assert/strict';
import { test } from 'node:test';
import { printable } from '../domain/text.ts';
import { shellQuote } from './connect-help.ts';
import { objectLabel, shorten, table, violationLine } from './render.ts';

test('what a terminal would obey is shown instead', () => {
  assert.equal(
    printable('a\u001b[31mred\u0007\r\n\u202eb'),
    'a\\u{1b}[31mred\\u{7}\\u{d}\\u{a}\\u{202e}b',
  );
  assert.equal(printable('Zürich 東京 👍'), 'Zürich 東京 👍');
});

test('columns are as wide as their widest cell', () => {
  const rows = [
    ['KIND', 'NAME'],
    ['Client', 'a'],
    ['X', 'bb'],
  ];
  const cells = rows.map((row) => row.map((text) => ({ text })));
  assert.equal(table(cells), 'KIND    NAME\nClient  a\nX       bb');
});

test('a text that is too long ends in an ellipsis', () => {
  assert.equal(shorten('abcdef', 6), 'abcdef');
  assert.equal(shorten('abcdefg', 6), 'abcde…');
});

test('the Kubernetes namespace is shown where it is not the default one', () => {
  assert.equal(objectLabel('Client/default/a'), 'Client/a');
  assert.equal(objectLabel('Client/plant/a'), 'Client/plant/a');
});

test('a violation is one line, hostile names and all', () => {
  const line = violationLine({
    file: 'dir/a\n.yaml',
    line: 3,
    column: 5,
    object: 'ClientGroup/default/all',
    violation: {
      field: ['spec', 'query'],
      reason: 'InvalidQuery',
      message: 'is not',
      remedy: 'be',
    },
  });
  assert.equal(
    line,
    'dir/a\\u{a}.yaml:3:5  ClientGroup/all  spec.query  [InvalidQuery] is not; be',
  );
});

const words: readonly (readonly [string, string])[] = [
  ['samples/topic', 'samples/topic'],
  ['samples/#', "'samples/#'"],
  ['$(reboot)', "'$(reboot)'"],
  ["it's", "'it'\\''s'"],
  ['', "''"],
];

for (const [word, quoted] of words) {
  test(`${word || 'nothing'} can be pasted into a shell`, () => {
    assert.equal(shellQuote(word), quoted);
  });
}
