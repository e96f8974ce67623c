/** Brokers need no operator: what happens to it is nothing to their clients. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, suite, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { OPERATOR_NAMESPACE, get, kubectl, waitFor } from '../support/cluster.ts';
import type { ClusterObject } from '../support/cluster.ts';
import { serve } from '../support/cluster-broker.ts';
import type { ClusterBroker } from '../support/cluster-broker.ts';
import { install, operatorPods, rolledOut } from '../support/installation.ts';
import { useNamespace } from '../support/sandbox.ts';
import { SessionClient } from '../support/session-client.ts';
import { REPOSITORY } from '../support/up.ts';

const EXAMPLE = 'hello-world';
const TOPIC = 'samples/topic';
const BETWEEN_MESSAGES_MS = 20;

/** Publishes as long as `act` takes. Answers how many the broker owned. */
async function during(publisher: SessionClient, act: () => Promise<unknown>): Promise<number> {
  let acting = true;
  const acted = act().finally(() => (acting = false));
  let published = 0;
  while (acting) {
    await publisher.publish(TOPIC, `message ${published}`);
    published += 1;
    await delay(BETWEEN_MESSAGES_MS);
  }
  await acted;
  return published;
}

interface Scaled extends ClusterObject {
  readonly status: { readonly readyReplicas?: number };
}

async function scaleOperator(replicas: number): Promise<void> {
  const deployment = 'deployment/mqttgrid-operator';
  await kubectl('-n', OPERATOR_NAMESPACE, 'scale', deployment, `--replicas=${replicas}`);
  if (replicas === 0) {
    await kubectl(
      ...['-n', OPERATOR_NAMESPACE, 'wait', '--for=delete', 'pod', '--timeout=90s'],
      ...['-l', 'app.kubernetes.io/name=mqttgrid-operator'],
    );
  } else {
    await rolledOut();
  }
}

suite('with clients connected', { concurrency: 1 }, () => {
  const namespace = useNamespace('e2e-outage');
  let broker: ClusterBroker;
  let publisher: SessionClient;
  let subscriber: SessionClient;
  before(async () => {
    await install();
    const folder = path.join(REPOSITORY, 'examples', EXAMPLE);
    await kubectl('-n', namespace, 'apply', '-f', folder);
    broker = await serve(namespace, EXAMPLE);
    publisher = new SessionClient(broker, EXAMPLE, 'pub-client');
    subscriber = new SessionClient(broker, EXAMPLE, 'sub-client');
    await Promise.all([publisher.connected(), subscriber.connected()]);
    await subscriber.subscribe('samples/#');
  });
  after(async () => {
    await scaleOperator(2);
    await Promise.all([publisher.end(), subscriber.end()]);
    broker.stop();
  });

  const checkUndisturbed = async (published: number): Promise<void> => {
    const expected = Array.from({ length: published }, (_, index) => `message ${index}`);
    await subscriber.receives(expected.at(-1)!);
    assert.deepEqual(subscriber.received.slice(-published), expected);
    assert.deepEqual([publisher.connections, subscriber.connections], [1, 1]);
  };

  test('every operator pod can be killed, and each message still arrives once', async () => {
    const published = await during(publisher, async () => {
      const pods = (await operatorPods()).map(({ metadata }) => metadata.name);
      await kubectl(
        ...['-n', OPERATOR_NAMESPACE, 'delete', 'pod', ...pods, '--force', '--grace-period=0'],
      );
      await rolledOut();
    });
    await checkUndisturbed(published);
  });

  test('a broker pod that starts while there is no operator serves what it served', async () => {
    await scaleOperator(0);
    await kubectl('-n', namespace, 'delete', 'pod', `${EXAMPLE}-0`);
    await waitFor(namespace, [`pod/${EXAMPLE}-0`], 'Ready');
    await Promise.all([publisher.connected(), subscriber.connected()]);
    assert.ok(subscriber.hadSession);
    await publisher.publish(TOPIC, 'without an operator');
    await subscriber.receives('without an operator');
  });

  test('what is declared while there is no operator is in force when there is one', async () => {
    const pod = await get(namespace, `pod/${EXAMPLE}-0`);
    await kubectl(
      ...['-n', namespace, 'patch', 'topicspace', 'hello', '--type=merge'],
      ...['-p', '{"spec":{"topicTemplates":["samples/#","more/#"]}}'],
    );
    await scaleOperator(2);
    await waitFor(namespace, ['topicspace/hello'], 'Ready');
    await subscriber.subscribe('more/#');
    await publisher.publish('more/topic', 'declared meanwhile');
    await subscriber.receives('declared meanwhile');
    const { status } = await get<Scaled>(namespace, `statefulset/${EXAMPLE}`);
    assert.equal(status.readyReplicas, 1);
    const same = await get(namespace, `pod/${EXAMPLE}-0`);
    assert.equal(same.metadata.uid, pod.metadata.uid, 'nothing was restarted for it');
  });

  test('a MqttNamespace can be deleted while there is none, with all that was made for it', async () => {
    await scaleOperator(0);
    await kubectl('-n', namespace, 'delete', `mqttnamespace/${EXAMPLE}`, '--timeout=60s');
    await kubectl(
      ...['-n', namespace, 'wait', '--for=delete', '--timeout=90s'],
      ...['statefulset,service,pod,pvc,secret', '-l', 'app.kubernetes.io/managed-by=mqttgrid'],
    );
  });
});
