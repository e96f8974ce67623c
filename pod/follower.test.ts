import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { pino } from 'pino';
import type {
  BrokerMessage,
  OperatorMessage,
  SnapshotStamp,
  StampedSnapshot,
} from '../control/messages.ts';
import { updateMessages } from '../control/messages.ts';
import { hashOf } from '../control/snapshot-hash.ts';
import { changesBetween } from '../domain/snapshot-changes.ts';
import type { Snapshot } from '../domain/snapshot.ts';
import { copyOf } from '../test/support/any-snapshot.ts';
import { ScriptedLink } from '../test/support/scripted-link.ts';
import { aClient, aSnapshot } from '../test/support/snapshots.ts';
import { Follower } from './follower.ts';
import type { StreamEnd } from './follower.ts';

const [A, AB, B] = [snapshotOf('a'), snapshotOf('a', 'b'), snapshotOf('b')];

function snapshotOf(...names: readonly string[]): Snapshot {
  return aSnapshot({ clients: names.map((name) => aClient(name)), spaces: {} });
}

function stamped(snapshot: Snapshot, epoch: number, counter: number): StampedSnapshot {
  return { snapshot, stamp: { version: { epoch, counter }, hash: hashOf(snapshot) } };
}

type AnyLink = ScriptedLink<BrokerMessage, OperatorMessage>;

function aWorld(saved?: StampedSnapshot) {
  const steps: string[] = [];
  const applied: Snapshot[] = [];
  const fate: { of: (snapshot: Snapshot) => void | Promise<void> } = { of: () => undefined };
  const follower = new Follower({
    pod: 'pod-0',
    saved,
    apply: (snapshot) => {
      const applying = fate.of(snapshot);
      applied.push(snapshot);
      steps.push('applied');
      return applying;
    },
    onRuns: ({ stamp }) => steps.push(`runs ${stamp.version.counter}`),
    logger: pino({ level: 'silent' }),
  });
  const connect = async (): Promise<{ link: AnyLink; end: Promise<StreamEnd> }> => {
    const link: AnyLink = new ScriptedLink();
    const end = follower.follow(link);
    await turn();
    return { link, end };
  };
  return { follower, steps, applied, fate, connect };
}

/** Sends the update; its messages as they would have travelled. */
async function update(
  link: AnyLink,
  { stamp, snapshot }: StampedSnapshot,
  base?: StampedSnapshot,
): Promise<void> {
  const changes = changesBetween(base?.snapshot, snapshot);
  for (const message of updateMessages(base?.stamp, stamp, changes)) link.says(copyOf(message));
  await turn();
}

function acknowledgement(stamp: SnapshotStamp): BrokerMessage {
  return { type: 'Acknowledge', stamp };
}

test('says Hello with what it runs, which is nothing, what was saved, or what it took', async () => {
  const { connect } = aWorld();
  const { link } = await connect();
  assert.deepEqual(link.take(), [{ type: 'Hello', protocol: 1, pod: 'pod-0' }]);
  await update(link, stamped(A, 1, 1));
  link.breaks();
  const runs = stamped(A, 1, 1).stamp;
  const hello = [{ type: 'Hello', protocol: 1, pod: 'pod-0', runs }];
  assert.deepEqual((await connect()).link.sent, hello);
  assert.deepEqual((await aWorld(stamped(A, 1, 1)).connect()).link.sent, hello);
});

test('takes the whole, then changes of it, and acknowledges each once it is in force', async () => {
  const { connect, applied, steps, follower } = aWorld();
  const { link } = await connect();
  link.take();
  await update(link, stamped(A, 1, 1));
  assert.deepEqual(steps, ['applied', 'runs 1']);
  assert.deepEqual(link.take(), [acknowledgement(stamped(A, 1, 1).stamp)]);
  await update(link, stamped(AB, 1, 2), stamped(A, 1, 1));
  assert.deepEqual(applied, [A, AB]);
  assert.equal(applied[1]?.clients[0], applied[0]?.clients[0]);
  assert.deepEqual(link.take(), [acknowledgement(stamped(AB, 1, 2).stamp)]);
  assert.deepEqual(follower.runs, stamped(AB, 1, 2));
});

