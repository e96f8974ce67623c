import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { OverlapIndex } from './overlap-index.ts';
import { findOverlap } from './overlap.ts';
import { parseTopicTemplate, type TopicTemplate } from './topic-template.ts';

function parse(text: string): TopicTemplate {
  const parsed = parseTopicTemplate(text);
  assert.ok(parsed.ok, text);
  return parsed.value;
}

const level = fc.constantFrom('a', 'b', '', '+', '$s', '${client.name}', 'a-${client.name}');
const first = fc.oneof(
  level,
  fc.constantFrom('${dollar}${client.name}', '${dollar|s}', '${dollar}'),
);
const texts = fc
  .tuple(first, fc.array(level, { maxLength: 3 }), fc.boolean())
  .map(([front, rest, multi]) => [front, ...rest, ...(multi ? ['#'] : [])].join('/'))
  .filter((text) => text !== '' && parseTopicTemplate(text).ok);
const templates = fc.oneof({ weight: 9, arbitrary: texts }, fc.constant('#')).map(parse);

test('the first template that one more overlaps is that of comparing it with each', () => {
  let overlapping = 0;
  const property = fc.property(fc.array(templates, { maxLength: 12 }), templates, (all, asked) => {
    const index = new OverlapIndex();
    for (const [number, template] of all.entries()) index.add(template, number);
    const expected = all.findIndex((each) => findOverlap(each, asked) !== undefined);
    if (expected > 0) overlapping++;
    assert.equal(index.first(asked), expected === -1 ? undefined : expected);
  });
  fc.assert(property, { numRuns: 2000 });
  assert.ok(overlapping > 100, `${overlapping} overlapped another than the first`);
});
