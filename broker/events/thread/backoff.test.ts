import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { backoffMs, DESTINATION_BACKOFF, EVENT_BACKOFF } from './backoff.ts';

/** The longest that chance makes of it. */
const longest = (failures: number, backoff = EVENT_BACKOFF): number =>
  backoffMs(backoff, failures, () => 1);

suite('the wait before the next attempt', () => {
  test('doubles from one second up to its bound', () => {
    assert.deepEqual(
      [1, 2, 3, 4].map((failures) => longest(failures)),
      [1000, 2000, 4000, 8000],
    );
    assert.equal(longest(12), 2_048_000);
    assert.equal(longest(13), 3_600_000);
    assert.equal(longest(1e9), 3_600_000);
    assert.equal(longest(1e9, DESTINATION_BACKOFF), 60_000);
  });

  test('is left to chance by half', () => {
    assert.equal(
      backoffMs(EVENT_BACKOFF, 3, () => 0),
      2000,
    );
    assert.equal(
      backoffMs(EVENT_BACKOFF, 3, () => 0.5),
      3000,
    );
  });

  test('lets the thirty attempts of the default policy use most of a day, and no more', () => {
    let totalMs = 0;
    for (let failures = 1; failures < 30; failures++) totalMs += longest(failures);
    assert.ok(totalMs > 12 * 3_600_000 && totalMs < 24 * 3_600_000, `${totalMs / 3_600_000} h`);
  });
});
