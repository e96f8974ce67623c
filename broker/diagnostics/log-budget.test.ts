import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { pino } from 'pino';
import { ReasonCode } from '../../domain/reason-codes.ts';
import { SteppedClock } from '../../test/conformance/stepped-clock.ts';
import { Diagnostics } from './diagnostics.ts';
import { LogBudget } from './log-budget.ts';

const BURST = 1000;
const PER_SECOND = 100;

test('however they come, no more lines are written than the burst and the rate allow', () => {
  const step = fc.record({
    // A clock may be set back.
    elapsedMs: fc.integer({ min: -5000, max: 5000 }),
    lines: fc.integer({ min: 0, max: 3000 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
      const budget = new LogBudget(0);
      let nowMs = 0;
      let passedMs = 0;
      let written = 0;
      let suppressed = 0;
      for (const { elapsedMs, lines } of steps) {
        nowMs += elapsedMs;
        passedMs += Math.max(0, elapsedMs);
        for (let line = 0; line < lines; line++) {
          if (budget.take(nowMs)) written++;
          else suppressed++;
        }
      }
      assert.ok(written <= BURST + (passedMs * PER_SECOND) / 1000);
      assert.equal(budget.suppressed(nowMs), suppressed, 'each that was left out is counted');
      assert.equal(budget.suppressed(nowMs), 0);
    }),
  );
});

test('a flood of refusals becomes a bounded log that says how much it left out', () => {
  const clock = new SteppedClock();
  const written: string[] = [];
  const logger = pino({ level: 'debug' }, { write: (line) => void written.push(line) });
  const diagnostics = new Diagnostics(logger, clock);
  const peer = { number: 1, client: 'c', version: 5, remoteAddress: '127.0.0.1' } as const;
  const ending = { code: ReasonCode.NotAuthorized, reason: 'no' };
  const seconds = 30;
  for (let second = 0; second < seconds; second++) {
    for (let line = 0; line < 5000; line++) {
      diagnostics.publishRefused(peer, { topic: 'a', qos: 0, ending });
    }
    diagnostics.tellSuppressed();
    clock.step(1000);
  }
  clock.step(10000);
  diagnostics.tellSuppressed();
  const lines = written.map((line) => JSON.parse(line) as { suppressed?: number });
  const told = lines.flatMap(({ suppressed }) => suppressed ?? []);
  const refusals = lines.length - told.length;
  assert.equal(refusals + told.reduce((sum, count) => sum + count), seconds * 5000);
  assert.ok(refusals <= BURST + seconds * PER_SECOND);
  assert.equal(told.length, 4, 'at most every ten seconds');
  diagnostics.connectRefused(peer, ending);
  assert.match(written.at(-1)!, /CONNECT refused/, 'each category has a budget of its own');
});
