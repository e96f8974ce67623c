/** The operator against a real API server, with a broker's side of the stream in this process. */
import assert from 'node:assert/strict';
import { duplexPair } from 'node:stream';
import { after, before, test, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { pino } from 'pino';
import { brokerLink, operatorLink } from '../control/stream.ts';
import type { DeliveryStanding } from '../domain/delivery-standing.ts';
import type { Snapshot } from '../domain/snapshot.ts';
import { Authority } from '../operator/authority/authority.ts';
import { systemClock } from '../control/clock.ts';
import type { KubeObject, ResourceType } from '../kube/kube-api.ts';
import type { KubeClient } from '../kube/kube-client.ts';
import { resourceTypeOf } from '../kube/declared-types.ts';
import { type Status } from '../operator/namespace/declared.ts';
import { KubeWorkloads } from '../operator/namespace/workload/workload.ts';
import { Operator } from '../operator/operator.ts';
import { DeliveriesTeller } from '../pod/deliveries-teller.ts';
import { Follower } from '../pod/follower.ts';
import { apiClient, NAMESPACES } from './support/api-client.ts';
import { startApiServer, type ApiServer } from './support/api-server.ts';
import { eventually } from './support/within.ts';

const SETTLE_MS = 20_000;
const RECONNECT_MS = 50;
const logger = pino({ level: process.env['MQTTGRID_TEST_LOG'] ?? 'silent' });
const clock = systemClock;

let server: ApiServer;
before(async () => {
  server = await startApiServer();
  server.applyCrds();
});
after(() => server.stop());

type Declared = KubeObject & { readonly spec: unknown; readonly status?: Status };

let namespaces = 0;

class Cluster {
  readonly api: KubeClient;
  readonly namespace: string;
  readonly operator: Operator;

  private constructor(api: KubeClient, namespace: string, operator: Operator) {
    this.api = api;
    this.namespace = namespace;
    this.operator = operator;
  }

  static async open(t: TestContext): Promise<Cluster> {
    const api = apiClient(t, server.kubeconfig);
    const namespace = `operator-${++namespaces}`;
    await api.create(NAMESPACES, {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: namespace },
    });
    const authority = new Authority({ api, namespace, clock, log: logger });
    await authority.start();
    const settings = {
      image: 'mqttgrid:test',
      operatorNamespace: namespace,
      controlHost: 'localhost',
      controlPort: 8884,
    };
    const operator = new Operator({
      api,
      electionApi: api,
      lease: { namespace, name: 'mqttgrid-operator' },
      identity: namespace,
      workloads: (parts) => new KubeWorkloads({ ...parts, authority, clock, settings }),
      events: () => ({ record: () => undefined }),
      clock,
      random: Math.random,
      logger,
    });
    await operator.start();
    t.after(async () => {
      await operator.stop();
      authority.close();
    });
    return new Cluster(api, namespace, operator);
  }

  async declare(kind: string, name: string, spec: object): Promise<Declared> {
    const metadata = { namespace: this.namespace, name };
    const object = { apiVersion: 'mqttgrid.io/v1', kind, metadata, spec };
    return await this.api.create<Declared>(typeOf(kind), object);
  }

  async edit(kind: string, name: string, spec: object): Promise<void> {
    await this.api.patch(typeOf(kind), { namespace: this.namespace, name }, { spec });
  }

  async find(kind: string, name: string): Promise<Declared | undefined> {
    return await this.api.get<Declared>(typeOf(kind), { namespace: this.namespace, name });
  }

  /** `Accepted ResolvedRefs Programmed/Pending` of the object's generation now. */
  async conditions(kind: string, name: string): Promise<string | undefined> {
    const found = await this.api.get<Declared>(typeOf(kind), { namespace: this.namespace, name });
    const { status, metadata } = found ?? {};
    if (status?.observedGeneration !== metadata?.generation) return undefined;
    return status?.conditions
      .map((condition) => {
        return condition.status === 'True'
          ? condition.type
          : `${condition.type}/${condition.reason}`;
      })
      .join(' ');
  }

  async until(kind: string, name: string, expected: string): Promise<void> {
    let last: string | undefined;
    await eventually(SETTLE_MS, `${kind} ${name} is ${expected}`, async () => {
      last = await this.conditions(kind, name);
      return last === expected ? last : undefined;
    }).catch((error: unknown) => {
      throw new Error(`${kind} ${name} is ${last}`, { cause: error });
    });
  }

  /** A broker pod of the MqttNamespace, but for the broker. Answers what it was told to run. */
  connect(
    t: TestContext,
    owner: Declared,
    deliveries = new DeliveriesTeller({ clock, standings: () => [] }),
  ): readonly Snapshot[] {
    const applied: Snapshot[] = [];
    const follower = new Follower({
      deliveries,
      pod: `${owner.metadata.name}-0`,
      saved: undefined,
      apply: (snapshot) => void applied.push(snapshot),
      onRuns: () => undefined,
      logger,
    });
    const { name, uid = '' } = owner.metadata;
    const identity = { key: `${this.namespace}/${name}`, uid };
    let ended = false;
    const follow = async (): Promise<void> => {
      while (!ended) {
        const [one, other] = duplexPair();
        this.operator.publications.accept(identity, operatorLink(other, clock));
        await follower.follow(brokerLink(one, clock));
        await delay(RECONNECT_MS);
      }
    };
    const following = follow();
    t.after(async () => {
      ended = true;
      follower.close();
      await following;
    });
    return applied;
  }
}

