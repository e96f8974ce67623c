import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { SnapshotEventSubscription } from '../../../domain/snapshot.ts';
import type { KubeApi, KubeObject } from '../../../kube/kube-api.ts';
import { CONFIG_MAPS } from '../../../test/support/api-client.ts';
import { noting } from '../../../test/support/kept-workload.ts';
import { ModelApi } from '../../../test/support/kube-model/model-api.ts';
import { NAMESPACES } from '../../../test/support/kube-model/conformance.ts';
import { ModelClock } from '../../../test/support/kube-model/model-clock.ts';
import { ModelServer } from '../../../test/support/kube-model/model-server.ts';
import type { Secret } from '../../authority/authority-secret.ts';
import { Applier } from './applier.ts';
import { DestinationSecretsKeeper, type KeptSecrets } from './destination-secrets-keeper.ts';
import { DESTINATION_SECRETS_FILE } from './destination-secrets.ts';
import { DESTINATIONS_ANNOTATION } from './labels.ts';
import { workloadNames } from './names.ts';
import { PODS, SECRETS } from './owned-types.ts';
import type { Pod } from './pods.ts';

const NAMESPACE = 'plant';
const USER = { manager: 'kubectl' };
const SECOND_MS = 1000;

const SUBSCRIPTION: SnapshotEventSubscription = {
  name: 'all',
  filter: {},
  destination: { webhook: { url: 'https://a.example', authSecretName: 'auth' } },
  maxDeliveryAttempts: 1,
  eventTimeToLiveMs: 1,
};

const base64 = (text: string): string => Buffer.from(text).toString('base64');

function aScene() {
  const clock = new ModelClock();
  const server = new ModelServer({ clock });
  const object = (kind: string, name: string): KubeObject => {
    return { apiVersion: 'v1', kind, metadata: { namespace: NAMESPACE, name } };
  };
  const place = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } };
  server.create(NAMESPACES, place, USER);
  const owner = server.create(CONFIG_MAPS, object('ConfigMap', 'grid'), USER);
  const writes: string[] = [];
  const reads: string[] = [];
  const api: KubeApi = noting(new ModelApi({ server, clock, manager: 'operator' }), writes);
  const get = api.get.bind(api);
  api.get = (type, name) => {
    if (type.kind === 'Secret') reads.push(name.name);
    return get(type, name);
  };
  const owned = {
    get: <T extends KubeObject>() => undefined as T | undefined,
    ofWorkload: () => [],
    wrote: () => undefined,
  };
  const applier = new Applier({ ownerType: CONFIG_MAPS, api, owned, clock });
  const keeper = new DestinationSecretsKeeper({ api, applier, clock });
  const type = { apiVersion: 'v1', kind: 'ConfigMap' };
  const subject = {
    owner: { ...owner, ...type, spec: { routeTopicRef: { name: 'events' } } },
    names: workloadNames('grid'),
  };
  const pods = (): Pod[] => server.all(PODS);
  const keep = async (eventSubscriptions = [SUBSCRIPTION], seen = pods()): Promise<KeptSecrets> => {
    let kept: KeptSecrets | undefined;
    const keeping = keeper.keep({ subject, eventSubscriptions, pods: seen });
    keeping.then(
      (value) => (kept = value),
      () => undefined,
    );
    await clock.run(SECOND_MS, () => kept !== undefined);
    return await keeping;
  };
  const named = (name: string) => ({ namespace: NAMESPACE, name });
  return {
    clock,
    keep,
    reads,
    writes,
    put: (token: string): void => {
      server.remove(SECRETS, named('auth'));
      const secret = { ...object('Secret', 'auth'), data: { token: base64(token), other: 'eA==' } };
      server.create(SECRETS, secret, USER);
    },
    remove: () => server.remove(SECRETS, named('auth')),
    addPod: (name: string) => server.create(PODS, object('Pod', name), USER),
    removePod: (name: string) => server.remove(PODS, named(name)),
    marks: () => pods().map(({ metadata }) => metadata.annotations?.[DESTINATIONS_ANNOTATION]),
    handedOver: (): unknown => {
      const found = server.get(SECRETS, named('grid-destinations')) as Secret | undefined;
      const file = found?.data?.[DESTINATION_SECRETS_FILE];
      return file && JSON.parse(Buffer.from(file, 'base64').toString());
    },
  };
}

suite('Secrets of destinations', () => {
  test('are handed over when they come, change and go, and pods are told each time', async () => {
    const { keep, put, remove, addPod, marks, handedOver, clock } = aScene();
    addPod('grid-0');
    const said: unknown[] = [];
    for (const change of [() => undefined, () => put('one'), () => put('two'), remove]) {
      change();
      const { violations } = await keep();
      assert.equal(violations.has('all'), change === remove || said.length === 0);
      said.push([handedOver(), ...marks()]);
      await clock.run(5 * SECOND_MS);
    }
    const files = said.map((each) => (each as unknown[])[0]);
    const one = { auth: { token: base64('one') } };
    const two = { auth: { token: base64('two') } };
    assert.deepEqual(files, [{}, one, two, {}]);
    const told = said.map((each) => (each as unknown[])[1]);
    assert.equal(new Set(told).size, 4, 'each time by another mark');
  });

  test('are read as seldom as they may be, and sooner where one is missing', async () => {
    const { keep, put, reads, clock } = aScene();
    const asked = (): number => reads.splice(0).filter((name) => name === 'auth').length;
    assert.equal((await keep()).againMs, 5 * SECOND_MS);
    await keep();
    assert.equal(asked(), 1, 'not again within seconds');
    put('one');
    await clock.run(5 * SECOND_MS);
    assert.equal((await keep()).againMs, 30 * SECOND_MS);
    assert.equal(asked(), 1);
    assert.equal((await keep([])).againMs, undefined, 'none are named');
    assert.equal(asked(), 0);
  });

  test('are taken back where none is named any more', async () => {
    const { keep, put, handedOver, writes } = aScene();
    put('one');
    await keep();
    await keep([]);
    assert.deepEqual(handedOver(), {});
    writes.length = 0;
    await keep([]);
    assert.deepEqual(writes, []);
  });

  test('cost no write at rest, and one for each pod that is new', async () => {
    const { keep, put, addPod, writes, marks } = aScene();
    put('one');
    addPod('grid-0');
    await keep();
    assert.deepEqual(writes.splice(0), ['apply Secret', 'patch Pod']);
    await keep();
    assert.deepEqual(writes, []);
    addPod('grid-1');
    await keep();
    assert.deepEqual(writes, ['patch Pod']);
    assert.equal(new Set(marks()).size, 1);
  });

  test('say nothing of their content where others may read', async () => {
    const { keep, put, addPod, marks, clock } = aScene();
    addPod('grid-0');
    put('one');
    await keep();
    const [before] = marks();
    put('two');
    await clock.run(5 * SECOND_MS);
    await keep();
    put('one');
    await clock.run(5 * SECOND_MS);
    await keep();
    assert.notEqual(marks()[0], before, 'a hash would tell who guesses right');
  });

  test('do not fail for a pod that has gone meanwhile', async () => {
    const { keep, put, addPod, removePod } = aScene();
    put('one');
    const gone = addPod('grid-0') as Pod;
    removePod('grid-0');
    assert.ok((await keep([SUBSCRIPTION], [gone])).applied.ok);
  });
});
