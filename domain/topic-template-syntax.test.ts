import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { TOPIC_TEMPLATE_BYTES_MAX } from './limits.ts';
import { checkTopicFilter } from './topic-filter.ts';
import { parseTopicTemplate, printTopicTemplate, type TemplateLevel } from './topic-template.ts';

const NAME = { type: 'ClientName' } as const;
const PLUS = { type: 'SingleLevelWildcard' } as const;
const HASH = { type: 'MultiLevelWildcard' } as const;
const literal = (text: string) => ({ type: 'Literal', text }) as const;
const attribute = (key: string) => ({ type: 'ClientAttribute', key }) as const;
const pattern = (...parts: Extract<TemplateLevel, { type: 'Pattern' }>['parts']) =>
  ({ type: 'Pattern', parts }) as const;

suite('a topic template is read and written', () => {
  const cases: readonly [string, readonly TemplateLevel[], string?][] = [
    ['a', [literal('a')]],
    ['/', [literal(''), literal('')]],
    ['a//+/#', [literal('a'), literal(''), PLUS, HASH]],
    ['machines/${client.name}/temp', [literal('machines'), pattern(NAME), literal('temp')]],
    [
      'machines/${client.name|.factory1}/temp',
      [literal('machines'), pattern(NAME, literal('.factory1')), literal('temp')],
      'machines/${client.name}.factory1/temp',
    ],
    ['vehicle-${client.name}-x', [pattern(literal('vehicle-'), NAME, literal('-x'))]],
    ['${pre-|client.name}', [pattern(literal('pre-'), NAME)], 'pre-${client.name}'],
    [
      '${client.name|client.attributes.Floor_2}',
      [pattern(NAME, attribute('Floor_2'))],
      '${client.name}${client.attributes.Floor_2}',
    ],
    ['a${b|client.name|c}d', [pattern(literal('ab'), NAME, literal('cd'))], 'ab${client.name}cd'],
    ['${client.attributes.__proto__}', [pattern(attribute('__proto__'))]],
    ['vehicles/${dollar}telemetry/#', [literal('vehicles'), literal('$telemetry'), HASH], ''],
    ['$SYS/x', [literal('$SYS'), literal('x')]],
    ['$', [literal('$')]],
    ['$${client.name}', [pattern(literal('$'), NAME)]],
    ['${dollar}{a}', [literal('${a}')]],
    ['a{b}|c', [literal('a{b}|c')]],
    ['${client.name}}', [pattern(NAME, literal('}'))]],
    ['$share-it/a', [literal('$share-it'), literal('a')]],
    ['a/$share', [literal('a'), literal('$share')]],
  ];
  for (const [text, levels, canonical = text] of cases) {
    test(text, () => {
      const parsed = parseTopicTemplate(text);
      assert.deepEqual(parsed, { ok: true, value: { text, levels } });
      const printed = canonical === '' ? text.replaceAll('${dollar}', '$') : canonical;
      assert.equal(parsed.ok && printTopicTemplate(parsed.value), printed);
    });
  }
});

