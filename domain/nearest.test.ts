import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { didYouMean, nearestOf } from './nearest.ts';

suite('the nearest word', () => {
  const cases: [string, string[], string | undefined][] = [
    ['vehicels', ['vehicles', 'mobiles'], 'vehicles'],
    ['gird', ['grid', 'bird-watch'], 'grid'],
    ['Vehicle', ['vehicle', 'vehicles'], 'vehicle'],
    ['vehicle1', ['vehicle3', 'vehicle2'], 'vehicle2'],
    ['a', ['b'], undefined],
    ['abc', ['xyz'], undefined],
    ['sensors', ['sensor-group-of-area-1'], undefined],
    ['', ['a'], undefined],
    ['x'.repeat(10_000), ['x'.repeat(10_000)], undefined],
  ];
  for (const [word, candidates, expected] of cases) {
    test(`to ${word.slice(0, 20)} among ${candidates.join(', ').slice(0, 40)}`, () => {
      assert.equal(nearestOf(word, candidates), expected);
    });
  }

  test('is found after one slip of the finger, whatever the word', () => {
    const words = fc.stringMatching(/^[a-z]{4,20}$/);
    const check = (word: string, place: number): void => {
      const at = place % word.length;
      const without = word.slice(0, at) + word.slice(at + 1);
      assert.equal(nearestOf(without, [word]), word);
    };
    fc.assert(fc.property(words, fc.nat(), check));
  });

  test('begins the remedy, or leaves it as it is', () => {
    assert.equal(didYouMean('gird', ['grid'], 'declare it'), 'did you mean "grid"? declare it');
    assert.equal(didYouMean('gird', [], 'declare it'), 'declare it');
  });
});
