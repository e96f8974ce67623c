/** What a Pulumi program declares into a folder, and what `mqttgrid up` makes of it meanwhile. */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { pino } from 'pino';
import { systemClock } from '../standalone/clock.ts';
import { startStandalone, type Standalone } from '../standalone/standalone.ts';
import {
  client,
  GRID,
  manifest,
  openFolder,
  space,
  type Folder,
} from './support/directory-target.ts';
import { temporaryFolder } from './support/temporary-folder.ts';
import { eventually } from './support/within.ts';

/** Generous: the machine that runs the tests may be busy. */
const EVENTUALLY_MS = 10_000;

async function serve(t: TestContext): Promise<{ folder: Folder; served: Standalone }> {
  const folder = openFolder(t);
  mkdirSync(folder.path);
  await folder.apply(GRID);
  const started = await startStandalone({
    folder: folder.path,
    host: '127.0.0.1',
    port: 0,
    data: join(temporaryFolder(t), 'data'),
    developmentCertificates: true,
    clock: systemClock,
    logger: pino({ level: 'silent' }),
    onEvent: () => undefined,
  });
  assert.ok(started.ok);
  t.after(() => started.value.close());
  return { folder, served: started.value };
}

test('what is declared is served, changed, and no longer served once it is removed', async (t) => {
  const { folder, served } = await serve(t);
  const attribute = (): unknown => {
    return served.served[0]?.snapshot.clients.find(({ name }) => name === 'vehicle-1')?.attributes;
  };
  const until = (what: string, floor: number | undefined): Promise<unknown> =>
    eventually(EVENTUALLY_MS, what, () => {
      const expected = floor === undefined ? undefined : { floor };
      return JSON.stringify(attribute()) === JSON.stringify(expected) ? true : undefined;
    });
  await folder.apply(client('vehicle-1', { floor: 1 }));
  await until('it is served', 1);
  await folder.apply(client('vehicle-1', { floor: 2 }));
  await until('the change is served', 2);
  await folder.remove(client('vehicle-1'));
  await until('it is no longer served', undefined);
});

test('an object that is made anew is served anew, with what is immutable otherwise', async (t) => {
  const { folder, served } = await serve(t);
  const support = (): string | undefined =>
    served.served[0]?.snapshot.topicSpaces[0]?.subscriptionSupport;
  const until = (expected: string): Promise<unknown> =>
    eventually(EVENTUALLY_MS, expected, () => (support() === expected ? true : undefined));
  const { spec } = space('alerts', 'alerts/#');
  await folder.apply(space('alerts', 'alerts/#'));
  await until('LowFanout');
  for (const subscriptionSupport of ['HighFanout', 'NotSupported', 'LowFanout']) {
    await folder.remove(space('alerts'));
    await folder.apply(manifest('TopicSpace', 'alerts', { ...spec, subscriptionSupport }));
    await until(subscriptionSupport);
  }
});
