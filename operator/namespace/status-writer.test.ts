import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pino } from 'pino';
import {
  KubeApiError,
  UnreachableError,
  type KubeApi,
  type KubeObject,
} from '../../kube/kube-api.ts';
import { Declared, type Status } from './declared.ts';
import { StatusWriter } from './status-writer.ts';

interface Call {
  readonly name: string;
  readonly patch: { readonly metadata: unknown; readonly status: Record<string, unknown> };
  readonly answer: (object: KubeObject) => void;
  readonly fail: (error: Error) => void;
}

/** An API server that answers when the test says so. */
class HeldApi {
  readonly calls: Call[] = [];

  readonly api = {
    patch: (_type: unknown, { name }: { name: string }, patch: Call['patch']) =>
      new Promise<KubeObject>((answer, fail) => this.calls.push({ name, patch, answer, fail })),
  } as unknown as KubeApi;
}

function aClient(name: string, status?: unknown): Declared {
  return new Declared({
    apiVersion: 'mqttgrid.io/v1',
    kind: 'Client',
    metadata: { name, namespace: 'default', uid: name, generation: 1, resourceVersion: '5' },
    spec: {},
    status,
  });
}

function aStatus(observedGeneration: number): Status {
  return { observedGeneration, conditions: [] };
}

function aWriter(writesInFlightMax = 8) {
  const held = new HeldApi();
  const written: KubeObject[] = [];
  const failed: string[] = [];
  const writer = new StatusWriter({
    api: held.api,
    logger: pino({ level: 'silent' }),
    writesInFlightMax,
    onWritten: (object) => written.push(object),
    onFailed: (key) => failed.push(key),
  });
  return { writer, calls: held.calls, written, failed };
}

const ANSWER: KubeObject = { apiVersion: 'v', kind: 'Client', metadata: { name: 'one' } };
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('a status is written for the very state that was judged', async () => {
  const { writer, calls, written } = aWriter();
  const declared = aClient('one', { observedGeneration: -1, subject: 'CN=old' });
  writer.write('default/grid', declared, aStatus(1));
  assert.deepEqual(calls[0]?.patch, {
    metadata: { resourceVersion: '5' },
    status: { subject: null, observedGeneration: 1, conditions: [] },
  });
  calls[0]?.answer(ANSWER);
  await settled();
  assert.deepEqual(written, [ANSWER]);
  assert.equal(declared.writing, undefined);
  assert.ok(writer.isIdle);
});

test('no more are in flight than the bound says, and all are written', async () => {
  const { writer, calls } = aWriter(2);
  for (let number = 0; number < 5; number++) {
    writer.write('default/grid', aClient(`client-${number}`), aStatus(1));
  }
  assert.equal(calls.length, 2);
  for (let number = 0; number < 5; number++) {
    calls[number]?.answer(ANSWER);
    await settled();
  }
  assert.equal(calls.length, 5);
  assert.ok(writer.isIdle);
});

test('of one object, only the newest status is written, one write at a time', async () => {
  const { writer, calls } = aWriter();
  const declared = aClient('one');
  writer.write('default/grid', declared, aStatus(1));
  writer.write('default/grid', declared, aStatus(2));
  writer.write('default/grid', declared, aStatus(3));
  assert.equal(calls.length, 1);
  calls[0]?.answer(ANSWER);
  await settled();
  assert.deepEqual(
    calls.map(({ patch }) => patch.status['observedGeneration']),
    [1, 3],
  );
});

function accepted(status: 'True' | 'False', lastTransitionTime: string): Status {
  const reason = 'Accepted';
  const condition = { type: reason, status, reason, message: '', observedGeneration: 1 } as const;
  return { observedGeneration: 1, conditions: [{ ...condition, lastTransitionTime }] };
}

test('a condition is since when the server has it so, whatever was about to be written', async () => {
  const { writer, calls } = aWriter();
  const declared = aClient('one', accepted('True', '2026-01-01T00:00:00Z'));
  writer.write('default/grid', declared, accepted('False', '2026-02-01T00:00:00Z'));
  writer.write('default/grid', declared, accepted('True', '2026-02-01T00:00:01Z'));
  calls[0]?.fail(new KubeApiError('edited', { status: 409, reason: 'Conflict' }));
  await settled();
  assert.deepEqual(
    calls.map(({ patch }) => patch.status['conditions']),
    [
      accepted('False', '2026-02-01T00:00:00Z').conditions,
      accepted('True', '2026-01-01T00:00:00Z').conditions,
    ],
  );
});

for (const error of [
  new KubeApiError('edited', { status: 409, reason: 'Conflict' }),
  new KubeApiError('overloaded', { status: 500, reason: 'InternalError' }),
  new UnreachableError('timed out'),
]) {
  test(`after "${error.message}" the key is looked at again`, async () => {
    const { writer, calls, failed } = aWriter();
    const declared = aClient('one');
    writer.write('default/grid', declared, aStatus(1));
    calls[0]?.fail(error);
    await settled();
    assert.deepEqual(failed, ['default/grid']);
    assert.equal(declared.writing, undefined);
  });
}

test('an object that is gone is let go', async () => {
  const { writer, calls, failed } = aWriter();
  writer.write('default/grid', aClient('one'), aStatus(1));
  calls[0]?.fail(new KubeApiError('gone', { status: 404, reason: 'NotFound' }));
  await settled();
  assert.deepEqual(failed, []);
  assert.ok(writer.isIdle);
});

test('once stopped, nothing is sent any more', async () => {
  const { writer, calls, failed } = aWriter(1);
  writer.write('default/grid', aClient('one'), aStatus(1));
  const queued = aClient('two');
  writer.write('default/grid', queued, aStatus(1));
  writer.stop();
  writer.write('default/grid', aClient('three'), aStatus(1));
  calls[0]?.fail(new UnreachableError('timed out'));
  await settled();
  assert.equal(calls.length, 1);
  assert.deepEqual(failed, []);
  assert.equal(queued.writing, undefined);
});
