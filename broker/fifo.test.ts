import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Fifo } from './fifo.ts';

test('what is pushed comes out in its order, however much of it, as from an array', () => {
  const steps = fc.array(
    fc.oneof(
      fc.record({ do: fc.constant('push' as const), count: fc.nat(700) }),
      fc.record({ do: fc.constant('shift' as const), count: fc.nat(700) }),
      fc.record({
        do: fc.constantFrom('filter' as const, 'clear' as const),
        count: fc.constant(0),
      }),
    ),
  );
  const isKept = (value: number): boolean => value % 3 > 0;
  const property = fc.property(steps, (all) => {
    const fifo = new Fifo<number>();
    let model: number[] = [];
    let number = 0;
    for (const { do: what, count } of all) {
      for (let index = 0; index < count; index++) {
        if (what === 'push') {
          fifo.push(++number);
          model.push(number);
        } else assert.equal(fifo.shift(), model.shift());
      }
      if (what === 'clear') {
        fifo.clear();
        model = [];
      } else if (what === 'filter') {
        const kept = model.filter(isKept);
        assert.equal(fifo.filter(isKept), model.length - kept.length);
        model = kept;
      }
      assert.deepEqual([fifo.length, fifo.first], [model.length, model[0]]);
      assert.deepEqual(fifo.rest(), model);
    }
  });
  fc.assert(property);
});
