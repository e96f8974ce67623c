/** What happens to broker pods, and what clients notice of it. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, suite, test } from 'node:test';
import { eventuallyFinds, find, get, kubectl, waitFor } from '../support/cluster.ts';
import type { ClusterObject } from '../support/cluster.ts';
import { serve } from '../support/cluster-broker.ts';
import type { ClusterBroker } from '../support/cluster-broker.ts';
import type { Conditioned } from '../support/conditions.ts';
import { install } from '../support/installation.ts';
import { killPod } from '../support/kill-pod.ts';
import { kstatusOf } from '../support/kstatus.ts';
import { useNamespace } from '../support/sandbox.ts';
import { SessionClient } from '../support/session-client.ts';
import { REPOSITORY } from '../support/up.ts';

const EXAMPLE = 'hello-world';
const TOPIC = 'samples/topic';
const POD = `pod/${EXAMPLE}-0`;
const CLAIM = `pvc/data-${EXAMPLE}-0`;
const OWNER = `mqttnamespace/${EXAMPLE}`;
const RESTART_MS = 90_000;
const CONDITION_MS = 60_000;

interface Pod extends ClusterObject {
  readonly status: {
    readonly containerStatuses?: readonly {
      readonly ready: boolean;
      readonly restartCount: number;
    }[];
  };
}

suite('a broker pod', { concurrency: 1 }, () => {
  const namespace = useNamespace('e2e-pods');
  let broker: ClusterBroker;
  let publisher: SessionClient;
  let subscriber: SessionClient;
  before(async () => {
    await install();
    await kubectl('-n', namespace, 'apply', '-f', path.join(REPOSITORY, 'examples', EXAMPLE));
    broker = await serve(namespace, EXAMPLE);
    publisher = new SessionClient(broker, EXAMPLE, 'pub-client');
    subscriber = await subscribed();
    await publisher.connected();
  });
  after(async () => {
    await Promise.all([publisher.end(), subscriber.end()]);
    broker.stop();
  });

  async function subscribed(): Promise<SessionClient> {
    const client = new SessionClient(broker, EXAMPLE, 'sub-client');
    await client.connected();
    await client.subscribe('samples/#');
    return client;
  }

  /** Messages wait for the subscriber while it is away and `act` happens; then it takes them. */
  async function whileAway(what: string, act: () => Promise<void>): Promise<void> {
    await subscriber.end();
    const messages = Array.from({ length: 20 }, (_, index) => `${what} ${index}`);
    for (const message of messages) await publisher.publish(TOPIC, message);
    await act();
    await publisher.connected();
    await publisher.publish(TOPIC, `${what}: after`);
    subscriber = new SessionClient(broker, EXAMPLE, 'sub-client');
    await subscriber.receives(`${what}: after`);
    assert.ok(subscriber.hadSession, 'the session is there');
    assert.deepEqual(subscriber.received, [...messages, `${what}: after`]);
  }

  async function readyPodOtherThan(uid: string): Promise<void> {
    await eventuallyFinds(RESTART_MS, 'another pod', async () => {
      const pod = await find<Pod>(namespace, POD);
      const isReady = pod?.status.containerStatuses?.every(({ ready }) => ready) === true;
      return isReady && pod.metadata.uid !== uid ? true : undefined;
    });
  }

  test('is restarted in a rollout, and sessions and what waits in them stay', async () => {
    await whileAway('rollout', async () => {
      const { metadata } = await get(namespace, POD);
      await kubectl('-n', namespace, 'rollout', 'restart', `statefulset/${EXAMPLE}`);
      await readyPodOtherThan(metadata.uid);
      await waitFor(namespace, [OWNER], 'Ready');
    });
  });

  test('is deleted, and sessions and what waits in them stay', async () => {
    await whileAway('deletion', async () => {
      const { metadata } = await get(namespace, POD);
      await kubectl('-n', namespace, 'delete', POD);
      await readyPodOtherThan(metadata.uid);
    });
  });

  test('is killed with no warning, and nothing that the broker owned is lost', async () => {
    await whileAway('kill', async () => {
      const pod = await get<Pod>(namespace, POD);
      const restartsOf = ({ status }: Pod): number => status.containerStatuses![0]!.restartCount;
      if ((await killPod(namespace, pod)) === 'pod') return readyPodOtherThan(pod.metadata.uid);
      await eventuallyFinds(RESTART_MS, 'a container that is ready again', async () => {
        const again = await get<Pod>(namespace, POD);
        const isReady = again.status.containerStatuses!.every(({ ready }) => ready);
        return isReady && restartsOf(again) > restartsOf(pod) ? true : undefined;
      });
    });
  });

  test('is let write to its volume, and to nothing else', async () => {
    const script = `
      const { writeFileSync, rmSync } = require('node:fs');
      for (const folder of ['/', '/opt/mqttgrid', '/etc', '/var/lib/mqttgrid']) {
        try {
          writeFileSync(folder + '/written', '');
          rmSync(folder + '/written');
          console.log(folder);
        } catch {}
      }`;
    const said = await kubectl('-n', namespace, 'exec', POD, '--', 'node', '-e', script);
    assert.equal(said, '/var/lib/mqttgrid\n');
  });

  test('of an image that does not exist is told of, and mended by naming one that does', async () => {
    await whileAway('image', async () => {
      const claim = await get(namespace, CLAIM);
      await patchOwner({ image: 'registry.invalid/mqttgrid:none' });
      const { reason, message } = await eventuallyFinds(CONDITION_MS, 'a condition', async () => {
        const { status } = await get<Conditioned>(namespace, OWNER);
        return status.conditions?.find(
          ({ type, status: is, message: text }) =>
            type === 'Ready' && is === 'False' && text.includes('registry.invalid'),
        );
      });
      assert.notEqual(reason, '');
      assert.match(message, /image/i);
      assert.equal(kstatusOf(await get(namespace, OWNER)), 'InProgress');
      assert.match(await kubectl('-n', namespace, 'describe', OWNER), /registry\.invalid/);
      await patchOwner({ image: null });
      await waitFor(namespace, [POD, OWNER], 'Ready');
      assert.equal((await get(namespace, CLAIM)).metadata.uid, claim.metadata.uid);
    });
  });

  async function patchOwner(spec: object): Promise<void> {
    const patch = JSON.stringify({ spec });
    await kubectl('-n', namespace, 'patch', OWNER, '--type=merge', '-p', patch);
  }

  test('is stopped by zero replicas, and its sessions wait', async () => {
    await whileAway('zero', async () => {
      await kubectl('-n', namespace, 'scale', OWNER, '--replicas=0');
      await kubectl('-n', namespace, 'wait', '--for=delete', POD, '--timeout=60s');
      await kubectl('-n', namespace, 'scale', OWNER, '--replicas=1');
      await eventuallyFinds(RESTART_MS, 'the pod', () => find(namespace, POD));
      await waitFor(namespace, [POD, OWNER], 'Ready');
    });
  });

  test('leaves its volume when its MqttNamespace is deleted and storage.retain says so', async () => {
    await patchOwner({ storage: { retain: true } });
    await eventuallyFinds(CONDITION_MS, 'a claim that nobody owns', async () => {
      const { metadata } = await get(namespace, CLAIM);
      return (metadata.ownerReferences ?? []).length === 0 ? true : undefined;
    });
    await subscriber.end();
    for (const message of ['kept 1', 'kept 2']) await publisher.publish(TOPIC, message);
    await kubectl('-n', namespace, 'delete', OWNER, '--timeout=60s');
    await kubectl('-n', namespace, 'wait', '--for=delete', POD, '--timeout=60s');
    assert.equal(kstatusOf(await get(namespace, CLAIM)), 'Current');
  });

  test('takes its volume up again when the MqttNamespace is declared anew', async () => {
    const manifest = path.join(REPOSITORY, 'examples', EXAMPLE, 'namespace.yaml');
    await kubectl('-n', namespace, 'apply', '-f', manifest);
    await waitFor(namespace, [OWNER], 'Ready');
    broker.stop();
    await publisher.end();
    broker = await serve(namespace, EXAMPLE);
    publisher = new SessionClient(broker, EXAMPLE, 'pub-client');
    subscriber = new SessionClient(broker, EXAMPLE, 'sub-client');
    await subscriber.receives('kept 2');
    assert.deepEqual(subscriber.received, ['kept 1', 'kept 2']);
  });

  test('is gone with its volume when its MqttNamespace is deleted, as it comes', async () => {
    await kubectl('-n', namespace, 'delete', OWNER, '--timeout=60s');
    await kubectl('-n', namespace, 'wait', '--for=delete', POD, CLAIM, '--timeout=90s');
  });
});