test('acknowledges nothing before apply is done, however long that takes', async () => {
  const { connect, fate, follower } = aWorld();
  const { link } = await connect();
  link.take();
  const { promise, resolve } = Promise.withResolvers<void>();
  fate.of = () => promise;
  await update(link, stamped(A, 1, 1));
  assert.deepEqual([link.sent, follower.runs], [[], undefined]);
  resolve();
  await turn();
  assert.deepEqual(link.sent, [acknowledgement(stamped(A, 1, 1).stamp)]);
});

test('a stream that breaks while a snapshot is put in force: the next Hello waits for it', async () => {
  const { connect, fate } = aWorld();
  const first = await connect();
  const { promise, resolve } = Promise.withResolvers<void>();
  fate.of = () => promise;
  await update(first.link, stamped(A, 1, 1));
  first.link.breaks();
  const second = await connect();
  assert.deepEqual(second.link.sent, []);
  resolve();
  await turn();
  const runs = stamped(A, 1, 1).stamp;
  assert.deepEqual(second.link.take(), [{ type: 'Hello', protocol: 1, pod: 'pod-0', runs }]);
});

test('told that it is current, it runs the same under the new version', async () => {
  const { connect, applied, steps, follower } = aWorld(stamped(A, 1, 9));
  const { link } = await connect();
  assert.equal(follower.hasSettled, false);
  link.take();
  const { stamp } = stamped(A, 2, 1);
  link.says({ type: 'Current', stamp });
  assert.deepEqual(link.sent, []);
  await turn();
  assert.deepEqual([link.sent, applied], [[acknowledgement(stamp)], [A]]);
  assert.deepEqual(steps, ['applied', 'runs 1']);
  assert.deepEqual([follower.runs?.stamp, follower.hasSettled], [stamp, true]);
});

test('an apply that throws is refused with its words, and the last good one stays', async () => {
  const { connect, fate, follower, steps } = aWorld(stamped(A, 1, 1));
  const { link, end } = await connect();
  link.take();
  fate.of = () => {
    throw new Error('no such thing');
  };
  await update(link, stamped(B, 1, 2), stamped(A, 1, 1));
  const { version } = stamped(B, 1, 2).stamp;
  assert.deepEqual(link.take(), [{ type: 'Refuse', version, message: 'no such thing' }]);
  assert.deepEqual([follower.runs, follower.refusal], [stamped(A, 1, 1), 'no such thing']);
  assert.deepEqual([follower.hasSettled, steps], [true, []]);
  fate.of = () => Promise.reject(new Error('n'.repeat(5000)));
  await update(link, stamped(B, 1, 3), stamped(A, 1, 1));
  const [refusal] = link.take();
  assert.ok(refusal?.type === 'Refuse' && refusal.message.length === 1024);
  fate.of = () => undefined;
  await update(link, stamped(AB, 1, 4), stamped(A, 1, 1));
  assert.deepEqual([follower.runs, follower.refusal], [stamped(AB, 1, 4), undefined]);
  link.breaks();
  assert.equal((await end).useful, true);
});

test('nothing of an update that breaks off is in force, and the next one begins anew', async () => {
  const { connect, applied, follower } = aWorld(stamped(A, 1, 1));
  const whole = [...updateMessages(undefined, stamped(B, 1, 2).stamp, changesBetween(A, B))];
  for (let cut = 1; cut < whole.length; cut++) {
    const { link } = await connect();
    for (const message of whole.slice(0, cut)) link.says(message);
    link.breaks();
    await turn();
    assert.deepEqual([applied, follower.runs], [[], stamped(A, 1, 1)]);
  }
  const { link } = await connect();
  await update(link, stamped(AB, 1, 2));
  assert.deepEqual(applied, [AB]);
});

