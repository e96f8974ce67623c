import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pino } from 'pino';
import type { BrokerMessage, OperatorMessage, SnapshotStamp } from '../../control/messages.ts';
import { hashOf } from '../../control/snapshot-hash.ts';
import type { Snapshot } from '../../domain/snapshot.ts';
import { copyOf } from '../../test/support/any-snapshot.ts';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { ScriptedLink } from '../../test/support/scripted-link.ts';
import { aClient, aSnapshot } from '../../test/support/snapshots.ts';
import { HELLO_TIMEOUT_MS, Publications } from './publications.ts';

const KEY = 'default/plant';
const UID = 'uid-1';

/** A snapshot with one client for each of `names`, which are sorted. */
function snapshotOf(...names: readonly string[]): Snapshot {
  return aSnapshot({ clients: names.map((name) => aClient(name)), spaces: {} });
}

function aWorld() {
  const clock = new ManualClock();
  const told: string[] = [];
  const higher: number[] = [];
  const publications = new Publications({
    clock,
    logger: pino({ level: 'silent' }),
    onStanding: (key) => told.push(key),
    onDeliveries: () => undefined,
    onHigherEpoch: (epoch) => higher.push(epoch),
  });
  const connect = (pod: string, runs?: SnapshotStamp, uid = UID, more = {}): AnyLink => {
    const link: AnyLink = new ScriptedLink();
    publications.accept({ key: KEY, uid }, link);
    link.says({ type: 'Hello', protocol: 1, pod, ...(runs && { runs }), ...more });
    return link;
  };
  const runs = (): unknown[] => {
    return publications.standing(KEY).map(({ pod, runs }) => [pod, runs?.epoch, runs?.counter]);
  };
  return { clock, told, higher, publications, connect, runs };
}

type AnyLink = ScriptedLink<OperatorMessage, BrokerMessage>;

function typesOf(messages: readonly OperatorMessage[]): string {
  return messages.map(({ type }) => type).join(' ');
}

/** The stamp of the last offer among what was sent. */
function stampOf(messages: readonly OperatorMessage[]): SnapshotStamp {
  const offers = messages.flatMap((message) => ('stamp' in message ? message.stamp : []));
  return offers.at(-1)!;
}

function changesOf(messages: readonly OperatorMessage[]): unknown[] {
  return messages.flatMap((message) => (message.type === 'UpdatePart' ? message.changes : []));
}

/** Acknowledges what was offered, and answers it. */
function acknowledge(link: AnyLink): OperatorMessage[] {
  const sent = link.take();
  link.says({ type: 'Acknowledge', stamp: stampOf(sent) });
  return sent;
}

const WHOLE = 'UpdateBegin UpdatePart UpdateEnd';

test('a broker that runs nothing gets the whole, and runs it once it says so', () => {
  const { publications, connect, runs, told } = aWorld();
  publications.lead(3);
  assert.deepEqual(publications.publish(KEY, UID, snapshotOf('a')), { epoch: 3, counter: 1 });
  const link = connect('pod-0');
  assert.deepEqual(runs(), [['pod-0', undefined, undefined]]);
  const [begin] = link.sent;
  assert.ok(begin?.type === 'UpdateBegin' && begin.base === undefined);
  told.length = 0;
  assert.equal(typesOf(acknowledge(link)), WHOLE);
  assert.deepEqual(runs(), [['pod-0', 3, 1]]);
  assert.deepEqual(told, [KEY]);
  assert.deepEqual(link.sent, []);
});

test('a broker that came before its snapshot gets it when it is published', () => {
  const { publications, connect } = aWorld();
  publications.lead(1);
  const link = connect('pod-0');
  assert.deepEqual(link.sent, []);
  publications.publish(KEY, UID, snapshotOf('a'));
  assert.equal(typesOf(link.sent), WHOLE);
});

