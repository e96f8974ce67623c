import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pino } from 'pino';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { ScriptedKubeApi } from '../../test/support/scripted-kube-api.ts';
import { EventRecorder } from './event-recorder.ts';
import type { ObjectReference, RecordedEvent } from './event-recorder.ts';
import { KubeApiError, UnreachableError } from '../../kube/kube-api.ts';
import type { KubeApi, KubeObject } from '../../kube/kube-api.ts';

interface Write {
  readonly verb: 'create' | 'patch';
  readonly name: string;
  readonly body: { readonly [field: string]: unknown };
}

const EVENT: RecordedEvent = {
  type: 'Warning',
  reason: 'NameConflict',
  action: 'Validate',
  note: 'the name is taken',
};

function about(name: string): ObjectReference {
  const apiVersion = 'mqttgrid.io/v1';
  return { apiVersion, kind: 'Client', namespace: 'plant', name, uid: `uid of ${name}` };
}

function refusal(status: number, reason: string): KubeApiError {
  return new KubeApiError(reason, { status, reason });
}

function setup() {
  const clock = new ManualClock();
  const writes: Write[] = [];
  /** Of the next writes; undefined: it succeeds. */
  const failures: (Error | undefined)[] = [];
  class Api extends ScriptedKubeApi<KubeObject> {
    override create: KubeApi['create'] = (_, object) =>
      this.write({
        verb: 'create',
        name: object.metadata.name,
        body: Object.fromEntries(Object.entries(object)),
      });

    override patch: KubeApi['patch'] = (_, { name }, body) =>
      this.write({ verb: 'patch', name, body: { ...body } });

    async write(write: Write): Promise<never> {
      await Promise.resolve();
      const failure = failures.shift();
      if (failure !== undefined) throw failure;
      writes.push(write);
      return undefined as never;
    }
  }
  const recorder = new EventRecorder({
    api: new Api(),
    controller: 'mqttgrid.io/operator',
    instance: 'operator-1',
    clock,
    random: () => 0.5,
    logger: pino({ enabled: false }),
  });
  const series = (): unknown[] =>
    writes.map(({ body }) => (body['series'] as { count: number } | undefined)?.count ?? 1);
  return { clock, writes, failures, recorder, series };
}

test('an event says what happened to which object, and who saw it', async () => {
  const { clock, writes, recorder } = setup();
  recorder.record(about('pump'), EVENT);
  await clock.advance(0);
  const [{ name, body } = assert.fail()] = writes;
  assert.match(name, /^pump\.[0-9a-f]{16}$/);
  assert.deepEqual(body, {
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    metadata: { namespace: 'plant', name },
    eventTime: '2026-01-01T00:00:00.000000Z',
    reportingController: 'mqttgrid.io/operator',
    reportingInstance: 'operator-1',
    regarding: about('pump'),
    ...EVENT,
  });
});

test('repetitions are one event that counts them: the second at once, then a minute’s in one write', async () => {
  const { clock, writes, recorder, series } = setup();
  for (let count = 0; count < 20; count++) {
    recorder.record(about('pump'), EVENT);
    await clock.advance(10);
  }
  assert.deepEqual(series(), [1, 2]);
  await clock.advance(60_000);
  assert.deepEqual(series(), [1, 2, 20]);
  assert.equal(new Set(writes.map(({ name }) => name)).size, 1);
  assert.deepEqual(
    writes.map(({ verb }) => verb),
    ['create', 'patch', 'patch'],
  );
  assert.equal(clock.pending, 0);
});

test('another note, or a repetition after a quiet time, is another event', async () => {
  const { clock, writes, recorder } = setup();
  recorder.record(about('pump'), EVENT);
  recorder.record(about('pump'), { ...EVENT, note: 'it is taken by another one' });
  recorder.record(about('valve'), EVENT);
  await clock.advance(360_000);
  recorder.record(about('pump'), EVENT);
  await clock.advance(0);
  assert.deepEqual(
    writes.map(({ verb }) => verb),
    ['create', 'create', 'create', 'create'],
  );
  assert.equal(new Set(writes.map(({ name }) => name)).size, 4);
});

test('of one object no more than a burst is told, and then one in five minutes', async () => {
  const { clock, writes, recorder } = setup();
  let note = 0;
  const storm = async (): Promise<void> => {
    for (let count = 0; count < 100; count++) {
      recorder.record(about('pump'), { ...EVENT, note: String(note++) });
    }
    await clock.advance(0);
  };
  await storm();
  assert.equal(writes.length, 25);
  assert.equal(recorder.dropped, 75);
  recorder.record(about('valve'), EVENT);
  await clock.advance(300_000);
  await storm();
  assert.equal(writes.length, 27);
});

test('a server that does not take events keeps nobody waiting and nothing for ever', async () => {
  const { clock, writes, failures, recorder } = setup();
  failures.push(...Array<Error>(6_000).fill(new UnreachableError('refused')));
  for (let count = 0; count < 3_000; count++) recorder.record(about(`pump-${count}`), EVENT);
  assert.equal(recorder.dropped, 3_000 - 1_001, 'one under way, a thousand wait');
  await clock.advance(3_600_000);
  assert.equal(recorder.dropped, 3_000);
  assert.equal(writes.length, 0);
});

test('what passes is tried again, what is refused is not', async () => {
  const { clock, writes, failures, recorder } = setup();
  failures.push(refusal(503, 'ServiceUnavailable'), new UnreachableError('reset'));
  recorder.record(about('pump'), EVENT);
  await clock.advance(10_000);
  assert.equal(writes.length, 1);
  failures.push(refusal(403, 'Forbidden'));
  recorder.record(about('valve'), EVENT);
  await clock.advance(10_000);
  assert.equal(writes.length, 1);
  assert.equal(recorder.dropped, 1);
});

test('a series goes on where the answer to its beginning got lost, and anew where it was forgotten', async () => {
  const { clock, writes, failures, recorder, series } = setup();
  failures.push(new UnreachableError('reset'), refusal(409, 'AlreadyExists'));
  recorder.record(about('pump'), EVENT);
  await clock.advance(10_000);
  recorder.record(about('pump'), EVENT);
  failures.push(refusal(404, 'NotFound'));
  await clock.advance(10_000);
  assert.deepEqual(
    writes.map(({ verb }) => verb),
    ['patch', 'create'],
  );
  assert.deepEqual(series(), [1, 2]);
});

test('what a server would refuse for its length is cut, at a whole character', async () => {
  const { clock, writes, recorder } = setup();
  recorder.record(about('p'.repeat(253)), { ...EVENT, note: 'é'.repeat(600) });
  await clock.advance(0);
  const [{ name, body } = assert.fail()] = writes;
  assert.equal(name.length, 253);
  assert.equal(body['note'], `${'é'.repeat(510)}…`);
});

test('once stopped it takes and writes nothing', async () => {
  const { clock, writes, recorder } = setup();
  for (let count = 0; count < 3; count++) recorder.record(about('pump'), EVENT);
  recorder.stop();
  recorder.record(about('valve'), EVENT);
  await clock.advance(100_000);
  assert.ok(writes.length <= 1);
  assert.equal(clock.pending, 0);
});
