import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Hunt } from './hunt.ts';
import { MUTANTS } from './mutants.ts';
import { SEED } from './setting.ts';

const RUN = fileURLToPath(new URL('./mutant-run.ts', import.meta.url));
const HUNT_MS = 300_000;
const FOUND_CHARACTERS = 160;

/** At a time: each takes a core. */
const HUNTS_AT_ONCE = 2;

async function huntOf(mutant: string): Promise<Hunt> {
  const options = { timeout: HUNT_MS };
  const { stdout } = await promisify(execFile)(process.execPath, [RUN, mutant, SEED], options);
  return JSON.parse(stdout) as Hunt;
}

test('bugs of known classes are found, each of them', { timeout: 900_000 }, async (t) => {
  const survivors: string[] = [];
  const left = ['none', ...MUTANTS.map(({ name }) => name)];
  const work = async (): Promise<void> => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      const { found, runs } = await huntOf(next);
      const how = found?.slice(0, FOUND_CHARACTERS) ?? 'nothing found';
      t.diagnostic(`${next}: ${how} (${runs} runs)`);
      if (next === 'none') assert.equal(found, undefined, 'where there is nothing to be found');
      else if (found === undefined) survivors.push(next);
    }
  };
  await Promise.all(Array.from({ length: HUNTS_AT_ONCE }, work));
  t.diagnostic(`${MUTANTS.length - survivors.length} of ${MUTANTS.length} found`);
  assert.deepEqual(survivors, [], `MQTTGRID_SEED=${SEED}`);
});
