import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { V1ContainerStatus } from '@kubernetes/client-node';
import { newestMessage } from './kube-events.ts';
import type { Pod } from './pods.ts';
import { diagnosePod } from './unavailable.ts';
import type { Claim } from './volumes.ts';

const IMAGE = 'registry.example.com/mqttgrid:1';

function pod(parts: {
  readonly nodeName?: string;
  readonly phase?: string;
  readonly message?: string;
  readonly scheduling?: string;
  readonly status?: Partial<V1ContainerStatus>;
  readonly deletionTimestamp?: string;
}): Pod {
  const { nodeName, phase = 'Pending', message, scheduling, status, deletionTimestamp } = parts;
  const conditions =
    scheduling === undefined
      ? []
      : [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: scheduling }];
  const container = { name: 'broker', image: IMAGE, imageID: '', ready: false, restartCount: 0 };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'grid-0', ...(deletionTimestamp && { deletionTimestamp }) },
    spec: { containers: [{ name: 'broker', image: IMAGE }], ...(nodeName && { nodeName }) },
    status: {
      phase,
      conditions,
      ...(message && { message }),
      ...(status && { containerStatuses: [{ ...container, ...status }] }),
    },
  };
}

function waiting(reason: string, message?: string): Partial<V1ContainerStatus> {
  return { state: { waiting: { reason, ...(message && { message }) } } };
}

function claim(phase: string, storageClassName?: string): Claim {
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name: 'data-grid-0' },
    spec: storageClassName === undefined ? {} : { storageClassName },
    status: { phase },
  };
}

const ON_NODE = { nodeName: 'node1' } as const;
const ENDED = { exitCode: 1, reason: 'Error', message: 'cannot read\nsessions.db\n' };
const KEEPS_ENDING =
  'the pod grid-0 does not start: the broker keeps ending, with exit code 1 (Error): ' +
  'cannot read sessions.db';

interface Case {
  readonly pod: Pod;
  readonly claim?: Claim;
  readonly message: string;
  readonly eventsOf?: 'Pod' | 'PersistentVolumeClaim';
}

const CASES: Readonly<Record<string, Case>> = {
  'that no node takes': {
    pod: pod({ scheduling: '0/1 nodes are available: 1 Insufficient memory.' }),
    claim: claim('Bound'),
    message: 'no node takes the pod grid-0: 0/1 nodes are available: 1 Insufficient memory.',
  },
  'that the scheduler has not seen': {
    pod: pod({}),
    message: 'the pod grid-0 waits for a node',
  },
  'whose volume does not bind': {
    pod: pod({ scheduling: 'pod has unbound immediate PersistentVolumeClaims' }),
    claim: claim('Pending', 'fast'),
    message: 'the volume claim data-grid-0 of StorageClass "fast" is not bound',
    eventsOf: 'PersistentVolumeClaim',
  },
  'whose volume has no class': {
    pod: pod({}),
    claim: claim('Pending'),
    message: 'the volume claim data-grid-0 without a StorageClass is not bound',
    eventsOf: 'PersistentVolumeClaim',
  },
  'whose volume is lost': {
    pod: pod({}),
    claim: claim('Lost'),
    message: 'the volume of data-grid-0 is lost',
  },
  'whose image is not there': {
    pod: pod({ ...ON_NODE, status: waiting('ErrImagePull', 'not found') }),
    message: `the pod grid-0 does not start: its image "${IMAGE}" cannot be pulled: not found`,
  },
  // The same, in the pause between two tries: no news.
  'whose image is not there, later': {
    pod: pod({
      ...ON_NODE,
      status: waiting(
        'ImagePullBackOff',
        `Back-off pulling image "${IMAGE}": ErrImagePull: not found`,
      ),
    }),
    message: `the pod grid-0 does not start: its image "${IMAGE}" cannot be pulled: not found`,
  },
  'whose image is no name': {
    pod: pod({ ...ON_NODE, status: waiting('InvalidImageName', 'couldn’t parse') }),
    message: `the pod grid-0 does not start: "${IMAGE}" is not the name of an image`,
  },
  'whose container cannot be made': {
    pod: pod({ ...ON_NODE, status: waiting('CreateContainerConfigError', 'secret "x" not found') }),
    message: 'the pod grid-0 does not start: CreateContainerConfigError: secret "x" not found',
  },
  'that ended': {
    pod: pod({ ...ON_NODE, status: { state: { terminated: ENDED } } }),
    message: KEEPS_ENDING.replace('keeps ending', 'ended'),
  },
  'that ended and waits': {
    pod: pod({
      ...ON_NODE,
      status: {
        ...waiting('CrashLoopBackOff', 'back-off 10s restarting'),
        lastState: { terminated: ENDED },
        restartCount: 1,
      },
    }),
    message: KEEPS_ENDING,
  },
  'that ended and runs again': {
    pod: pod({
      ...ON_NODE,
      phase: 'Running',
      status: { state: { running: {} }, lastState: { terminated: ENDED }, restartCount: 2 },
    }),
    message: KEEPS_ENDING,
  },
  'that was killed for its memory': {
    pod: pod({
      ...ON_NODE,
      status: { state: { terminated: { exitCode: 137, reason: 'OOMKilled' } }, restartCount: 1 },
    }),
    message:
      'the pod grid-0 does not start: the broker keeps ending, with exit code 137 (OOMKilled)',
  },
  'that waits for mounts': {
    pod: pod({ ...ON_NODE, status: waiting('ContainerCreating') }),
    message: 'the pod grid-0 is being started',
    eventsOf: 'Pod',
  },
  'that the kubelet has not seen': {
    pod: pod(ON_NODE),
    message: 'the pod grid-0 is being started',
    eventsOf: 'Pod',
  },
  'that runs': {
    pod: pod({ ...ON_NODE, phase: 'Running', status: { state: { running: {} } } }),
    message: 'the pod grid-0 runs and is not ready yet',
  },
  'that was evicted': {
    pod: pod({ ...ON_NODE, phase: 'Failed', message: 'The node was low on resource: memory.' }),
    message: 'the pod grid-0 failed: The node was low on resource: memory.',
  },
  'that is being deleted': {
    pod: pod({ ...ON_NODE, deletionTimestamp: '2026-01-01T00:00:00Z' }),
    message: 'the pod grid-0 is ending',
  },
};

suite('a pod', () => {
  for (const [what, expected] of Object.entries(CASES)) {
    test(what, () => {
      const { message, eventsOf } = diagnosePod(expected.pod, expected.claim);
      assert.equal(message, expected.message);
      assert.equal(eventsOf?.kind, expected.eventsOf);
    });
  }

  test('that wrote a page before it ended is quoted with its end', () => {
    const message = `${'line\n'.repeat(1000)}the cause`;
    const terminated = { ...ENDED, message };
    const said = diagnosePod(pod({ ...ON_NODE, status: { state: { terminated } } }), undefined);
    assert.ok(said.message.length < 700);
    assert.ok(said.message.endsWith('line the cause'));
  });
});

test('of several warnings the newest counts, whichever field has its time', () => {
  const event = (message: string, times: object) => ({
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: message, creationTimestamp: '2026-01-01T00:00:00Z' },
    message,
    ...times,
  });
  const events = [
    event('first', { lastTimestamp: '2026-01-01T00:00:05Z' }),
    event('last', { lastTimestamp: null, eventTime: '2026-01-01T00:00:09.000000Z' }),
    event('made', { lastTimestamp: null, eventTime: null }),
  ];
  assert.equal(newestMessage(events), 'last');
  assert.equal(newestMessage([]), '');
});
