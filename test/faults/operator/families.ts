/**
 * What goes wrong, after Sieve (OSDI 22): each plan is one fault at one place of one workload. What
 * they break is counted over all replicas of a run, so that a place is the same in each run.
 */
import { UnreachableError } from '../../../kube/kube-api.ts';
import type { KubeObject } from '../../../kube/kube-api.ts';
import { LEASES } from '../../../operator/kube/leader-election.ts';
import { faultNamed, type Call, type CallFault } from '../../support/kube-model/faulty-api.ts';
import type { Propagation } from './oracles.ts';
import type { Reference, Run, Trouble } from './plan.ts';
import { OPERATOR_NAMESPACE } from './replica.ts';

export interface Plan {
  /** Tells it apart within its workload. */
  readonly name: string;
  readonly trouble: Trouble;
  readonly replicas?: number;
  readonly propagation?: Propagation;
}

export type Family = (reference: Pick<Reference, 'writes' | 'events'>) => Plan[];

const NO_ANSWER = new UnreachableError('nobody hears of it');

/** Calls `act` at one of the writes. */
function atWrite(
  number: number,
  act: (run: Run, crash: () => void, call: Call) => CallFault | undefined,
): Trouble {
  return (run) => {
    let writes = 0;
    return (self) => ({
      faults: {
        onCall: (call) => {
          if (call.writeIndex === undefined || writes++ !== number) return undefined;
          return act(run, () => run.crash(self()), call);
        },
      },
    });
  };
}

function each<Item>(count: number, make: (number: number) => Item[]): Item[] {
  return Array.from({ length: count }, (_, number) => make(number)).flat();
}

/** A: the process ends before a write is sent, or when the server has done it. */
const crashes: Family = ({ writes }) =>
  each(writes, (number) => [
    {
      name: `ends before write ${number}`,
      trouble: atWrite(number, (_run, crash) => {
        crash();
        return undefined;
      }),
    },
    {
      name: `ends after write ${number}`,
      trouble: atWrite(number, (_run, crash) => {
        crash();
        return { is: 'AnswerLost', error: NO_ANSWER };
      }),
    },
  ]);

/** As many states ago as lists may be that the next process is answered. */
const LAGS = [1, 3, 10, 40];

/** B: the next process, or a list after a watch was lost, sees the past first. */
const staleReads: Family = ({ writes, events }) => [
  ...each(writes, (number) =>
    LAGS.map(
      (lag) =>
        ({
          name: `ends after write ${number}, then lists are ${lag} states old`,
          propagation: { windowMs: 60_000, by: 'parts' },
          trouble: (run: Run) => {
            let isPast = false;
            const crash = atWrite(number, (_run, end) => {
              isPast = true;
              end();
              return { is: 'AnswerLost', error: NO_ANSWER };
            })(run);
            return (self) => {
              const first = crash(self).faults?.onCall;
              return {
                faults: {
                  onCall: (call) => {
                    if (call.verb !== 'list' || !isPast) return first?.(call);
                    const atRevision = Math.max(1, run.cluster.server.revision - lag);
                    return { is: 'Stale', atRevision };
                  },
                },
              };
            };
          },
        }) satisfies Plan,
    ),
  ),
  ...each(events, (number) => [
    {
      name: `too much has happened at event ${number}, and the list is 10 states old`,
      propagation: { windowMs: 60_000, by: 'parts' as const },
      trouble: (run: Run) => {
        let events = 0;
        let stale = 0;
        return () => ({
          faults: {
            onEvent: () => {
              if (events++ !== number) return undefined;
              stale = 1;
              return { is: 'Ended' as const, error: faultNamed('gone') };
            },
            onCall: ({ verb }: Call) => {
              if (verb !== 'list' || stale-- <= 0) return undefined;
              const atRevision = Math.max(1, run.cluster.server.revision - 10);
              return { is: 'Stale' as const, atRevision };
            },
          },
        });
      },
    },
  ]),
];

const HELD_MS = 2000;

