import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GROUPS, repeat } from './benchmark.ts';
import { BENCHMARKS } from './benchmarks.ts';
import { measureAll } from './measure.ts';

/** More than there are topics, identifiers or messages that an operation takes in turn. */
const CALLS = 70;

for (const { group, name, prepare } of BENCHMARKS) {
  test(`${group}: ${name} does what it says, as its plain counterpart does`, () => {
    const { operate, plain, yields } = prepare();
    for (const each of plain === undefined ? [operate] : [operate, plain.operate]) {
      for (let index = 0; index < CALLS; index++) assert.equal(each(index), yields);
      assert.equal(repeat(each, CALLS), CALLS * yields);
    }
  });
}

test('every group has benchmarks, and no two have one name', () => {
  assert.deepEqual([...new Set(BENCHMARKS.map(({ group }) => group))], GROUPS);
  const names = BENCHMARKS.map(({ group, name }) => `${group} ${name}`);
  assert.equal(new Set(names).size, names.length);
});

const SETTINGS = { rounds: 3, milliseconds: 0.2, progress: () => undefined };

test('a benchmark has a time, a spread and a ratio to the plain way', () => {
  const allocating = (index: number): number => [index, index].length;
  const [row] = measureAll(
    [
      {
        group: 'limits',
        name: 'arrays of two',
        prepare: () => ({
          operate: allocating,
          plain: { what: 'the same again', operate: allocating },
          yields: 2,
        }),
      },
    ],
    SETTINGS,
  );
  assert.ok(row!.own.nanoseconds > 0 && row!.own.spread >= 0);
  assert.equal(row!.plain?.what, 'the same again');
  assert.ok(row!.ratio! > 0.01 && row!.ratio! < 100);
});

test('a benchmark that does something else is not measured', () => {
  const wrong = {
    group: 'limits',
    name: 'wrong',
    prepare: () => ({ operate: () => 1, yields: 2 }),
  };
  assert.throws(() => measureAll([wrong as never], SETTINGS), /wrong.* answers 1.*not 2/);
});
