import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { TestContext } from 'node:test';
import { pino } from 'pino';
import { CONFIG_MAPS, apiClient } from '../test/support/api-client.ts';
import { startApiServer } from '../test/support/api-server.ts';
import type { ApiServer } from '../test/support/api-server.ts';
import { eventually } from '../test/support/within.ts';
import { systemClock } from '../control/clock.ts';
import { loadKubeConfig } from './credentials.ts';
import { Informer } from './informer.ts';
import type { KubeObject, WatchEvent, WatchOptions, ResourceType } from './kube-api.ts';
import { KubeClient } from './kube-client.ts';

interface ConfigMap extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
}

const CAUGHT_UP_MS = 20_000;

let server: ApiServer;
before(async () => {
  server = await startApiServer();
});
after(() => server.stop());

/** The server ends each of its watches after two seconds, so that there are many. */
class ShortWatches extends KubeClient {
  watches = 0;
  lists = 0;

  /** Watches begin when it resolves. */
  gate = Promise.resolve();

  override async watch<T extends KubeObject>(
    type: ResourceType,
    options: WatchOptions,
    onEvent: (event: WatchEvent<T>) => void,
  ): Promise<void> {
    this.watches++;
    await this.gate;
    return super.watch(type, { ...options, timeoutSeconds: 2 }, onEvent);
  }

  override list: KubeClient['list'] = (type, options) => {
    this.lists++;
    return super.list(type, options);
  };
}

interface Following {
  readonly informer: Informer<ConfigMap>;
  readonly api: ShortWatches;
  /** What its changes say that there is: `name` to resourceVersion. */
  readonly told: Map<string, string>;
}

function follow(t: TestContext, labelSelector: string): Following {
  const config = loadKubeConfig(server.kubeconfig);
  const api = new ShortWatches({ config, clock: systemClock, random: Math.random });
  const told = new Map<string, string>();
  const informer = new Informer<ConfigMap>({
    api,
    type: CONFIG_MAPS,
    selection: { namespace: 'default', labelSelector },
    clock: systemClock,
    random: Math.random,
    logger: pino({ enabled: false }),
    onChange: (was, is) => {
      const { name } = (is ?? was)!.metadata;
      assert.equal(told.get(name), was?.metadata.resourceVersion, `${name} before`);
      if (is === undefined) told.delete(name);
      else told.set(name, is.metadata.resourceVersion!);
    },
  });
  informer.start();
  t.after(() => {
    informer.stop();
    api.close();
  });
  return { informer, api, told };
}

function configMap(name: string, group: string): ConfigMap {
  const metadata = { namespace: 'default', name, labels: { group } };
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata };
}

async function caughtUp(client: KubeClient, { informer, told }: Following, group: string) {
  const selection = { namespace: 'default', labelSelector: `group=${group}` };
  const { items } = await client.list(CONFIG_MAPS, selection);
  const sketch = ({ metadata }: KubeObject): string =>
    `${metadata.name} ${metadata.uid} ${metadata.resourceVersion}`;
  const expected = items.map(sketch).sort().join('\n');
  const actual = (): string => informer.list().map(sketch).sort().join('\n');
  await eventually(
    CAUGHT_UP_MS,
    `the state:\n${expected}`,
    () => actual() === expected || undefined,
  );
  assert.deepEqual(
    new Map(items.map(({ metadata }) => [metadata.name, metadata.resourceVersion])),
    told,
  );
}

test('it follows whatever is made, changed, deleted and made anew, over many watches', async (t) => {
  const client = apiClient(t, server.kubeconfig);
  const following = follow(t, 'group=busy');
  await following.informer.synced;
  const endMs = performance.now() + 5_000;
  for (let round = 0; performance.now() < endMs; round++) {
    const name = `busy-${round % 7}`;
    const held = await client.get<ConfigMap>(CONFIG_MAPS, { namespace: 'default', name });
    const uid = held?.metadata.uid;
    if (uid === undefined) {
      following.informer.wrote(await client.create(CONFIG_MAPS, configMap(name, 'busy')));
    } else if (round % 3 === 0) {
      await client.delete(CONFIG_MAPS, { namespace: 'default', name }, { uid });
    } else {
      const patch = { data: { round: String(round) } };
      const is = await client.patch<ConfigMap>(CONFIG_MAPS, held!.metadata, patch);
      if (round % 2 === 0) following.informer.wrote(is);
    }
  }
  await caughtUp(client, following, 'busy');
  assert.ok(following.api.watches >= 3, `${following.api.watches} watches`);
  assert.equal(following.api.lists, 1);
});

test('it follows over a restart of the server, and when the past is compacted meanwhile', async (t) => {
  const client = apiClient(t, server.kubeconfig);
  const following = follow(t, 'group=gone');
  await client.create(CONFIG_MAPS, configMap('stays', 'gone'));
  const vanishes = await client.create(CONFIG_MAPS, configMap('vanishes', 'gone'));
  await caughtUp(client, following, 'gone');
  const kept = following.informer.get('default', 'stays');

  await server.down();
  await server.up();
  await client.create(CONFIG_MAPS, configMap('after-a-restart', 'gone'));
  await caughtUp(client, following, 'gone');

  const { api, informer } = following;
  const gate = Promise.withResolvers<void>();
  api.gate = gate.promise;
  const { watches } = api;
  await eventually(CAUGHT_UP_MS, 'the next watch', () => api.watches > watches || undefined);
  assert.equal(api.lists, 1);
  await client.delete(CONFIG_MAPS, vanishes.metadata, { uid: vanishes.metadata.uid! });
  await client.create(CONFIG_MAPS, configMap('while-it-was-away', 'gone'));
  await server.compact();
  // The server itself remembers more than etcd does, until it ends.
  await server.down();
  await server.up();
  gate.resolve();
  await caughtUp(client, following, 'gone');
  assert.equal(api.lists, 2);
  assert.equal(informer.get('default', 'vanishes'), undefined);
  assert.equal(informer.get('default', 'stays'), kept);
});