test('a change is sent as what changed, on top of what the broker acknowledged', () => {
  const { publications, connect } = aWorld();
  publications.lead(1);
  publications.publish(KEY, UID, snapshotOf('a', 'b', 'c'));
  const link = connect('pod-0');
  const first = stampOf(acknowledge(link));
  publications.publish(KEY, UID, copyOf(snapshotOf('a', 'c', 'd')));
  const begin = link.sent[0];
  assert.ok(begin?.type === 'UpdateBegin');
  assert.deepEqual(begin.base, first);
  assert.equal(begin.stamp.hash, hashOf(snapshotOf('a', 'c', 'd')));
  assert.deepEqual(changesOf(link.sent), [
    { change: 'Remove', list: 'clients', name: 'b' },
    { change: 'Set', list: 'clients', value: aClient('d') },
  ]);
});

test('equal content is the same version, and nobody is told anything', () => {
  const { publications, connect } = aWorld();
  publications.lead(1);
  const snapshot = snapshotOf('a');
  const version = publications.publish(KEY, UID, snapshot);
  const link = connect('pod-0');
  acknowledge(link);
  assert.deepEqual(publications.publish(KEY, UID, snapshot), version);
  assert.deepEqual(publications.publish(KEY, UID, copyOf(snapshot)), version);
  assert.deepEqual(link.sent, []);
});

test('one update is on its way at a time, then the newest follows and those between do not', () => {
  const { publications, connect, runs } = aWorld();
  publications.lead(1);
  publications.publish(KEY, UID, snapshotOf('a'));
  const link = connect('pod-0');
  publications.publish(KEY, UID, snapshotOf('a', 'b'));
  publications.publish(KEY, UID, snapshotOf('a', 'b', 'c'));
  assert.equal(typesOf(link.sent), WHOLE);
  acknowledge(link);
  assert.deepEqual(runs(), [['pod-0', 1, 1]]);
  assert.equal(stampOf(link.sent).version.counter, 3);
  assert.equal(changesOf(link.sent).length, 2);
  acknowledge(link);
  assert.deepEqual(link.sent, []);
});

test('changes are based on what a slow broker runs, however many versions ago that was', () => {
  const { publications, connect } = aWorld();
  publications.lead(1);
  publications.publish(KEY, UID, snapshotOf('a'));
  const link = connect('pod-0');
  for (let index = 100; index < 150; index++) {
    publications.publish(KEY, UID, snapshotOf('a', `b-${index}`));
  }
  acknowledge(link);
  assert.deepEqual(changesOf(link.sent), [
    { change: 'Set', list: 'clients', value: aClient('b-149') },
  ]);
});

test('a broker that comes back gets what changed meanwhile, if that is still known', () => {
  const { publications, connect } = aWorld();
  publications.lead(1);
  publications.publish(KEY, UID, snapshotOf('a'));
  const stamp = stampOf(acknowledge(connect('pod-0')));
  publications.publish(KEY, UID, snapshotOf('a', 'b'));
  assert.equal(changesOf(connect('pod-0', stamp).sent).length, 1);
  for (let index = 100; index < 120; index++) {
    publications.publish(KEY, UID, snapshotOf('a', `b-${index}`));
  }
  const [begin] = connect('pod-0', stamp).sent;
  assert.ok(begin?.type === 'UpdateBegin' && begin.base === undefined);
});

test('a broker that runs the newest content already is only told its version', () => {
  const { publications, connect, runs } = aWorld();
  publications.lead(7);
  const version = publications.publish(KEY, UID, snapshotOf('a'));
  const hash = hashOf(snapshotOf('a'));
  for (const old of [{ epoch: 6, counter: 900 }, version]) {
    const link = connect('pod-0', { version: old, hash });
    assert.deepEqual(link.sent, [{ type: 'Current', stamp: { version, hash } }]);
    assert.deepEqual(runs(), [['pod-0', undefined, undefined]]);
    acknowledge(link);
    assert.deepEqual(runs(), [['pod-0', 7, 1]]);
  }
});

test('a broker whose changes did not add up gets the whole, then changes again', () => {
  const { publications, connect } = aWorld();
  publications.lead(1);
  publications.publish(KEY, UID, snapshotOf('a'));
  const stamp = stampOf(acknowledge(connect('pod-0')));
  publications.publish(KEY, UID, snapshotOf('a', 'b'));
  const link = connect('pod-0', stamp, UID, { whole: true });
  const [begin] = acknowledge(link);
  assert.ok(begin?.type === 'UpdateBegin' && begin.base === undefined);
  publications.publish(KEY, UID, snapshotOf('a'));
  assert.equal(changesOf(link.sent).length, 1);
});

