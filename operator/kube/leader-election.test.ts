import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pino } from 'pino';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { KubeApiError, UnreachableError, type KubeApi } from '../../kube/kube-api.ts';
import { LEADER_ELECTION_TIMES, LeaderElection, type Lease } from './leader-election.ts';

const LEASE = { namespace: 'mqttgrid-system', name: 'mqttgrid-operator' };
const { leaseDurationMs, renewDeadlineMs, retryPeriodMs } = LEADER_ELECTION_TIMES;

/** One Lease, as a server keeps it; a candidate can be cut off from it. */
class LeaseServer {
  stored: Lease | undefined;
  #version = 0;
  readonly unreachableFor = new Set<string>();

  remove(): void {
    this.stored = undefined;
  }

  apiFor(candidate: string): KubeApi {
    const reach = (): void => {
      if (this.unreachableFor.has(candidate)) throw new UnreachableError('cut off');
    };
    const store = (lease: Lease): Lease => {
      const metadata = { ...lease.metadata, resourceVersion: String(++this.#version) };
      return (this.stored = { ...lease, metadata });
    };
    const api = {
      get: () => {
        reach();
        return this.stored;
      },
      create: (_type: unknown, lease: Lease) => {
        reach();
        if (this.stored === undefined) return store(lease);
        throw new KubeApiError('there is one', { status: 409, reason: 'AlreadyExists' });
      },
      replace: (_type: unknown, lease: Lease) => {
        reach();
        if (lease.metadata.resourceVersion === this.stored?.metadata.resourceVersion) {
          return store(lease);
        }
        throw new KubeApiError('edited', { status: 409, reason: 'Conflict' });
      },
    };
    const asynchronous = Object.entries(api).map(([name, call]) => [
      name,
      async (...given: never[]) => {
        await Promise.resolve();
        return (call as (...given: never[]) => unknown)(...given);
      },
    ]);
    return Object.fromEntries(asynchronous) as KubeApi;
  }
}

class World {
  readonly clock = new ManualClock();
  readonly server = new LeaseServer();
  readonly told: string[] = [];
  /** Whoever leads by its own account, told apart from what the others believe. */
  readonly leading = new Set<string>();

  candidate(identity: string): LeaderElection {
    const tell = (what: string): void => {
      this.told.push(`${identity} ${what}`);
      assert.ok(this.leading.size <= 1, `${[...this.leading].join(' and ')} lead at once`);
    };
    return new LeaderElection({
      api: this.server.apiFor(identity),
      lease: LEASE,
      identity,
      clock: this.clock,
      random: () => 0.5,
      logger: pino({ level: 'silent' }),
      onStartedLeading: (epoch) => {
        this.leading.add(identity);
        tell(`leads in epoch ${epoch}`);
      },
      onStoppedLeading: () => {
        this.leading.delete(identity);
        tell('stops');
      },
      onEpochRaised: (epoch) => tell(`goes on in epoch ${epoch}`),
    });
  }
}

test('the first candidate leads, and the second one waits', async () => {
  const world = new World();
  const [one, two] = [world.candidate('one'), world.candidate('two')];
  one.start();
  await world.clock.advance(0);
  two.start();
  await world.clock.advance(10 * leaseDurationMs);
  assert.deepEqual(world.told, ['one leads in epoch 0']);
  assert.equal(one.isLeading, true);
  assert.equal(two.isLeading, false);
  assert.match(world.server.stored?.spec?.renewTime ?? '', /^\d{4}-.*\.\d{6}Z$/);
});

test('who stops lets the next one lead at once, in a higher epoch', async () => {
  const world = new World();
  const [one, two] = [world.candidate('one'), world.candidate('two')];
  one.start();
  await world.clock.advance(0);
  two.start();
  await one.stop();
  assert.equal(world.server.stored?.spec?.holderIdentity, '');
  await world.clock.advance(2 * retryPeriodMs);
  assert.deepEqual(world.told, ['one leads in epoch 0', 'one stops', 'two leads in epoch 1']);
});

test('who cannot renew stops before another one starts', async () => {
  const world = new World();
  const [one, two] = [world.candidate('one'), world.candidate('two')];
  one.start();
  await world.clock.advance(0);
  two.start();
  await world.clock.advance(retryPeriodMs);
  world.server.unreachableFor.add('one');
  await world.clock.advance(renewDeadlineMs);
  assert.deepEqual(world.told, ['one leads in epoch 0', 'one stops']);
  assert.equal(one.isLeading, false);
  await world.clock.advance(leaseDurationMs);
  assert.deepEqual(world.told.slice(2), ['two leads in epoch 1']);
  world.server.unreachableFor.clear();
  await world.clock.advance(2 * leaseDurationMs);
  assert.equal(world.told.length, 3);
});

test('an answer that comes after the deadline makes no leader', async () => {
  const world = new World();
  const one = world.candidate('one');
  one.start();
  await world.clock.advance(0);
  const held = world.server.stored;
  world.clock.set(world.clock.nowMs() + renewDeadlineMs);
  assert.equal(one.isLeading, false, 'whatever its timers say');
  assert.equal(held?.spec?.holderIdentity, 'one');
});

test('the clock of the one that wrote the Lease does not matter', async () => {
  const world = new World();
  const one = world.candidate('one');
  world.server.stored = {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { ...LEASE, resourceVersion: '1' },
    spec: { holderIdentity: 'gone', renewTime: '2099-01-01T00:00:00.000000Z', leaseTransitions: 6 },
  };
  one.start();
  await world.clock.advance(leaseDurationMs - retryPeriodMs);
  assert.deepEqual(world.told, []);
  await world.clock.advance(3 * retryPeriodMs);
  assert.deepEqual(world.told, ['one leads in epoch 7']);
});

test('a process with the name of an earlier one does not go on in its epoch', async () => {
  const world = new World();
  const one = world.candidate('one');
  one.start();
  await world.clock.advance(0);
  const again = world.candidate('one');
  world.leading.clear();
  again.start();
  await world.clock.advance(0);
  assert.equal(world.told.at(-1), 'one leads in epoch 1');
});

test('where the Lease was made anew, its epoch is raised above what brokers remember', async () => {
  const world = new World();
  const one = world.candidate('one');
  one.start();
  await world.clock.advance(0);
  one.raiseEpoch(12);
  await world.clock.advance(0);
  assert.deepEqual(world.told, ['one leads in epoch 0', 'one goes on in epoch 12']);
  assert.equal(world.server.stored?.spec?.leaseTransitions, 12);
  assert.equal(one.isLeading, true);
});

test('a Lease that was deleted is made anew by who leads, in the epoch that it has', async () => {
  const world = new World();
  const one = world.candidate('one');
  one.start();
  await world.clock.advance(0);
  one.raiseEpoch(5);
  await world.clock.advance(0);
  world.server.remove();
  await world.clock.advance(2 * retryPeriodMs);
  assert.equal(one.isLeading, true);
  assert.equal(world.server.stored?.spec?.leaseTransitions, 5);
  assert.deepEqual(world.told, ['one leads in epoch 0', 'one goes on in epoch 5']);
});

test('who sees a Lease deleted waits for its holder, and then leads in a higher epoch', async () => {
  const world = new World();
  const [one, two] = [world.candidate('one'), world.candidate('two')];
  one.start();
  await world.clock.advance(0);
  one.raiseEpoch(5);
  await world.clock.advance(0);
  two.start();
  await world.clock.advance(0);
  world.server.unreachableFor.add('one');
  world.server.remove();
  await world.clock.advance(renewDeadlineMs);
  assert.equal(world.leading.size, 0);
  await world.clock.advance(leaseDurationMs);
  assert.deepEqual(world.told.slice(-2), ['one stops', 'two leads in epoch 6']);
});
