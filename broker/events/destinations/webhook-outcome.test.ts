import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Outcome } from './destination.ts';
import { outcomeOf, retryAfterMsOf } from './webhook-outcome.ts';

const NOW_MS = Date.parse('2026-01-01T00:00:00Z');

/** `Failed Destination Refused` and the like. */
function inShort(outcome: Outcome): string {
  return outcome.type === 'Failed' ? `Failed ${outcome.scope} ${outcome.fault}` : outcome.type;
}

const VERDICTS = {
  Delivered: [200, 201, 202, 203, 204],
  Rejected: [400, 413, 422],
  'Failed Destination Refused': [
    ...[300, 301, 302, 303, 304, 307, 308, 399],
    ...[401, 403, 404, 405, 407, 408, 410, 414, 415, 421, 425, 429, 431, 503],
    ...[0, 101, 199, 600, 999],
  ],
  'Failed Destination Unreachable': [502, 504],
  'Failed Event Refused': [205, 206, 207, 299, 402, 406, 409, 418, 451, 499, 500, 501, 507, 599],
} as const;

for (const [expected, statuses] of Object.entries(VERDICTS)) {
  test(`${expected}: ${statuses.join(' ')}`, () => {
    for (const status of statuses) {
      const outcome = outcomeOf({ status, headers: {} }, 'POST https://a/b', NOW_MS);
      assert.equal(inShort(outcome), expected, String(status));
    }
  });
}

const FOLLOWED = 'redirects are not followed: state the URL that takes the events';

test('a cause says what was tried, what came of it, and what would mend it', () => {
  for (const [status, headers, words] of [
    [404, {}, '404 Not Found; check the url, and that its receiver takes POST requests'],
    [413, {}, '413 Payload Too Large'],
    [415, {}, '415 Unsupported Media Type; set maxEventsPerBatch to 1 where it takes no batches'],
    [500, {}, '500 Internal Server Error'],
    [599, {}, '599'],
    [301, {}, `301 Moved Permanently; ${FOLLOWED}`],
    [302, { location: '/relative' }, `302 Found; ${FOLLOWED}`],
    [
      302,
      { location: 'https://u:p@c:8443/d?token=x#y' },
      `302 Found; ${FOLLOWED}, such as https://c:8443/d`,
    ],
  ] as const) {
    const outcome = outcomeOf({ status, headers }, 'POST https://a/b', NOW_MS);
    const cause = outcome.type === 'Delivered' ? undefined : outcome.cause;
    assert.equal(cause, `POST https://a/b: answered ${words}`);
  }
});

test('a redirect shows no more of its target than fits into a status', () => {
  const headers = { location: `https://c/${'d'.repeat(5000)}` };
  const outcome = outcomeOf({ status: 301, headers }, 'POST https://a/b', NOW_MS);
  assert.ok(outcome.type === 'Failed' && outcome.cause.length < 400);
});

test('Retry-After is seconds or a date, and at most an hour', () => {
  for (const [value, expectedMs] of [
    [undefined, undefined],
    ['', undefined],
    ['soon', undefined],
    ['-1', undefined],
    ['1.5', undefined],
    ['1e3', undefined],
    ['0', 0],
    ['120', 120_000],
    [' 5 ', 5000],
    ['3600', 3_600_000],
    ['3601', 3_600_000],
    ['9'.repeat(400), 3_600_000],
    ['Thu, 01 Jan 2026 00:02:00 GMT', 120_000],
    ['Thu, 01 Jan 2026 02:00:00 GMT', 3_600_000],
    ['Wed, 31 Dec 2025 23:59:00 GMT', 0],
    ['Thu, 99 Jan 2026 00:02:00 GMT', undefined],
    ['2026-01-01T00:02:00Z', undefined],
  ] as const) {
    assert.equal(retryAfterMsOf(value, NOW_MS), expectedMs, value);
  }
});

test('every failure passes on how much time the destination asks for', () => {
  const headers = { 'retry-after': '7' };
  for (const status of [301, 408, 429, 500, 503]) {
    const outcome = outcomeOf({ status, headers }, 'POST https://a/b', NOW_MS);
    assert.equal(outcome.type === 'Failed' && outcome.retryAfterMs, 7000);
  }
  assert.deepEqual(outcomeOf({ status: 204, headers }, '', NOW_MS), { type: 'Delivered' });
  const without = outcomeOf({ status: 503, headers: {} }, '', NOW_MS);
  assert.equal('retryAfterMs' in without, false);
});
