/**
 * Since which version of the snapshot each object of one MqttNamespace is in force as it is
 * declared now. Told once, it stays told for a generation: a pod that starts later is unready
 * until it is current, and is no reason to say that the object is not programmed.
 */
import { compareVersions, type SnapshotVersion } from '../../control/messages.ts';
import type { ProgrammedState } from '../../domain/conditions.ts';
import type { Resource } from '../../domain/resources.ts';
import type { Declared } from './declared.ts';
import { saysProgrammed } from './status.ts';
import type { BrokerStanding } from '../control-server/snapshot-publisher.ts';

interface Tracked {
  readonly resource: Resource;
  /** Undefined: every broker has acknowledged it. */
  version: SnapshotVersion | undefined;
  readonly sinceMs: number;
}

export interface Brokers {
  /** Pods that should run. */
  readonly replicas: number;
  readonly connected: readonly BrokerStanding[];
}

/** How long a new object has no status while brokers are about to acknowledge it. */
export const PENDING_AFTER_MS = 2000;

export class Programmed {
  readonly #tracked = new Map<string, Tracked>();
  #begun = false;

  /**
   * Takes note of what `version` has in force, by `resourceKey`. Statuses that an earlier leader
   * wrote count the first time only: later, an object may have been withdrawn in between.
   */
  note(inForce: ReadonlyMap<string, Declared>, version: SnapshotVersion, nowMs: number): void {
    for (const [key, declared] of inForce) {
      const { resource } = declared;
      if (this.#tracked.get(key)?.resource === resource) continue;
      const latched = !this.#begun && saysProgrammed(declared);
      this.#tracked.set(key, { resource, version: latched ? undefined : version, sinceMs: nowMs });
    }
    if (this.#tracked.size > inForce.size) {
      for (const key of this.#tracked.keys()) if (!inForce.has(key)) this.#tracked.delete(key);
    }
    this.#begun = true;
  }

  /** Nothing is in force. */
  withdraw(): void {
    this.#tracked.clear();
    this.#begun = true;
  }

  /** Marks what every broker has acknowledged. */
  acknowledge(brokers: Brokers): void {
    const common = commonVersion(brokers);
    if (common === undefined) return;
    for (const tracked of this.#tracked.values()) {
      const { version } = tracked;
      if (version !== undefined && compareVersions(version, common) <= 0) {
        tracked.version = undefined;
      }
    }
  }

  /** Whether there is something of which it is too early to say that it is pending. */
  isTooEarly(nowMs: number): boolean {
    for (const tracked of this.#tracked.values()) {
      if (isTooEarly(tracked, nowMs)) return true;
    }
    return false;
  }

  /** Whether the object was taken note of as it is declared now. */
  knows(key: string, resource: Resource): boolean {
    return this.#tracked.get(key)?.resource === resource;
  }

  /** `TooEarly`: not yet, and not for long enough to say so. */
  stateOf(key: string, brokers: Brokers, nowMs: number): ProgrammedState | 'TooEarly' {
    const tracked = this.#tracked.get(key);
    if (tracked === undefined) return 'Pending';
    if (tracked.version === undefined) return 'Programmed';
    if (brokers.replicas === 0) {
      const message = 'spec.replicas of the MqttNamespace is 0: no broker runs; set it to 1';
      return { reason: 'Pending', message };
    }
    const refusal = brokers.connected.find(({ refused }) => refused !== undefined);
    if (refusal?.refused !== undefined) return refusedBy(refusal.pod, refusal.refused.message);
    return isTooEarly(tracked, nowMs) ? 'TooEarly' : 'Pending';
  }
}

/** What all brokers run at least; undefined: one that should run is not there, or runs nothing. */
function commonVersion({ replicas, connected }: Brokers): SnapshotVersion | undefined {
  if (replicas === 0 || connected.length < replicas) return undefined;
  const versions = connected.flatMap(({ runs }) => runs ?? []);
  if (versions.length < connected.length) return undefined;
  return versions.sort(compareVersions)[0];
}

function isTooEarly({ version, sinceMs }: Tracked, nowMs: number): boolean {
  return version !== undefined && nowMs - sinceMs < PENDING_AFTER_MS;
}

function refusedBy(pod: string, message: string): ProgrammedState {
  return { reason: 'SnapshotRefused', message: `the broker ${pod} refused it: ${message}` };
}