test('a refusal stands until there is a newer version, and is of that one alone', () => {
  const { publications, connect, runs, told } = aWorld();
  publications.lead(1);
  publications.publish(KEY, UID, snapshotOf('a'));
  const link = connect('pod-0');
  acknowledge(link);
  const version = publications.publish(KEY, UID, snapshotOf('b'));
  link.take();
  told.length = 0;
  link.says({ type: 'Refuse', version, message: 'cannot' });
  assert.deepEqual(publications.standing(KEY), [
    {
      pod: 'pod-0',
      runs: { epoch: 1, counter: 1 },
      refused: { version, message: 'cannot' },
      deliveries: new Map(),
    },
  ]);
  assert.deepEqual([told, link.sent], [[KEY], []]);
  publications.publish(KEY, UID, snapshotOf('c'));
  assert.equal(publications.standing(KEY)[0]?.refused, undefined);
  assert.equal(changesOf(link.sent).length, 2);
  acknowledge(link);
  assert.deepEqual(runs(), [['pod-0', 1, 3]]);
});

test('who does not lead sends brokers to another, also those that are there', () => {
  const { publications, connect } = aWorld();
  const early = connect('pod-0');
  assert.deepEqual([early.sent, early.isClosed], [[{ type: 'NotLeader' }], true]);
  publications.lead(1);
  publications.publish(KEY, UID, snapshotOf('a'));
  const link = connect('pod-0');
  link.take();
  publications.follow();
  assert.deepEqual([link.sent, link.isClosed], [[{ type: 'NotLeader' }], true]);
  assert.deepEqual(publications.standing(KEY), []);
  assert.throws(() => publications.publish(KEY, UID, snapshotOf('a')), /only the leader/);
});

test('a stream that was opened before the leadership was lost is sent away at its Hello', () => {
  const { publications } = aWorld();
  publications.lead(1);
  const link: AnyLink = new ScriptedLink();
  publications.accept({ key: KEY, uid: UID }, link);
  publications.follow();
  link.says({ type: 'Hello', protocol: 1, pod: 'pod-0' });
  assert.deepEqual([link.sent, link.isClosed], [[{ type: 'NotLeader' }], true]);
});

test('a broker that is ahead is told nothing until the epoch is above its own', () => {
  const content = snapshotOf('a');
  const cases: readonly SnapshotStamp[] = [
    { version: { epoch: 9, counter: 1 }, hash: hashOf(content) },
    { version: { epoch: 9, counter: 1 }, hash: hashOf(snapshotOf('b')) },
    // The process before this one led as the same replica: the epoch did not rise.
    { version: { epoch: 4, counter: 30 }, hash: hashOf(snapshotOf('b')) },
    { version: { epoch: 4, counter: 1 }, hash: hashOf(snapshotOf('b')) },
  ];
  for (const runs of cases) {
    const { publications, connect, higher } = aWorld();
    publications.lead(4);
    publications.publish(KEY, UID, content);
    const link = connect('pod-0', runs);
    assert.deepEqual([link.sent, higher], [[], [runs.version.epoch + 1]]);
    publications.lead(runs.version.epoch + 1);
    const { version } = stampOf(link.sent);
    assert.deepEqual(version.epoch, runs.version.epoch + 1);
    assert.equal(link.sent[0]?.type === 'Current', runs.hash === hashOf(content));
  }
});

test('a broker that lies cannot use up the epochs of leaders to come', () => {
  const { publications, connect, higher } = aWorld();
  publications.lead(4);
  publications.publish(KEY, UID, snapshotOf('a'));
  const version = { epoch: 1_000_000_000, counter: 1 };
  const link = connect('pod-0', { version, hash: hashOf(snapshotOf('b')) });
  assert.deepEqual([link.sent, higher], [[], []]);
});

