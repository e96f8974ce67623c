/**
 * One replica of several works, by a Lease (coordination.k8s.io/v1). Who leads stops before
 * another one may start, by the time that each measures itself: clocks need not agree.
 */
import type { Logger } from 'pino';
import type { Clock } from '../../control/clock.ts';
import {
  isAlreadyExists,
  isConflict,
  type KubeApi,
  type KubeObject,
  type ObjectName,
  type ResourceType,
} from '../../kube/kube-api.ts';
import { microTime } from './micro-time.ts';

export const LEASES: ResourceType = {
  apiVersion: 'coordination.k8s.io/v1',
  kind: 'Lease',
  plural: 'leases',
  namespaced: true,
};

export interface Lease extends KubeObject {
  readonly spec?: {
    readonly holderIdentity?: string;
    readonly leaseDurationSeconds?: number;
    readonly acquireTime?: string;
    readonly renewTime?: string;
    readonly leaseTransitions?: number;
  };
}

export interface LeaderElectionTimes {
  /** How long the others wait, after they last saw the leader renew, before one takes over. */
  readonly leaseDurationMs: number;
  /** How long the leader goes on without renewing; less than `leaseDurationMs`. */
  readonly renewDeadlineMs: number;
  /** How often each tries. */
  readonly retryPeriodMs: number;
}

/** As Kubernetes' own components have it. */
export const LEADER_ELECTION_TIMES: LeaderElectionTimes = {
  leaseDurationMs: 15_000,
  renewDeadlineMs: 10_000,
  retryPeriodMs: 2_000,
};

export interface LeaderElectionOptions {
  /** With a limit on calls of its own, lest renewing waits behind thousands of writes. */
  readonly api: KubeApi;
  readonly lease: Required<ObjectName>;
  /** No other process's, and no earlier one's of this pod either. */
  readonly identity: string;
  readonly times?: LeaderElectionTimes | undefined;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  /** `epoch` is higher than that of any leader before (leaseTransitions). */
  readonly onStartedLeading: (epoch: number) => void;
  /** Called before another one can start. */
  readonly onStoppedLeading: () => void;
  /** After `raiseEpoch`, while leading. */
  readonly onEpochRaised: (epoch: number) => void;
}

/** Tries at the same moment would collide each time: up to this part of the period is added. */
const RETRY_JITTER = 0.2;

interface Term {
  epoch: number;
  /** When the last successful renewal was sent. */
  renewedMs: number;
  cancelDeadline: () => void;
}

/** The state of the Lease that was last seen. */
interface Observed {
  readonly resourceVersion: string;
  /** When it was first seen. */
  readonly atMs: number;
  readonly holder: string;
  readonly durationMs: number;
  readonly transitions: number;
}

export class LeaderElection {
  readonly #options: LeaderElectionOptions;
  readonly #times: LeaderElectionTimes;
  #term: Term | undefined;
  #observed: Observed | undefined;
  #epochMin = 0;
  #cancelNext: (() => void) | undefined;
  #running: Promise<void> | undefined;
  #stopped = false;

  constructor(options: LeaderElectionOptions) {
    this.#options = options;
    this.#times = options.times ?? LEADER_ELECTION_TIMES;
    const { leaseDurationMs, renewDeadlineMs, retryPeriodMs } = this.#times;
    if (!(retryPeriodMs < renewDeadlineMs && renewDeadlineMs < leaseDurationMs)) {
      throw new RangeError('a leader renews often enough, and stops before others may start');
    }
  }

  get isLeading(): boolean {
    return this.#term !== undefined && !this.#isOverdue(this.#term);
  }

  start(): void {
    this.#try();
  }

