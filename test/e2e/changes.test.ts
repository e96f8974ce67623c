/** What users see of a change, with nothing but kubectl. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, suite, test } from 'node:test';
import { applyText, eventuallyFinds, get, kubectl, runTool, waitFor } from '../support/cluster.ts';
import { serve } from '../support/cluster-broker.ts';
import type { ClusterBroker } from '../support/cluster-broker.ts';
import { condition } from '../support/conditions.ts';
import { install } from '../support/installation.ts';
import { kstatusOf } from '../support/kstatus.ts';
import { mqttjs } from '../support/mqttjs-peer.ts';
import { PeerClient } from '../support/peer.ts';
import { developmentOptions } from '../support/play.ts';
import { useNamespace } from '../support/sandbox.ts';
import { REPOSITORY } from '../support/up.ts';

const EXAMPLE = 'hello-world';
/** What is promised. The median of some changes, since kubectl itself takes its time. */
const IN_FORCE_MS = 1_000;
const CHANGES = 7;
const REFUSAL_MS = 30_000;

suite('what is declared', { concurrency: 1 }, () => {
  const namespace = useNamespace('e2e-changes');
  let broker: ClusterBroker;
  let subscriber: PeerClient;
  before(async () => {
    await install();
    const folder = path.join(REPOSITORY, 'examples', EXAMPLE);
    await kubectl('-n', namespace, 'apply', '-f', folder);
    broker = await serve(namespace, EXAMPLE);
    subscriber = await enter('sub-client');
  });
  after(async () => {
    await subscriber.end();
    broker.stop();
  });

  async function enter(clientId: string): Promise<PeerClient> {
    const client = new PeerClient(
      mqttjs,
      developmentOptions(broker, EXAMPLE, { clientId, version: 5 }),
    );
    assert.equal(await client.connected(), 0);
    return client;
  }

  async function declareTemplates(...topicTemplates: readonly string[]): Promise<void> {
    await kubectl(
      ...['-n', namespace, 'patch', 'topicspace', 'hello', '--type=merge'],
      ...['-p', JSON.stringify({ spec: { topicTemplates } })],
    );
  }

  test('is in force, and said to be, in less than a second after it is changed', async () => {
    const took: number[] = [];
    for (let change = 0; change < CHANGES; change += 1) {
      await declareTemplates('samples/#', `change-${change}/#`);
      const changedMs = performance.now();
      await waitFor(namespace, ['topicspace/hello'], 'Ready');
      took.push(performance.now() - changedMs);
      // Acknowledged means in force: it is not asked for twice.
      assert.equal((await subscriber.subscribe(`change-${change}/#`)).code, 1);
    }
    const median = took.sort((left, right) => left - right)[Math.floor(CHANGES / 2)]!;
    assert.ok(
      median < IN_FORCE_MS,
      `in force after ${took.map((ms) => ms.toFixed()).join(', ')} ms`,
    );
  });

  test('stops at once what is revoked, and starts again what is granted again', async () => {
    const publisher = await enter('pub-client');
    assert.equal((await subscriber.subscribe('samples/#')).code, 1);
    await kubectl('-n', namespace, 'delete', 'permissionbinding', 'sub-hello');
    await eventuallyFinds(REFUSAL_MS, 'a refusal', async () => {
      const { code } = await subscriber.subscribe('samples/topic');
      return code === 0x87 ? true : undefined;
    });
    await publisher.deliver('samples/topic', 'revoked');
    const bindings = path.join(REPOSITORY, 'examples', EXAMPLE, 'permission-bindings.yaml');
    await kubectl('-n', namespace, 'apply', '-f', bindings);
    await waitFor(namespace, ['permissionbinding/sub-hello'], 'Ready');
    await publisher.deliver('samples/topic', 'granted again');
    const messages = await subscriber.messagesUntil('samples/topic granted again');
    assert.deepEqual(messages, ['samples/topic granted again']);
    await publisher.end();
  });

  test('is refused on its own where it overlaps, with the topic that would', async () => {
    const overlapping = {
      apiVersion: 'mqttgrid.io/v1',
      kind: 'TopicSpace',
      metadata: { name: 'overlapping' },
      spec: {
        namespaceRef: { name: EXAMPLE },
        topicTemplates: ['samples/topic'],
        subscriptionSupport: 'LowFanout',
      },
    };
    const input = JSON.stringify(overlapping);
    // The webhook answers while it is there: it may have been on its way up a moment ago.
    const { code, stderr } = await runTool('kubectl', ['-n', namespace, 'apply', '-f', '-'], {
      input,
    });
    if (code === 0) {
      const { reason, message } = await condition(
        namespace,
        'topicspace/overlapping',
        'Stalled',
        'True',
      );
      assert.equal(reason, 'TemplateOverlap');
      assert.match(message, /samples\/topic/);
    } else {
      assert.match(stderr, /TemplateOverlap|overlaps/);
      assert.match(stderr, /samples\/topic/);
    }
    await kubectl('-n', namespace, 'delete', 'topicspace', 'overlapping', '--ignore-not-found');
    assert.equal(kstatusOf(await get(namespace, 'topicspace/hello')), 'Current');
  });

  test('waits for what it names, says so, and is in force once that is there', async () => {
    const binding = {
      apiVersion: 'mqttgrid.io/v1',
      kind: 'PermissionBinding',
      metadata: { name: 'early' },
      spec: {
        namespaceRef: { name: EXAMPLE },
        clientGroupName: '$all',
        topicSpaceName: 'late',
        permission: 'Publisher',
      },
    };
    await applyText(namespace, JSON.stringify(binding));
    const { reason, message } = await condition(
      namespace,
      'permissionbinding/early',
      'ResolvedRefs',
      'False',
    );
    assert.equal(reason, 'RefNotFound');
    assert.match(message, /"late"/);
    const described = await kubectl('-n', namespace, 'describe', 'permissionbinding', 'early');
    assert.match(described, /RefNotFound/);
    const topicSpace = {
      apiVersion: 'mqttgrid.io/v1',
      kind: 'TopicSpace',
      metadata: { name: 'late' },
      spec: {
        namespaceRef: { name: EXAMPLE },
        topicTemplates: ['late/#'],
        subscriptionSupport: 'NotSupported',
      },
    };
    await applyText(namespace, JSON.stringify(topicSpace));
    await waitFor(namespace, ['permissionbinding/early', 'topicspace/late'], 'Ready');
    const publisher = await enter('pub-client');
    await publisher.deliver('late/topic', 'in time');
    await publisher.end();
  });

  test('of two replicas is not accepted in this version, and serves again with one', async () => {
    const scaled = await runTool('kubectl', [
      ...['-n', namespace, 'scale', `mqttnamespace/${EXAMPLE}`, '--replicas=2'],
    ]);
    if (scaled.code === 0) {
      const refusal = await condition(namespace, `mqttnamespace/${EXAMPLE}`, 'Accepted', 'False');
      assert.equal(refusal.reason, 'UnsupportedValue');
      assert.match(refusal.message, /replicas/);
      await kubectl('-n', namespace, 'scale', `mqttnamespace/${EXAMPLE}`, '--replicas=1');
    } else {
      assert.match(scaled.stderr, /replicas/);
    }
    await waitFor(namespace, [`mqttnamespace/${EXAMPLE}`], 'Ready');
    await broker.answered();
    subscriber = await enter('sub-client');
  });
});
