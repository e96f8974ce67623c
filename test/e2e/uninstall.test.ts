/** The way back: nothing of mqttgrid's stays in the cluster, whatever was declared. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { before, suite, test } from 'node:test';
import { eventuallyFinds, kubectl, list } from '../support/cluster.ts';
import type { ClusterObject } from '../support/cluster.ts';
import { serve } from '../support/cluster-broker.ts';
import { install, uninstall } from '../support/installation.ts';
import { leftovers } from '../support/leftovers.ts';
import { useNamespace } from '../support/sandbox.ts';
import { REPOSITORY } from '../support/up.ts';

/** The garbage collector looks again every 30 s where it met an error. */
const COLLECTED_MS = 120_000;

interface Volume extends ClusterObject {
  readonly spec: { readonly claimRef?: { readonly namespace: string } };
  readonly status: { readonly phase: string };
}

suite('kubectl delete -k deploy/', { concurrency: 1 }, () => {
  const namespace = useNamespace('e2e-uninstall');
  before(async () => {
    await install();
    await kubectl('-n', namespace, 'apply', '-f', path.join(REPOSITORY, 'examples/hello-world'));
    (await serve(namespace, 'hello-world')).stop();
  });

  test('leaves nothing behind, with brokers that run', async () => {
    await uninstall();
    let left: readonly string[] = [];
    await eventuallyFinds(COLLECTED_MS, 'an empty cluster', async () => {
      left = await leftovers(namespace);
      return left.length === 0 ? true : undefined;
    }).catch(() => undefined);
    assert.deepEqual(left, []);
  });

  test('releases the volumes', async () => {
    const volumes = await list<Volume>('persistentvolume');
    const held = volumes.filter(
      ({ spec, status }) => spec.claimRef?.namespace === namespace && status.phase === 'Bound',
    );
    assert.deepEqual(held, []);
  });

  test('can be followed by an installation that works', async () => {
    await install();
    await kubectl('-n', namespace, 'apply', '-f', path.join(REPOSITORY, 'examples/hello-world'));
    (await serve(namespace, 'hello-world')).stop();
  });
});
