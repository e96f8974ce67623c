/** Each example on a cluster: declared with kubectl, used by clients of others from outside. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, suite, test } from 'node:test';
import { KINDS } from '../../domain/resources.ts';
import { kubectl, list, waitFor } from '../support/cluster.ts';
import { serve } from '../support/cluster-broker.ts';
import type { ClusterBroker } from '../support/cluster-broker.ts';
import { install } from '../support/installation.ts';
import { kstatusOf } from '../support/kstatus.ts';
import { REQUIRED_PEERS, startPeers } from '../support/peers.ts';
import type { Peers } from '../support/peers.ts';
import { playScenario } from '../support/play.ts';
import { runScript } from '../support/run-command.ts';
import { useNamespace } from '../support/sandbox.ts';
import { SCENARIOS } from '../support/scenarios.ts';
import type { Scenario } from '../support/scenarios.ts';
import { REPOSITORY } from '../support/up.ts';

let peers: Peers;
before(async () => {
  peers = startPeers();
  await install();
});
after(() => peers.stop());

function describeScenario(scenario: Scenario): void {
  suite(scenario.name, { concurrency: 1 }, () => {
    const namespace = useNamespace(`e2e-${scenario.name}`);
    let broker: ClusterBroker;
    before(async () => {
      const folder = path.join(REPOSITORY, 'examples', scenario.name);
      await kubectl('-n', namespace, 'apply', '-f', folder);
      broker = await serve(namespace, scenario.name);
    });
    after(() => broker.stop());

    test('is in force, each of its objects', async () => {
      const objects = await list('mqttgrid', '-n', namespace);
      assert.ok(objects.length > 0);
      const references = objects.map(({ kind, metadata }) => `${kind}/${metadata.name}`);
      await waitFor(namespace, references, 'Ready');
      for (const object of await list('mqttgrid', '-n', namespace)) {
        assert.equal(kstatusOf(object), 'Current', `${object.kind}/${object.metadata.name}`);
      }
    });

    test('says so in the columns of kubectl get', async () => {
      for (const kind of KINDS) {
        const rows = (await kubectl('-n', namespace, 'get', kind)).trim().split('\n').slice(1);
        for (const row of rows) assert.match(row, /^\S+ +True +Ready +/, row);
      }
    });

    test('runs its own script as anywhere', async () => {
      const script = path.join(REPOSITORY, 'examples', scenario.name, 'client.ts');
      const { host, port } = broker.address;
      const { code, stderr } = await runScript([script], {
        MQTTGRID_ENDPOINT: `mqtts://${host}:${port}`,
        MQTTGRID_CERTIFICATES: broker.certificates,
      });
      assert.equal(code, 0, stderr);
    });

    for (const name of REQUIRED_PEERS) {
      for (const version of [4, 5] as const) {
        const protocol = version === 5 ? 'MQTT 5' : 'MQTT 3.1.1';
        test(`delivers and refuses as promised, ${name} and ${protocol}`, async (t) => {
          const peer = peers.find(name, t);
          if (peer !== undefined) await playScenario(scenario, { up: broker, peer, version });
        });
      }

      // What is refused ends connections, and a client that is ended again and again is held off
      // for a while: by this broker, not by the next one.
      test(`serves again after a restart, behind ${name}`, async () => {
        await kubectl('-n', namespace, 'rollout', 'restart', `statefulset/${scenario.name}`);
        await kubectl('-n', namespace, 'rollout', 'status', `statefulset/${scenario.name}`);
        await broker.answered();
      });
    }
  });
}

// Most of the time goes into waiting for Kubernetes; each has one volume.
suite('each example', { concurrency: 3 }, () => SCENARIOS.forEach(describeScenario));