suite('a topic template is refused', () => {
  const long = 'é'.repeat(TOPIC_TEMPLATE_BYTES_MAX / 2);
  const cases: readonly [string, number, RegExp, RegExp][] = [
    ['', 0, /is empty/, /at least one level/],
    [`${long}x`, 0, /has 1025 bytes in UTF-8; the limit is 1024/, /shorten it to 1024 bytes/],
    ['a/\0', 2, /null character/, /remove/],
    ['a/\ud800b', 2, /surrogate/, /valid Unicode/],
    ['a/b+', 3, /"\+" stands for one whole level/, /the whole level/],
    ['a/#/b', 2, /"#" stands for all remaining levels/, /end with "\/#"/],
    ['a#', 1, /"#" stands/, /end with/],
    ['+${client.name}', 0, /"\+" stands/, /the whole level/],
    ['${client.name}#', 14, /"#" stands/, /end with/],
    ['a/${client.name', 2, /not closed/, /close it with "}"/],
    ['a/${client.name/b}', 2, /not closed/, /cannot cover more than one level/],
    ['a/${', 2, /not closed/, /close it/],
    ['a/${}', 4, /names no variable/, /\$\{client\.name\}/],
    ['${client.name|}', 14, /part .* is empty/, /remove the "\|"/],
    ['${|client.name}', 2, /part .* is empty/, /remove the "\|"/],
    ['${client.name||x}', 14, /part .* is empty/, /remove the "\|"/],
    ['${client.name|dollar}', 14, /escape for shells/, /for a literal \$ write \$\{dollar\}/],
    ['a/${x|dollar}', 6, /escape for shells/, /for a literal \$ write \$\{dollar\}/],
    ['${dollar|client.name}', 2, /escape for shells/, /\$\{dollar\}/],
    ['${Dollar}', 2, /escape for shells/, /\$\{dollar\}/],
    ['${foo}', 2, /"foo" contains no variable/, /write the text without/],
    ['${a|b}', 2, /"a\|b" contains no variable/, /write the text without/],
    ['${client.foo}', 2, /"client\.foo" is not a variable/, /case sensitive/],
    ['${client.Name}', 2, /is not a variable/, /\$\{client\.name\}/],
    ['${Client.name}', 2, /is not a variable/, /case sensitive/],
    ['${ client.name }', 2, /is not a variable/, /\$\{client\.name\}/],
    ['${client}', 2, /is not a variable/, /\$\{client\.name\}/],
    ['${client.authenticationName}', 2, /is not a variable/, /\$\{client\.name\}/],
    ['${client.name|client.nam}', 14, /"client\.nam" is not a variable/, /\$\{client\.name\}/],
    ['${principal.deviceid}', 2, /is not a variable/, /use \$\{client\.name\}/],
    ['${x|principal.name|client.name}', 4, /is not a variable/, /use \$\{client\.name\}/],
    ['${client.attributes}', 2, /is not a variable/, /by its key/],
    ['${client.attributes.}', 2, /is not a variable/, /letters, digits and underscores/],
    ['${client.attributes.a-b}', 2, /is not a variable/, /letters, digits and underscores/],
    ['${client.name|a+b}', 15, /contains "\+"/, /remove "\+"/],
    ['${client.name|#}', 14, /contains "#"/, /remove "#"/],
    ['${client.name|${client.name}}', 15, /contains "\{"/, /close the braces before it/],
    ['a/{client.name}', 2, /in braces without "\$"/, /\$\{client\.name\}/],
    ['a/{{client.attributes.x}}', 3, /in braces without "\$"/, /\$\{client\.name\}/],
    ['$share/group/a', 0, /shared subscriptions/, /topic filter that follows/],
    ['${dollar}share/group/a', 0, /shared subscriptions/, /topic filter that follows/],
  ];
  for (const [text, position, message, remedy] of cases) {
    test(`when it is ${JSON.stringify(text.slice(0, 40))}`, () => {
      const parsed = parseTopicTemplate(text);
      assert.ok(!parsed.ok);
      assert.match(parsed.fault.message, message);
      assert.match(parsed.fault.remedy, remedy);
      assert.equal(parsed.fault.position, position);
    });
  }

  test('but not at the length limit itself', () => {
    assert.ok(parseTopicTemplate(long).ok);
  });
});

suite('the parser', () => {
  const fragment = fc.oneof(
    fc.constantFrom('/', '+', '#', '$', '{', '}', '|', '${', 'a', '.b', 'client.', 'dollar'),
    fc.constantFrom('${client.name}', '${client.attributes.x}', '${dollar}', '/${client.name'),
    fc.constantFrom('${client.name|b}', '${c|client.name|client.attributes.y_2}', '${client'),
    fc.string({ unit: 'binary', maxLength: 3 }),
  );
  const text = fc.array(fragment, { maxLength: 10 }).map((fragments) => fragments.join(''));

  test('answers any text with a template or with a fault inside of it', () => {
    fc.assert(
      fc.property(fc.oneof(text, fc.string({ unit: 'binary' })), (input) => {
        const parsed = parseTopicTemplate(input);
        if (parsed.ok) return;
        const { position, message, remedy } = parsed.fault;
        assert.ok(position >= 0 && position <= input.length, `${position}`);
        assert.ok(message !== '' && remedy !== '');
        assert.ok(message.isWellFormed());
      }),
      { numRuns: 2000 },
    );
  });

  test('reads what it printed as the same levels', () => {
    fc.assert(
      fc.property(text, (input) => {
        const parsed = parseTopicTemplate(input);
        fc.pre(parsed.ok);
        const printed = printTopicTemplate(parsed.value);
        const value = { text: printed, levels: parsed.value.levels };
        assert.deepEqual(parseTopicTemplate(printed), { ok: true, value });
      }),
      { numRuns: 1000, maxSkipsPerRun: 100 },
    );
  });

  test('takes every topic filter without variables for a template that prints as itself', () => {
    fc.assert(
      fc.property(text, (input) => {
        fc.pre(checkTopicFilter(input, TOPIC_TEMPLATE_BYTES_MAX) === undefined);
        fc.pre(!/\$\{|\{client\.|^\$share(\/|$)/.test(input));
        const parsed = parseTopicTemplate(input);
        assert.ok(parsed.ok);
        assert.equal(printTopicTemplate(parsed.value), input);
      }),
      { maxSkipsPerRun: 100 },
    );
  });
});