  /** Stops leading at once, then lets the next one start without waiting. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancelNext?.();
    const wasLeading = this.isLeading;
    this.#endTerm('stopped');
    await this.#running;
    if (wasLeading) await this.#release();
  }

  /** Somebody remembers an epoch that this Lease does not: it was deleted, and made anew. */
  raiseEpoch(epoch: number): void {
    this.#epochMin = Math.max(this.#epochMin, epoch);
    this.#cancelNext?.();
    if (this.#running === undefined && !this.#stopped) this.#try();
  }

  #try(): void {
    this.#running = this.#attempt().finally(() => {
      this.#running = undefined;
      if (this.#stopped) return;
      const { clock, random } = this.#options;
      const delayMs = this.#times.retryPeriodMs * (1 + RETRY_JITTER * random());
      this.#cancelNext = clock.after(delayMs, () => this.#try());
    });
  }

  async #attempt(): Promise<void> {
    const { api, lease, clock, logger } = this.#options;
    try {
      const found = await api.get<Lease>(LEASES, lease);
      if (this.#stopped) return;
      const sentMs = clock.nowMs();
      if (found === undefined) {
        // Who held the Lease that was deleted leads on until its time is over.
        if (!this.#isFree(sentMs)) return;
        const created = await api.create(LEASES, this.#leaseFrom(undefined, sentMs));
        this.#held(created, sentMs);
      } else if (this.#mayHold(found, sentMs)) {
        const renewed = await api.replace(LEASES, this.#leaseFrom(found, sentMs));
        this.#held(renewed, sentMs);
      } else {
        this.#endTerm('another replica holds the Lease');
      }
    } catch (error) {
      if (isConflict(error) || isAlreadyExists(error)) return this.#outrun(clock.nowMs());
      logger.warn({ err: error, lease }, 'the Lease cannot be read or renewed');
    }
  }

  #mayHold(found: Lease, nowMs: number): boolean {
    this.#observe(found, nowMs);
    return this.#isFree(nowMs);
  }

  #observe({ metadata, spec }: Lease, atMs: number): void {
    const resourceVersion = metadata.resourceVersion ?? '';
    if (this.#observed?.resourceVersion === resourceVersion) return;
    // What its holder says of its own duration counts, if that is longer than ours.
    const statedMs = (spec?.leaseDurationSeconds ?? 0) * 1000;
    this.#observed = {
      resourceVersion,
      atMs,
      holder: spec?.holderIdentity ?? '',
      durationMs: Math.max(this.#times.leaseDurationMs, statedMs),
      transitions: spec?.leaseTransitions ?? -1,
    };
  }

  /** Another one was faster: the next attempt sees who, unless the Lease is deleted until then. */
  #outrun(atMs: number): void {
    const { leaseDurationMs: durationMs } = this.#times;
    const { transitions = -1 } = this.#observed ?? {};
    this.#observed = { resourceVersion: '', atMs, holder: 'another', durationMs, transitions };
  }

  /** By what was seen last: a replica that never saw the Lease cannot know better. */
  #isFree(nowMs: number): boolean {
    if (this.#observed === undefined) return true;
    const { holder, atMs, durationMs } = this.#observed;
    if (holder === '' || holder === this.#options.identity) return true;
    return nowMs - atMs >= durationMs;
  }

  #leaseFrom(found: Lease | undefined, nowMs: number): Lease {
    const { lease, identity } = this.#options;
    const { spec } = found ?? {};
    const holds = this.#term !== undefined && spec?.holderIdentity === identity;
    return {
      ...(found ?? { apiVersion: LEASES.apiVersion, kind: LEASES.kind, metadata: lease }),
      spec: {
        acquireTime: microTime(nowMs),
        ...(holds && spec),
        holderIdentity: identity,
        leaseDurationSeconds: Math.ceil(this.#times.leaseDurationMs / 1000),
        renewTime: microTime(nowMs),
        leaseTransitions: this.#epochAfter(spec?.leaseTransitions ?? -1, holds),
      },
    };
  }

  #epochAfter(transitions: number, holds: boolean): number {
    const next = holds ? transitions : transitions + 1;
    // Of a Lease that was deleted since, unless it was this replica's own.
    const past = this.#term ? 0 : (this.#observed?.transitions ?? -1) + 1;
    return Math.max(next, past, this.#epochMin, this.#term?.epoch ?? 0);
  }

  #held(held: Lease, sentMs: number): void {
    const { clock, logger, onStartedLeading, onEpochRaised } = this.#options;
    this.#observe(held, sentMs);
    if (this.#stopped) return;
    const epoch = held.spec?.leaseTransitions ?? 0;
    const before = this.#term;
    before?.cancelDeadline();
    const term: Term = { epoch, renewedMs: sentMs, cancelDeadline: () => undefined };
    const leftMs = sentMs + this.#times.renewDeadlineMs - clock.nowMs();
    if (leftMs <= 0) return this.#endTerm('renewing took too long');
    term.cancelDeadline = clock.after(leftMs, () => this.#endTerm('the Lease was not renewed'));
    this.#term = term;
    if (before === undefined) {
      logger.info({ epoch }, 'leading');
      onStartedLeading(epoch);
    } else if (before.epoch !== epoch) {
      onEpochRaised(epoch);
    }
  }

  #isOverdue({ renewedMs }: Term): boolean {
    return this.#options.clock.nowMs() - renewedMs >= this.#times.renewDeadlineMs;
  }

  #endTerm(why: string): void {
    if (this.#term === undefined) return;
    this.#term.cancelDeadline();
    this.#term = undefined;
    this.#options.logger.warn({ why }, 'not leading any more');
    this.#options.onStoppedLeading();
  }

  /** Best effort: without it, the others wait until the Lease runs out. */
  async #release(): Promise<void> {
    const { api, lease, identity, clock, logger } = this.#options;
    try {
      const found = await api.get<Lease>(LEASES, lease);
      if (found?.spec?.holderIdentity !== identity) return;
      const renewTime = microTime(clock.nowMs());
      const spec = { ...found.spec, holderIdentity: '', leaseDurationSeconds: 1, renewTime };
      await api.replace(LEASES, { ...found, spec });
    } catch (error) {
      logger.warn({ err: error, lease }, 'the Lease was not released');
    }
  }
}
