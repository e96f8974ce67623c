import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { pino } from 'pino';
import { apiClient } from '../../test/support/api-client.ts';
import { startApiServer } from '../../test/support/api-server.ts';
import type { ApiServer } from '../../test/support/api-server.ts';
import { eventually } from '../../test/support/within.ts';
import { systemClock } from '../../control/clock.ts';
import { LEASES, LeaderElection } from './leader-election.ts';
import type { Lease } from './leader-election.ts';

/** A tenth of those by default: a Lease counts whole seconds. */
const TIMES = { leaseDurationMs: 2_000, renewDeadlineMs: 1_200, retryPeriodMs: 200 };
const TAKEN_OVER_MS = 20_000;

let server: ApiServer;
before(async () => {
  server = await startApiServer();
});
after(() => server.stop());

interface Candidate {
  readonly election: LeaderElection;
  /** Of the terms that it had, `raised` ones included. */
  readonly epochs: number[];
  /** Nothing that it asks arrives any more. */
  readonly cutOff: () => void;
}

/** What each of them believes, one after the other: `a leads`, `a ends`. */
function candidates(t: TestContext, leaseName: string): [Candidate, Candidate, string[]] {
  const story: string[] = [];
  const candidate = (identity: string): Candidate => {
    const api = apiClient(t, server.kubeconfig);
    const epochs: number[] = [];
    const election = new LeaderElection({
      api,
      lease: { namespace: 'default', name: leaseName },
      identity,
      times: TIMES,
      clock: systemClock,
      random: Math.random,
      logger: pino({ enabled: false }),
      onStartedLeading: (epoch) => {
        epochs.push(epoch);
        story.push(`${identity} leads`);
      },
      onStoppedLeading: () => story.push(`${identity} ends`),
      onEpochRaised: (epoch) => epochs.push(epoch),
    });
    t.after(() => election.stop());
    election.start();
    return { election, epochs, cutOff: () => api.close() };
  };
  return [candidate('a'), candidate('b'), story];
}

async function oneLeads(all: readonly Candidate[]): Promise<[Candidate, Candidate]> {
  const leads = ({ election }: Candidate): boolean => election.isLeading;
  await eventually(TAKEN_OVER_MS, 'a leader', () => all.find(leads));
  const [first, second] = [all.find(leads), all.find((one) => !leads(one))];
  assert.ok(first && second, 'one leads, and one does not');
  return [first, second];
}

test('of two candidates one leads, and the other one takes over at once when it stops', async (t) => {
  const [a, b, story] = candidates(t, 'handed-over');
  const [leader, other] = await oneLeads([a, b]);
  // Longer than a Lease lasts: it is renewed.
  await delay(TIMES.leaseDurationMs + 500);
  assert.equal(story.length, 1);
  await leader.election.stop();
  const stoppedMs = performance.now();
  await eventually(TAKEN_OVER_MS, 'the other one', () => other.election.isLeading || undefined);
  assert.ok(performance.now() - stoppedMs < TIMES.leaseDurationMs, 'it did not wait it out');
  assert.equal(story.length, 3);
  assert.ok(other.epochs[0]! > leader.epochs[0]!);
});

test('a leader that is cut off ends before the other one leads', async (t) => {
  const [a, b, story] = candidates(t, 'cut-off');
  const [leader, other] = await oneLeads([a, b]);
  leader.cutOff();
  await eventually(TAKEN_OVER_MS, 'the other one', () => {
    assert.ok(!(leader.election.isLeading && other.election.isLeading), 'both lead');
    return other.election.isLeading || undefined;
  });
  assert.match(story.join(', '), /^(a|b) leads, \1 ends, (?!\1)[ab] leads$/);
});

test('a Lease that somebody deletes is made anew by who held it, with its epoch', async (t) => {
  const [a, b, story] = candidates(t, 'deleted');
  const [leader] = await oneLeads([a, b]);
  leader.election.raiseEpoch(41);
  await eventually(TAKEN_OVER_MS, 'the epoch', () => leader.epochs.includes(41) || undefined);
  const api = apiClient(t, server.kubeconfig);
  const name = { namespace: 'default', name: 'deleted' };
  const { uid = '' } = (await api.get<Lease>(LEASES, name))?.metadata ?? {};
  await api.delete(LEASES, name, { uid });
  await delay(2 * TIMES.leaseDurationMs);
  assert.equal(story.length, 1, story.join(', '));
  assert.equal((await api.get<Lease>(LEASES, name))?.spec?.leaseTransitions, 41);
});