test('with a new epoch all brokers are told their content under it, and publish answers it', () => {
  const { publications, connect, runs } = aWorld();
  publications.lead(1);
  const snapshot = snapshotOf('a');
  publications.publish(KEY, UID, snapshot);
  const [idle, busy] = [connect('pod-0'), connect('pod-1')];
  acknowledge(idle);
  publications.lead(5);
  assert.equal(typesOf(idle.sent), 'Current');
  assert.equal(typesOf(busy.sent), WHOLE);
  acknowledge(busy);
  assert.equal(typesOf(busy.sent), 'Current');
  acknowledge(busy);
  acknowledge(idle);
  assert.deepEqual(runs(), [
    ['pod-0', 5, 2],
    ['pod-1', 5, 2],
  ]);
  assert.deepEqual(publications.publish(KEY, UID, snapshot), { epoch: 5, counter: 2 });
  assert.throws(() => publications.lead(5), /only rises/);
});

test('what is withdrawn is told to nobody, and comes back as a newer version', () => {
  const { publications, connect, runs } = aWorld();
  publications.lead(1);
  publications.publish(KEY, UID, snapshotOf('a'));
  const link = connect('pod-0');
  acknowledge(link);
  publications.withdraw(KEY);
  const late = connect('pod-1');
  assert.deepEqual([link.sent, late.sent, link.isClosed], [[], [], false]);
  assert.deepEqual(publications.publish(KEY, UID, snapshotOf('a')), { epoch: 1, counter: 2 });
  assert.equal(typesOf(link.sent), 'Current');
  acknowledge(link);
  assert.deepEqual(runs()[0], ['pod-0', 1, 2]);
});

test('pods of a namesake that was deleted are sent away, and told nothing', () => {
  const { publications, connect } = aWorld();
  publications.lead(1);
  publications.publish(KEY, UID, snapshotOf('a'));
  const old = connect('pod-0');
  old.take();
  publications.publish(KEY, 'uid-2', snapshotOf('a'));
  assert.equal(typesOf(old.sent), 'TryLater');
  assert.equal(old.isClosed, true);
  const late = connect('pod-0');
  assert.deepEqual([typesOf(late.sent), late.isClosed], ['TryLater', true]);
  const fresh = connect('pod-0', undefined, 'uid-2');
  assert.equal(typesOf(fresh.sent), WHOLE);
  assert.deepEqual(publications.standing(KEY).length, 1);
});

test('a pod that comes again takes the place of its older stream', () => {
  const { publications, connect } = aWorld();
  publications.lead(1);
  const [older, other, newer] = [connect('pod-0'), connect('pod-1'), connect('pod-0')];
  assert.deepEqual([older.isClosed, other.isClosed, newer.isClosed], [true, false, false]);
  assert.equal(publications.standing(KEY).length, 2);
});

test('a broker that is gone stands no longer, and that is told', () => {
  const { publications, connect, told } = aWorld();
  publications.lead(1);
  const link = connect('pod-0');
  told.length = 0;
  link.breaks();
  assert.deepEqual([publications.standing(KEY), told], [[], [KEY]]);
  assert.equal(publications.connected, 0);
});

test('answers to what was not asked end the stream, and count for nothing', () => {
  const stamp = { version: { epoch: 1, counter: 9 }, hash: 'h'.repeat(43) };
  const wrongs: readonly BrokerMessage[] = [
    { type: 'Acknowledge', stamp },
    { type: 'Acknowledge', stamp: { version: { epoch: 1, counter: 1 }, hash: stamp.hash } },
    { type: 'Refuse', version: stamp.version, message: 'no' },
    { type: 'Hello', protocol: 1, pod: 'pod-0' },
  ];
  for (const wrong of wrongs) {
    const { publications, connect } = aWorld();
    publications.lead(1);
    publications.publish(KEY, UID, snapshotOf('a'));
    const link = connect('pod-0');
    link.says(wrong);
    assert.deepEqual([link.isClosed, publications.standing(KEY)], [true, []]);
  }
});

test('who says no Hello in time is sent away, and who does may stay', async () => {
  const { publications, clock, connect } = aWorld();
  publications.lead(1);
  const silent: AnyLink = new ScriptedLink();
  publications.accept({ key: KEY, uid: UID }, silent);
  const link = connect('pod-0');
  await clock.advance(HELLO_TIMEOUT_MS);
  assert.deepEqual([silent.isClosed, link.isClosed], [true, false]);
  assert.equal(clock.pending, 0);
});
