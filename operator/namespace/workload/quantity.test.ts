import assert from 'node:assert/strict';
import { test } from 'node:test';
import { quantityValue, sameQuantity } from './quantity.ts';

for (const [text, value] of [
  ['0', 0],
  ['1', 1],
  ['100m', 0.1],
  ['0.5u', 5e-7],
  ['1k', 1000],
  ['1.5M', 1_500_000],
  ['1Ki', 1024],
  ['1Mi', 1024 ** 2],
  ['1.5Gi', 1.5 * 1024 ** 3],
  ['2T', 2e12],
  ['1Pi', 1024 ** 5],
  ['3E', 3e18],
  [0.5, 0.5],
] as const) {
  test(`${text} is ${value}`, () => assert.equal(quantityValue(text), value));
}

for (const text of ['', 'Gi', '1KiB', '1K', '-1', '1e3', '1 Gi', 'five', '1.']) {
  test(`${JSON.stringify(text)} is no quantity of the CRD's`, () => {
    assert.equal(quantityValue(text), undefined);
  });
}

test('quantities are the same by their value, other texts by their letters', () => {
  assert.ok(sameQuantity('1Gi', '1024Mi'));
  assert.ok(sameQuantity('0.1', '100m'));
  assert.ok(sameQuantity(2, '2000m'));
  assert.ok(!sameQuantity('1Gi', '1G'));
  assert.ok(!sameQuantity('100m', '101m'));
  assert.ok(sameQuantity('1e3', '1e3'));
  assert.ok(!sameQuantity('1e3', '1000'));
  assert.ok(!sameQuantity('1000', '1e3'));
});
