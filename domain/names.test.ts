import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { checkName, NAME_RULES } from './names.ts';
import type { NamedKind } from './resources.ts';

suite('a name is refused for', () => {
  const cases: [what: string, kind: NamedKind, name: string, message: RegExp][] = [
    ['a character that is not allowed', 'TopicSpace', 'a b-c', /^"a b-c" contains " ": a Topic/],
    ['a character of other kinds', 'ClientGroup', 'a_b.c:d', /contains "_"/],
    ['a slash', 'Client', 'a/b', /contains "\/"/],
    ['a line break at its end', 'Client', 'abc\n', /contains "\\n"/],
    ['a line break alone', 'Client', '\r', /contains "\\r"/],
    ['a NUL', 'Client', 'a\0', /contains "\\u0000"/],
    ['a letter beyond ASCII', 'Client', 'é', /contains "é"/],
    ['a character of two code units, shown whole', 'Client', 'a😀', /contains "😀"/],
    ['half of one, made harmless', 'Client', '\ud83d', /contains "\ufffd"/],
    ['being empty', 'Client', '', /^"" has 0 characters/],
    [
      'being short',
      'PermissionBinding',
      'ab',
      /has 2 characters: a PermissionBinding's name has 3/,
    ],
    ['being long', 'CaCertificate', 'a'.repeat(51), /has 51 characters/],
    ['being the group of all clients', 'ClientGroup', '$all', /always exists/],
  ];
  for (const [what, kind, name, message] of cases) {
    test(what, () => {
      const fault = checkName(kind, name);
      assert.match(fault?.message ?? '', message);
      assert.ok(fault?.message.isWellFormed());
    });
  }
});

test('every name of the allowed characters and length is a name, and no other', () => {
  const kinds = fc.constantFrom(...(Object.keys(NAME_RULES) as NamedKind[]));
  const names = fc.string({ unit: fc.constantFrom(...'aZ09-_.:/$ é\n😀'), maxLength: 60 });
  const check = (kind: NamedKind, name: string): void => {
    const { characters, lengthMin, lengthMax } = NAME_RULES[kind];
    const naively = new RegExp(`^${characters}{${lengthMin},${lengthMax}}$(?!\n)`).test(name);
    assert.equal(checkName(kind, name) === undefined, naively, JSON.stringify(name));
  };
  fc.assert(fc.property(kinds, names, check));
  const allowed = fc.stringMatching(/^[A-Za-z0-9-]{3,50}$/);
  fc.assert(fc.property(kinds, allowed, check));
});