/** C: watch events come twice, late, after those of other kinds, or are never seen. */
const watchFaults: Family = ({ events }) =>
  each(events, (number) =>
    [
      { what: 'comes twice', fault: { is: 'Duplicated' } as const },
      { what: 'is late', fault: { is: 'Held', delayMs: HELD_MS } as const },
      {
        what: 'is missed, with what follows',
        fault: { is: 'Missed', forMs: HELD_MS } as const,
        isForgotten: true,
      },
      { what: 'is where the watch ends', fault: { is: 'Ended', error: undefined } as const },
      {
        what: 'is where the connection breaks',
        fault: { is: 'Ended', error: faultNamed('unreachable') } as const,
      },
      {
        what: 'is no longer kept',
        fault: { is: 'Ended', error: faultNamed('gone') } as const,
        isForgotten: true,
      },
    ].map(({ what, fault, isForgotten }) => ({
      name: `event ${number} ${what}`,
      propagation: { windowMs: HELD_MS + 1000, by: 'parts' as const },
      trouble: (run: Run) => {
        let seen = 0;
        const { clock, server } = run.cluster;
        return () => ({
          faults: {
            onEvent: () => {
              if (seen++ !== number) return undefined;
              // Then nobody is told of it later either.
              if (isForgotten)
                clock.after(fault.is === 'Missed' ? HELD_MS : 0, () => server.compact());
              return fault;
            },
          },
        });
      },
    })),
  );

const REFUSALS = ['conflict', 'tooManyRequests', 'internal', 'forbidden', 'unreachable'];

/** E: the server refuses a write once or for a while, or does it and the answer is lost. */
const callFaults: Family = ({ writes }) =>
  each(writes, (number) => [
    ...REFUSALS.map((refusal) => ({
      name: `write ${number} fails: ${refusal}`,
      trouble: atWrite(number, () => ({ is: 'Refused', error: faultNamed(refusal) })),
    })),
    {
      name: `the answer to write ${number} is lost`,
      trouble: atWrite(number, () => ({ is: 'AnswerLost', error: faultNamed('unreachable') })),
    },
    {
      name: `no call succeeds for a while from write ${number} on`,
      propagation: { windowMs: 20_000, by: 'parts' as const },
      trouble: outageAt(number),
    },
  ]);

const OUTAGE_MS = 5000;
/** What failed all the time meanwhile is tried again this late: see the work queue. */
const BACKOFF_MS_MAX = 60_000;

function outageAt(number: number): Trouble {
  return (run) => {
    let writes = 0;
    let untilMs = 0;
    const { clock } = run.cluster;
    return () => ({
      faults: {
        onCall: ({ writeIndex }) => {
          if (writeIndex !== undefined && writes++ === number) {
            untilMs = clock.nowMs() + OUTAGE_MS;
            run.cluster.troubledUntilMs = untilMs + BACKOFF_MS_MAX;
          }
          if (clock.nowMs() >= untilMs) return undefined;
          return { is: 'Refused', error: faultNamed('unreachable') };
        },
      },
    });
  };
}

const FROZEN_MS = 30_000;

/** F: another replica leads, and who led does not know it yet. */
const stolenLeases: Family = ({ writes }) =>
  each(writes, (number) => [
    {
      name: `the leader stands still at write ${number} until another one leads`,
      replicas: 2,
      propagation: { windowMs: 60_000, by: 'parts' as const },
      trouble: (run: Run) => {
        let writes = 0;
        return (self) => ({
          faults: {
            onCall: ({ writeIndex }) => {
              if (writeIndex === undefined || writes++ !== number) return undefined;
              self().freeze(FROZEN_MS);
              run.cluster.troubledUntilMs = run.cluster.clock.nowMs() + FROZEN_MS;
              return undefined;
            },
          },
        });
      },
    } satisfies Plan,
    {
      name: `the Lease is deleted at write ${number}`,
      replicas: 2,
      trouble: atWrite(number, (run) => {
        run.cluster.server.remove(LEASES, LEASE);
        return undefined;
      }),
    },
    {
      name: `the Lease is given to another one at write ${number}`,
      replicas: 2,
      trouble: atWrite(number, (run) => {
        giveAway(run);
        return undefined;
      }),
    },
  ]);

const LEASE = { namespace: OPERATOR_NAMESPACE, name: 'mqttgrid-operator' };

function giveAway({ cluster: { server, clock, replicas } }: Run): void {
  const lease = server.get(LEASES, LEASE) as
    (KubeObject & { spec: { holderIdentity: string; leaseTransitions?: number } }) | undefined;
  if (lease === undefined) return;
  const { holderIdentity, leaseTransitions = 0 } = lease.spec;
  const other = replicas.find(({ identity }) => identity !== holderIdentity);
  const spec = {
    holderIdentity: other?.identity ?? 'nobody',
    leaseTransitions: leaseTransitions + 1,
    renewTime: `${new Date(clock.nowMs()).toISOString().slice(0, -1)}000Z`,
  };
  server.patch(LEASES, LEASE, { spec }, { manager: 'kubectl' });
}

export const FAMILIES: Readonly<Record<string, Family>> = {
  'the operator ends at any write': crashes,
  'the past is read': staleReads,
  'watches fail': watchFaults,
  'calls fail': callFaults,
  'the Lease is stolen': stolenLeases,
};
