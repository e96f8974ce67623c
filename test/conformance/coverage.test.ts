import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tables } from './cases/tables.ts';
import type { Protocol } from './coverage.ts';
import { coverageOf } from './coverage.ts';

for (const protocol of ['3.1.1', '5'] as const satisfies readonly Protocol[]) {
  test(`every statement of MQTT ${protocol} that concerns this server has a case`, () => {
    assert.deepEqual(
      coverageOf(protocol).missing.map(({ id, says }) => `${id}: ${says}`),
      [],
    );
  });

  test(`every case of MQTT ${protocol} shows statements that there are`, () => {
    assert.deepEqual(coverageOf(protocol).unknown, []);
  });

  test(`no two cases of MQTT ${protocol} have one name, and no two statements one number`, () => {
    const titles = tables[protocol].map(({ statements, title }) => `${statements.join()} ${title}`);
    assert.deepEqual([...new Set(titles)], titles);
    const ids = coverageOf(protocol).statements.map(({ id }) => id);
    assert.deepEqual([...new Set(ids)], ids);
  });
}
