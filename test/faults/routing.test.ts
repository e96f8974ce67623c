/**
 * No event of a message that was acknowledged is lost to `kill -9`: the broker is killed while
 * publishers are at work and destinations are not always well, and what these took is checked.
 * `MQTTGRID_KILLS` says how often, `MQTTGRID_SEED` repeats the choices of a run.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runRoute } from './route-run.ts';

const kills = Number(process.env['MQTTGRID_KILLS'] ?? 20);
const seed = process.env['MQTTGRID_SEED'] ?? String(Date.now());

const KILL_MS_MAX = 5000;
/** Only what no destination took before the kill is lost, so that it takes some luck to see it. */
const HASTY_RUNS = 6;
const OVERFLOW_KILLS = 3;
const OUTBOX_MESSAGES = 60;

test(
  `${kills} kills lose no event of what was acknowledged, and break no order`,
  { timeout: 60000 + kills * KILL_MS_MAX },
  async (t) => {
    t.diagnostic(`MQTTGRID_SEED=${seed} MQTTGRID_KILLS=${kills}`);
    const { events, terminations, dropped, errors } = await runRoute({ seed, kills });
    const { history } = events;
    t.diagnostic(
      `${history.acknowledgedMessages} messages acknowledged, ${history.deliveries} events ` +
        `taken, ${terminations} of the ends by SIGTERM`,
    );
    assert.deepEqual(history.finish(), [], `MQTTGRID_SEED=${seed}`);
    assert.equal(errors, '', 'a store that is killed is neither damaged nor slow');
    assert.deepEqual([...dropped.values()], [0, 0, 0, 0]);
    assert.ok(history.acknowledgedMessages > 2 * kills);
  },
);

test('an outbox that commits after it acknowledges is found out', async () => {
  for (let attempt = 0; attempt < HASTY_RUNS; attempt++) {
    const { events } = await runRoute({ seed: `hasty-${attempt}`, kills: 4, hasty: true });
    if (events.history.finish().some(({ kind }) => kind === 'lost')) return;
  }
  assert.fail('nothing was lost, or nobody noticed');
});

test('what a full outbox gives up is counted, also where the broker is killed', async (t) => {
  t.diagnostic(`MQTTGRID_SEED=${seed}`);
  const { events, dropped, errors } = await runRoute({
    seed,
    kills: OVERFLOW_KILLS,
    limits: { eventOutboxMessages: OUTBOX_MESSAGES },
    messagesMin: 5 * OUTBOX_MESSAGES,
  });
  assert.match(errors, /at its bound of 60 messages/);
  const { history } = events;
  assert.deepEqual(history.violations, [], `MQTTGRID_SEED=${seed}`);
  assert.ok(history.missing('away') > 0);
  for (const [name, count] of dropped) {
    const missing = history.missing(name);
    assert.ok(missing <= count, `MQTTGRID_SEED=${seed}: ${name} lacks ${missing} of ${count}`);
    assert.ok(history.isUpToDate(name), `${name} goes on`);
  }
});

test('a full outbox that refuses loses nothing that it took', async (t) => {
  t.diagnostic(`MQTTGRID_SEED=${seed}`);
  const { events, refusals, dropped } = await runRoute({
    seed,
    kills: OVERFLOW_KILLS,
    outboxOverflow: 'RejectPublish',
    limits: { eventOutboxMessages: OUTBOX_MESSAGES },
    messagesMin: 2 * OUTBOX_MESSAGES,
  });
  assert.ok(refusals > 0);
  assert.deepEqual(events.history.finish(), [], `MQTTGRID_SEED=${seed}`);
  assert.deepEqual([...dropped.values()], [0, 0, 0, 0]);
});
