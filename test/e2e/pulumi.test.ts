/** The Pulumi provider on a cluster: real programs, the real CLI, an operator with real pods. */
import assert from 'node:assert/strict';
import { after, before, suite, test, type TestContext } from 'node:test';
import { applyText, get, kubectl, list } from '../support/cluster.ts';
import { serve } from '../support/cluster-broker.ts';
import { install, rolledOut } from '../support/installation.ts';
import { kstatusOf } from '../support/kstatus.ts';
import { startPeers, type Peers } from '../support/peers.ts';
import { playScenario } from '../support/play.ts';
import { openStack, type PulumiResult, type Stack, type StackOptions } from '../support/pulumi.ts';
import { assertDone, assertUnchanged, changesOf, saidOf } from '../support/pulumi-results.ts';
import { useNamespace } from '../support/sandbox.ts';
import { SCENARIOS, type Scenario } from '../support/scenarios.ts';
import { eventually } from '../support/within.ts';

let peers: Peers;
before(async () => {
  peers = startPeers();
  await install();
});
after(() => peers.stop());

function openOn(t: TestContext, namespace: string, options: StackOptions): Promise<Stack> {
  const config = {
    'mqttgrid:target': 'cluster',
    'mqttgrid:kubeconfig': process.env['KUBECONFIG'] ?? '',
    'mqttgrid:namespace': namespace,
    'mqttgrid:timeoutSeconds': '120',
  };
  return openStack(t, { ...options, config: { ...config, ...options.config } });
}

function errorsOf(result: PulumiResult): string {
  return saidOf(result, 'error').join('\n');
}

function describeProgram(scenario: Scenario): void {
  suite(`the program of ${scenario.name}`, { concurrency: 1 }, () => {
    const namespace = useNamespace(`pulumi-${scenario.name}`);

    test('is in force when pulumi up ends, unchanged after it, and gone at the end', async (t) => {
      const stack = await openOn(t, namespace, { program: `examples/${scenario.name}/pulumi` });
      assertDone(await stack.up());
      for (const object of await list('mqttgrid', '-n', namespace)) {
        assert.equal(kstatusOf(object), 'Current', `${object.kind}/${object.metadata.name}`);
      }
      const broker = await serve(namespace, scenario.name);
      t.after(() => broker.stop());
      const peer = peers.find('mqtt.js', t);
      assert.ok(peer !== undefined);
      await playScenario(scenario, { up: broker, peer, version: 5 });
      assertUnchanged(await stack.up());
      assertUnchanged(await stack.refresh());
      assertUnchanged(await stack.up());
      assertDone(await stack.destroy());
      const left = await list('mqttgrid', '-n', namespace);
      assert.deepEqual(
        left.map(({ metadata }) => metadata.name),
        [`${scenario.name}-test-authority`],
      );
    });
  });
}

suite('on a cluster,', { concurrency: 2 }, () => SCENARIOS.forEach(describeProgram));

const GRID = `
import * as mqttgrid from 'mqttgrid';
const { ref: namespaceRef } = new mqttgrid.MqttNamespace('grid');
`;

/** A MqttNamespace with one TopicSpace. */
function spaceProgram(args: string, subscriptionSupport = 'LowFanout'): string {
  return `${GRID}
export const { generation } = new mqttgrid.TopicSpace('alerts', {
  namespaceRef, topicTemplates: ['alerts/#'], subscriptionSupport: '${subscriptionSupport}', ${args}
});`;
}

interface Space {
  readonly spec: {
    readonly topicTemplates: readonly string[];
    readonly subscriptionSupport: string;
  };
  readonly metadata: { readonly uid: string };
}

