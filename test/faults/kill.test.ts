/**
 * Nothing that was acknowledged is lost to `kill -9`: the broker is killed while publishers and
 * subscribers are at work, and the history of what they saw is checked. `MQTTGRID_KILLS` says how
 * often, `MQTTGRID_SEED` repeats the choices of a run.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runKills } from './kill-run.ts';

const kills = Number(process.env['MQTTGRID_KILLS'] ?? 50);
const seed = process.env['MQTTGRID_SEED'] ?? String(Date.now());

const KILL_MS_MAX = 3000;

test(
  `${kills} kills lose nothing that was acknowledged, and break no order`,
  { timeout: 60000 + kills * KILL_MS_MAX },
  async (t) => {
    t.diagnostic(`MQTTGRID_SEED=${seed} MQTTGRID_KILLS=${kills}`);
    const { history, startsKilled, errors } = await runKills({ seed, kills });
    t.diagnostic(
      `${history.acknowledgedMessages} messages acknowledged, ${history.deliveries} deliveries, ` +
        `${startsKilled} of the kills while the broker started`,
    );
    assert.deepEqual(history.finish(), [], `MQTTGRID_SEED=${seed}`);
    assert.equal(errors, '', 'a store that is killed is neither damaged nor slow');
    assert.ok(history.acknowledgedMessages > 2 * kills);
  },
);

test('a broker that acknowledges before it commits is found out', async () => {
  const { history } = await runKills({ seed: 'hasty', kills: 4, hasty: true });
  assert.ok(history.finish().some(({ kind }) => kind === 'lost'));
});