function typeOf(kind: string): ResourceType {
  return resourceTypeOf(kind as never);
}

const IN_GRID = { namespaceRef: { name: 'grid' } };
const A_CLIENT = {
  ...IN_GRID,
  authentication: { certificateSubject: { commonName: 'vehicle-1' } },
  attributes: { type: 'vehicle' },
};
const GOOD = 'Accepted ResolvedRefs Programmed Ready';

test('an object is Ready when the broker has acknowledged it, and not before', async (t) => {
  const cluster = await Cluster.open(t);
  const owner = await cluster.declare('MqttNamespace', 'grid', {});
  await cluster.declare('Client', 'vehicle-1', A_CLIENT);
  const pending = 'Accepted ResolvedRefs Programmed/Pending Ready/Pending';
  await cluster.until('Client', 'vehicle-1', pending);
  const applied = cluster.connect(t, owner);
  await cluster.until('Client', 'vehicle-1', GOOD);
  assert.deepEqual(applied.at(-1)?.clients[0]?.attributes, { type: 'vehicle' });
});

test('routing is in force when brokers run it, and says how it fares', async (t) => {
  const cluster = await Cluster.open(t);
  const subscription = { topicRef: { name: 'events' }, destination: { file: { path: '/f' } } };
  await cluster.declare('EventTopic', 'events', {});
  await cluster.declare('EventSubscription', 'all', subscription);
  // Nobody routes there: it is all done.
  await cluster.until('EventTopic', 'events', GOOD);
  await cluster.until('EventSubscription', 'all', GOOD);
  const owner = await cluster.declare('MqttNamespace', 'grid', {
    routeTopicRef: { name: 'events' },
  });
  const late = { ...subscription, filter: { subjectBeginsWith: 'late/' } };
  await eventually(SETTLE_MS, 'the route is published', () => {
    return cluster.operator.publications.counts.published > 0 ? true : undefined;
  });
  await cluster.declare('EventSubscription', 'late', late);
  const pending = 'Accepted ResolvedRefs Programmed/Pending Ready/Pending';
  await cluster.until('EventSubscription', 'late', pending);
  const counts = { matched: 3, delivered: 1, failed: 2, deadLettered: 0, dropped: 0, pending: 2 };
  const message = 'nobody answers at /f';
  const fault = { reason: 'DestinationUnreachable', message, sinceMs: 1_700_000_000_123 } as const;
  let standings: readonly DeliveryStanding[] = [
    { name: 'all', ...counts },
    { name: 'late', ...counts, fault },
  ];
  const teller = new DeliveriesTeller({ clock, standings: () => standings });
  const applied = cluster.connect(t, owner, teller);
  const delivering = 'Accepted ResolvedRefs Programmed Delivering Ready';
  await cluster.until('EventSubscription', 'all', delivering);
  const unreachable =
    'Accepted ResolvedRefs Programmed Delivering/DestinationUnreachable ' +
    'Ready/DestinationUnreachable';
  await cluster.until('EventSubscription', 'late', unreachable);
  await cluster.until('EventTopic', 'events', GOOD);
  assert.deepEqual(applied.at(-1)?.route, { eventTopic: 'events', outboxOverflow: 'DropOldest' });
  const { status } = (await cluster.find('EventSubscription', 'late'))!;
  const ready = status?.conditions.find(({ type }) => type === 'Ready');
  assert.equal(ready?.message, `${message}, since 2023-11-14T22:13:20Z`);
  const { conditions, observedGeneration } = status!;
  assert.deepEqual(status, { conditions, observedGeneration, ...counts });
  standings = standings.map(({ name }) => ({ name, ...counts, delivered: 3, pending: 0 }));
  teller.changed();
  await cluster.until('EventSubscription', 'late', delivering);
  const mended = await cluster.find('EventSubscription', 'late');
  assert.equal(mended?.status?.['delivered'], 3, 'news takes the counters along');
  const calm = await cluster.find('EventSubscription', 'all');
  assert.equal(calm?.status?.['delivered'], 1, 'counters alone wait');
});