test('changes that do not add up end the stream, and the next Hello asks for the whole', async () => {
  const { connect, applied, follower } = aWorld(stamped(A, 1, 1));
  const { link, end } = await connect();
  const wrong = { ...stamped(AB, 1, 2), snapshot: B };
  await update(link, wrong, stamped(A, 1, 1));
  assert.match((await end).reason, /changes do not make what they should/);
  assert.equal(link.isClosed, true);
  const again = await connect();
  const [hello] = again.link.take();
  assert.ok(hello?.type === 'Hello' && hello.whole === true);
  await update(again.link, wrong);
  const version = { epoch: 1, counter: 2 };
  const message = 'it is not what its hash says';
  assert.deepEqual(again.link.sent, [{ type: 'Refuse', version, message }]);
  assert.deepEqual([applied, follower.runs], [[], stamped(A, 1, 1)]);
  await update(again.link, stamped(AB, 1, 3));
  assert.deepEqual(applied, [AB]);
});

test('a whole snapshot that names no MqttNamespace is refused', async () => {
  const { connect, applied } = aWorld();
  const { link } = await connect();
  link.take();
  link.says({ type: 'UpdateBegin', stamp: stamped(A, 1, 1).stamp });
  link.says({ type: 'UpdateEnd' });
  await turn();
  assert.deepEqual([applied, link.sent.map(({ type }) => type)], [[], ['Refuse']]);
});

const RUNNING = stamped(A, 3, 5);
const { stamp: older } = stamped(B, 3, 4);
const { stamp: newer } = stamped(B, 3, 6);
const wrongs: readonly (readonly [string, readonly OperatorMessage[], RegExp])[] = [
  ['an older version', [{ type: 'UpdateBegin', stamp: older }], /go back: 3\.4 after 3\.5/],
  [
    'an older epoch, whatever its counter',
    [{ type: 'UpdateBegin', stamp: stamped(B, 2, 999).stamp }],
    /go back: 2\.999 after 3\.5/,
  ],
  [
    'the same version with other content',
    [{ type: 'UpdateBegin', stamp: stamped(B, 3, 5).stamp }],
    /go back/,
  ],
  [
    'changes of what does not run here',
    [{ type: 'UpdateBegin', stamp: newer, base: stamped(A, 3, 4).stamp }],
    /changes of 3\.4, which does not run here/,
  ],
  [
    'to be current with other content',
    [{ type: 'Current', stamp: newer }],
    /takes 3\.6 for what runs here/,
  ],
  [
    'to be current under an older version',
    [{ type: 'Current', stamp: { ...RUNNING.stamp, version: older.version } }],
    /takes 3\.4/,
  ],
  ['a part of nothing', [{ type: 'UpdatePart', changes: [] }], /a part of no update/],
  ['the end of nothing', [{ type: 'UpdateEnd' }], /ended no update/],
  [
    'an update within another',
    [
      { type: 'UpdateBegin', stamp: newer },
      { type: 'UpdateBegin', stamp: newer },
    ],
    /within another/,
  ],
];
for (const [what, messages, reason] of wrongs) {
  test(`an operator that sends ${what} is left, and nothing changes`, async () => {
    const { connect, applied, steps, follower } = aWorld(RUNNING);
    const { link, end } = await connect();
    link.take();
    for (const message of messages) link.says(message);
    assert.match((await end).reason, reason);
    assert.deepEqual([link.isClosed, link.sent], [true, []]);
    assert.deepEqual([applied, steps, follower.runs], [[], [], RUNNING]);
  });
}

test('tells how a stream ended: another leads, try later, or it broke', async () => {
  const { connect, follower } = aWorld();
  const first = await connect();
  assert.equal(follower.isConnected, true);
  first.link.says({ type: 'NotLeader' });
  const reason = 'it does not lead';
  assert.deepEqual(await first.end, { notLeader: true, useful: false, reason });
  assert.equal(follower.isConnected, false);
  const second = await connect();
  second.link.says({ type: 'TryLater', reason: 'unknown' });
  assert.deepEqual(await second.end, {
    notLeader: false,
    useful: false,
    reason: 'it has nothing for this broker: unknown',
  });
  const third = await connect();
  await update(third.link, stamped(A, 1, 1));
  third.link.breaks('reset');
  assert.deepEqual(await third.end, { notLeader: false, useful: true, reason: 'reset' });
});