suite('a stack on a cluster', { concurrency: 1 }, () => {
  const namespace = useNamespace('pulumi-changes');
  const space = (): Promise<Space> => get<Space>(namespace, 'topicspace/alerts');
  const merge = async (reference: string, spec: object): Promise<void> => {
    const patch = ['--type=merge', '-p', JSON.stringify({ spec })];
    await kubectl('-n', namespace, 'patch', reference, ...patch);
  };

  test('changes in place, replaces what is immutable, and finds drift', async (t) => {
    const stack = await openOn(t, namespace, { files: { 'index.ts': spaceProgram('') } });
    assertDone(await stack.up());
    const { uid } = (await space()).metadata;

    stack.write('index.ts', spaceProgram("description: 'changed'"));
    const changed = await stack.up();
    assertDone(changed);
    assert.deepEqual(changesOf(changed), [['TopicSpace alerts', 'update']]);
    assert.equal((await space()).metadata.uid, uid);

    stack.write('index.ts', spaceProgram('', 'HighFanout'));
    const replaced = await stack.up();
    assertDone(replaced);
    const order = replaced.operations.map(([, operation]) => operation);
    assert.ok(order.indexOf('delete-replaced') < order.indexOf('create-replacement'), order.join());
    const { spec, metadata } = await space();
    assert.equal(spec.subscriptionSupport, 'HighFanout');
    assert.notEqual(metadata.uid, uid);

    // Somebody else's edit is seen, named, and undone only when that is asked for.
    await merge('topicspace/alerts', { topicTemplates: ['theirs/#'] });
    const refreshed = await stack.refresh();
    assertDone(refreshed);
    assert.match(refreshed.text, /1 updated/);
    const refused = await stack.up();
    assert.notEqual(refused.code, 0);
    assert.match(errorsOf(refused), /spec\.topicTemplates.*kubectl-patch.*adopt: true/s);
    stack.write('index.ts', spaceProgram('adopt: true', 'HighFanout'));
    assertDone(await stack.up());
    assert.deepEqual((await space()).spec.topicTemplates, ['alerts/#']);

    await kubectl('-n', namespace, 'delete', 'topicspace', 'alerts');
    assertDone(await stack.refresh());
    const again = await stack.up();
    assertDone(again);
    assert.deepEqual(again.operations.at(-1), ['TopicSpace alerts', 'create']);
    assertDone(await stack.destroy());
  });

  test('is warned of what the cluster holds, fails with its words, and goes on from there', async (t) => {
    const held = {
      apiVersion: 'mqttgrid.io/v1',
      kind: 'TopicSpace',
      metadata: { name: 'held' },
      spec: {
        namespaceRef: { name: 'grid' },
        topicTemplates: ['alerts/+'],
        subscriptionSupport: 'LowFanout',
      },
    };
    await applyText(namespace, JSON.stringify(held));
    const stack = await openOn(t, namespace, { files: { 'index.ts': spaceProgram('') } });
    const preview = await stack.preview();
    assertDone(preview);
    assert.match(saidOf(preview, 'warning').join('\n'), /matches both|held/);
    const failed = await stack.up();
    assert.notEqual(failed.code, 0);
    assert.match(errorsOf(failed), /TopicSpace alerts: .*held/s);
    await kubectl('-n', namespace, 'delete', 'topicspace', 'held');
    assertDone(await stack.up());
    assertDone(await stack.destroy());
  });

  test('waits for what is referred to, until somebody declares it', async (t) => {
    const stack = await openOn(t, namespace, {
      files: {
        'index.ts': `${GRID}
new mqttgrid.PermissionBinding('early', {
  namespaceRef, clientGroupName: '$all', topicSpaceName: 'late', permission: 'Publisher',
});`,
      },
    });
    const up = stack.start('up', '--yes', '--skip-preview');
    await eventually(60_000, 'the binding', async () => {
      const bindings = await list('permissionbindings', '-n', namespace);
      return bindings.length > 0 ? true : undefined;
    });
    const late = {
      apiVersion: 'mqttgrid.io/v1',
      kind: 'TopicSpace',
      metadata: { name: 'late' },
      spec: {
        namespaceRef: { name: 'grid' },
        topicTemplates: ['late/#'],
        subscriptionSupport: 'NotSupported',
      },
    };
    await applyText(namespace, JSON.stringify(late));
    assertDone(await up.result);
    assertDone(await stack.destroy());
    await kubectl('-n', namespace, 'delete', 'topicspace', 'late');
  });

  test('does not take what another stack declares, and says whose it is', async (t) => {
    const program = { files: { 'index.ts': spaceProgram('') } };
    const first = await openOn(t, namespace, { ...program, stack: 'first' });
    assertDone(await first.up());
    const second = await openOn(t, namespace, { ...program, stack: 'second' });
    const refused = await second.up();
    assert.notEqual(refused.code, 0);
    assert.match(errorsOf(refused), /there already.*pulumi-mqttgrid:test\/first.*adopt: true/s);
    assertUnchanged(await first.up());
    assertDone(await first.destroy());
    assertDone(await second.destroy());
  });

  test('says within seconds that no operator answers, and goes on when one does', async (t) => {
    const scale = (replicas: number): Promise<string> =>
      kubectl(
        ...['-n', 'mqttgrid-system', 'scale', 'deployment', 'mqttgrid-operator'],
        `--replicas=${replicas}`,
      );
    const stack = await openOn(t, namespace, {
      files: { 'index.ts': GRID },
      config: { 'mqttgrid:timeoutSeconds': '15' },
    });
    await scale(0);
    t.after(async () => {
      await scale(2);
      await rolledOut();
    });
    const failed = await stack.up();
    assert.notEqual(failed.code, 0);
    assert.match(errorsOf(failed), /MqttNamespace grid: .*operator/s);
    await scale(2);
    await rolledOut();
    await stack.configure({ 'mqttgrid:timeoutSeconds': '120' });
    assertDone(await stack.up());
    assertDone(await stack.destroy());
  });
});

// Of its own, since volumes that are made by hand are few, and offered again after a suite.
suite('a stack on a cluster', { concurrency: 1 }, () => {
  const namespace = useNamespace('pulumi-fleet');

  test('of 200 vehicles is declared, interrupted half way, and completed', async (t) => {
    const stack = await openOn(t, namespace, { program: 'examples/fleet/pulumi' });
    const interrupted = stack.start('up', '--yes', '--skip-preview');
    await eventually(90_000, '20 clients', async () => {
      const clients = await list('clients.mqttgrid.io', '-n', namespace);
      return clients.length >= 20 ? true : undefined;
    });
    interrupted.interrupt();
    assert.notEqual((await interrupted.result).code, 0);
    const seconds = async (what: string, act: () => Promise<PulumiResult>): Promise<void> => {
      const beginMs = performance.now();
      assertDone(await act());
      t.diagnostic(`${what}: ${((performance.now() - beginMs) / 1000).toFixed(1)} s`);
    };
    await seconds('the rest of 215 resources', () => stack.up());
    assert.equal((await list('clients.mqttgrid.io', '-n', namespace)).length, 202);
    await seconds('215 resources, unchanged', () => stack.up());
    await seconds('destroyed', () => stack.destroy());
    await seconds('215 resources from nothing', () => stack.up());
    await seconds('destroyed', () => stack.destroy());
    assert.deepEqual(await list('mqttgrid', '-n', namespace), []);
  });
});