test('an edit is acknowledged for its own generation, and a bad one is withdrawn', async (t) => {
  const cluster = await Cluster.open(t);
  const applied = cluster.connect(t, await cluster.declare('MqttNamespace', 'grid', {}));
  const group = { ...IN_GRID, query: "attributes.type = 'vehicle'" };
  await cluster.declare('ClientGroup', 'vehicles', group);
  await cluster.until('ClientGroup', 'vehicles', GOOD);
  await cluster.edit('ClientGroup', 'vehicles', { query: 'attributes.type = ' });
  await cluster.until(
    'ClientGroup',
    'vehicles',
    'Accepted/InvalidQuery ResolvedRefs Programmed/InvalidQuery Ready/InvalidQuery Stalled',
  );
  await eventually(SETTLE_MS, 'it is withdrawn', () => {
    return applied.at(-1)?.clientGroups.length === 0 ? true : undefined;
  });
  await cluster.edit('ClientGroup', 'vehicles', group);
  await cluster.until('ClientGroup', 'vehicles', GOOD);
});

test('a member of a MqttNamespace that comes later, goes and comes back follows it', async (t) => {
  const cluster = await Cluster.open(t);
  await cluster.declare('Client', 'vehicle-1', A_CLIENT);
  const lost = 'Accepted ResolvedRefs/RefNotFound Programmed/RefNotFound Ready/RefNotFound';
  await cluster.until('Client', 'vehicle-1', lost);
  const owner = await cluster.declare('MqttNamespace', 'grid', {});
  cluster.connect(t, owner);
  await cluster.until('Client', 'vehicle-1', GOOD);
  const { uid = '' } = owner.metadata;
  const name = { namespace: cluster.namespace, name: 'grid' };
  await cluster.api.delete(typeOf('MqttNamespace'), name, { uid });
  await cluster.until('Client', 'vehicle-1', lost);
});

test('at rest nothing is written', async (t) => {
  const cluster = await Cluster.open(t);
  cluster.connect(t, await cluster.declare('MqttNamespace', 'grid', {}));
  await cluster.declare('Client', 'vehicle-1', A_CLIENT);
  await cluster.until('Client', 'vehicle-1', GOOD);
  const versions = async (): Promise<string[]> => {
    const types = ['MqttNamespace', 'Client'].map(typeOf);
    const lists = await Promise.all(
      types.map((type) => cluster.api.list(type, { namespace: cluster.namespace })),
    );
    return lists.flatMap(({ items }) => items.map(({ metadata }) => metadata.resourceVersion!));
  };
  await delay(3000);
  const settled = await versions();
  await delay(4000);
  assert.deepEqual(await versions(), settled);
});
