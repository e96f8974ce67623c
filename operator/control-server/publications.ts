/**
 * What each MqttNamespace's brokers shall run, and how they stand to it. Knows streams of messages
 * only: whoever accepts connections hands them over with the identity that their peer has proven.
 */
import assert from 'node:assert/strict';
import type { Logger } from 'pino';
import type { Clock } from '../../control/clock.ts';
import type { SnapshotStamp, SnapshotVersion, StampedSnapshot } from '../../control/messages.ts';
import { compareVersions, isEqualStamp, versionText } from '../../control/messages.ts';
import { hashOf } from '../../control/snapshot-hash.ts';
import type { OperatorLink } from '../../control/stream.ts';
import { applyChanges, changesBetween } from '../../domain/snapshot-changes.ts';
import type { Snapshot } from '../../domain/snapshot.ts';
import type { Hello } from './connected-broker.ts';
import { ConnectedBroker } from './connected-broker.ts';
import type { BrokerStanding, Refusal, SnapshotPublisher } from './snapshot-publisher.ts';

export interface PublicationsOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** `standing(key)` answers something else now. */
  readonly onStanding: (key: string) => void;
  /** A broker told how EventSubscriptions fare with it. */
  readonly onDeliveries: (key: string) => void;
  /**
   * A broker runs a version that is not older than what this leader has for it, and not this
   * leader's: there was another one of whom the Lease knows nothing, since it was made anew. The
   * broker is told nothing until `lead` is called with `epoch`, which is above its own, or with a
   * higher one. Called again and again until then.
   */
  readonly onHigherEpoch: (epoch: number) => void;
}

/** Who opened a stream, as its certificate proves. */
export interface BrokerIdentity {
  readonly key: string;
  /** Of the MqttNamespace. */
  readonly uid: string;
}

/** Plain counts since the start. */
export interface PublicationCounts {
  published: number;
  wholeSent: number;
  changesSent: number;
  currentSent: number;
  acknowledged: number;
  refused: number;
}

/** How long a broker may take to say Hello. */
export const HELLO_TIMEOUT_MS = 5000;
/**
 * The highest epoch that a broker may bring the leader to: one that lies must not use up the
 * numbers that a Lease has for leaders to come.
 */
const EPOCH_RAISED_MAX = 1_000_000_000;
/**
 * Snapshots kept to base changes on, for brokers that come back: they share what did not change,
 * so each costs its lists, 80 KB with 10,000 clients.
 */
const HISTORY_MAX = 16;

interface Published {
  readonly uid: string;
  /** The very object that `publish` was last called with. */
  given: Snapshot;
  content: StampedSnapshot;
  /** By hash, the oldest first. */
  readonly history: Map<string, Snapshot>;
}

export class Publications implements SnapshotPublisher {
  readonly counts: PublicationCounts = {
    published: 0,
    wholeSent: 0,
    changesSent: 0,
    currentSent: 0,
    acknowledged: 0,
    refused: 0,
  };
  readonly #options: PublicationsOptions;
  /** By key; one for each MqttNamespace that is in force. */
  readonly #published = new Map<string, Published>();
  /** By key; bounded by who accepts their connections. */
  readonly #brokers = new Map<string, Set<ConnectedBroker>>();
  /** Undefined: this replica does not lead. */
  #epoch: number | undefined;
  #counter = 0;

  constructor(options: PublicationsOptions) {
    this.#options = options;
  }

  get isLeading(): boolean {
    return this.#epoch !== undefined;
  }

  /** Brokers that said Hello. */
  get connected(): number {
    return [...this.#brokers.values()].reduce((sum, brokers) => sum + brokers.size, 0);
  }

  /** From now on versions are of this epoch, which is above all that this replica had before. */
  lead(epoch: number): void {
    assert.ok(this.#epoch === undefined || epoch > this.#epoch, 'an epoch only rises');
    this.#epoch = epoch;
    for (const [key, published] of this.#published) {
      const { snapshot, stamp } = published.content;
      const version = this.#nextVersion(epoch);
      published.content = { snapshot, stamp: { version, hash: stamp.hash } };
      this.#offerAll(key);
    }
  }

  /** Another replica may lead: all brokers are sent away, and nothing is kept. */
  follow(): void {
    this.#epoch = undefined;
    for (const brokers of this.#brokers.values()) {
      for (const broker of brokers) broker.dismiss({ type: 'NotLeader' });
    }
    this.#brokers.clear();
    this.#published.clear();
  }

  /** @throws where this replica does not lead */
  publish(key: string, uid: string, snapshot: Snapshot): SnapshotVersion {
    if (this.#epoch === undefined) throw new Error('only the leader publishes snapshots');
    const known = this.#published.get(key);
    const before = known?.uid === uid ? known : undefined;
    const next = before?.given === snapshot ? before : this.#next(before, uid, snapshot);
    if (next.content !== before?.content) {
      this.#published.set(key, next);
      this.counts.published++;
      this.#dismissOthers(key, uid);
      this.#offerAll(key);
    }
    return next.content.stamp.version;
  }

  withdraw(key: string): void {
    this.#published.delete(key);
    for (const broker of this.#brokers.get(key) ?? []) broker.withdraw();
  }

  standing(key: string): readonly BrokerStanding[] {
    return [...(this.#brokers.get(key) ?? [])].map(({ standing }) => standing);
  }

  /** Takes over the stream of a broker whose identity is proven. */
  accept(identity: BrokerIdentity, link: OperatorLink): void {
    const { clock, logger } = this.#options;
    if (!this.isLeading) {
      link.send({ type: 'NotLeader' });
      link.close();
      return;
    }
    const { key, uid } = identity;
    const broker = new ConnectedBroker(uid, link, {
      hello: (hello) => {
        cancel();
        this.#hello(key, broker, hello);
      },
      answered: (refusal) => this.#answered(key, broker, refusal),
      delivered: () => {
        if (broker.pod !== undefined) this.#options.onDeliveries(key);
      },
      gone: (reason) => {
        cancel();
        this.#gone(key, broker, reason);
      },
    });
    const cancel = clock.after(HELLO_TIMEOUT_MS, () => {
      logger.warn({ key }, `a broker was sent away: it said no Hello in ${HELLO_TIMEOUT_MS} ms`);
      broker.dismiss({ type: 'TryLater', reason: 'there was no Hello in time' });
    });
  }

  #next(before: Published | undefined, uid: string, given: Snapshot): Published {
    const base = before?.content.snapshot;
    const changes = changesBetween(base, given);
    if (before !== undefined && changes.length === 0) {
      before.given = given;
      return before;
    }
    // What did not change is kept once, whether or not the caller shares it between snapshots.
    const snapshot = base === undefined ? given : applyChanges(base, changes)!;
    const version = this.#nextVersion(this.#epoch!);
    const content = { snapshot, stamp: { version, hash: hashOf(snapshot) } };
    const history = before?.history ?? new Map<string, Snapshot>();
    remember(history, content.stamp.hash, snapshot);
    return { uid, given, content, history };
  }

  #nextVersion(epoch: number): SnapshotVersion {
    return { epoch, counter: ++this.#counter };
  }

  #hello(key: string, broker: ConnectedBroker, { pod, runs }: Hello): void {
    if (!this.isLeading) return broker.dismiss({ type: 'NotLeader' });
    const published = this.#published.get(key);
    if (published !== undefined && published.uid !== broker.uid) return dismissReplaced(broker);
    const brokers = this.#brokers.get(key) ?? new Set();
    // A pod has one broker: an older stream is one whose end was not noticed.
    for (const other of brokers) {
      if (other.pod !== pod || other.uid !== broker.uid) continue;
      brokers.delete(other);
      other.dismiss({ type: 'TryLater', reason: 'the pod opened another stream' });
    }
    brokers.add(broker);
    this.#brokers.set(key, brokers);
    const version = runs && versionText(runs.version);
    this.#options.logger.info({ key, pod, runs: version }, 'a broker connected');
    this.#offer(key, broker);
    this.#options.onStanding(key);
  }

  #answered(key: string, broker: ConnectedBroker, refusal: Refusal | undefined): void {
    if (refusal === undefined) {
      this.counts.acknowledged++;
      const version = broker.runs && versionText(broker.runs.version);
      this.#options.logger.debug({ key, pod: broker.pod, version }, 'a broker acknowledged');
    } else {
      this.counts.refused++;
      const about = { key, pod: broker.pod, version: versionText(refusal.version) };
      this.#options.logger.warn(about, `a broker refused its snapshot: ${refusal.message}`);
    }
    this.#offer(key, broker);
    this.#options.onStanding(key);
  }

  #gone(key: string, broker: ConnectedBroker, reason: string): void {
    const brokers = this.#brokers.get(key);
    const about = { key, pod: broker.pod, reason };
    if (brokers?.delete(broker) !== true) {
      this.#options.logger.warn(about, 'the stream of a broker ended before its Hello');
      return;
    }
    if (brokers.size === 0) this.#brokers.delete(key);
    this.#options.logger.info(about, 'the stream of a broker ended');
    this.#options.onStanding(key);
  }

  /** Pods of a namesake that was deleted. */
  #dismissOthers(key: string, uid: string): void {
    const brokers = this.#brokers.get(key) ?? new Set();
    for (const broker of brokers) {
      if (broker.uid === uid) continue;
      brokers.delete(broker);
      dismissReplaced(broker);
    }
  }

  #offerAll(key: string): void {
    for (const broker of this.#brokers.get(key) ?? []) this.#offer(key, broker);
  }

  #offer(key: string, broker: ConnectedBroker): void {
    const published = this.#published.get(key);
    if (published === undefined) return;
    const { content, history } = published;
    const { runs } = broker;
    if (runs !== undefined && isAhead(runs, content)) {
      this.#askFor(key, runs.version.epoch + 1);
      return;
    }
    const known = runs && history.get(runs.hash);
    if (known !== undefined) broker.knowContent(known);
    this.#count(broker.offer(content));
  }

  #askFor(key: string, epoch: number): void {
    if (epoch <= EPOCH_RAISED_MAX) return this.#options.onHigherEpoch(epoch);
    const why = `of epoch ${epoch - 1}, and no leader is brought above ${EPOCH_RAISED_MAX}`;
    this.#options.logger.error({ key }, `a broker says that it runs a snapshot ${why}`);
  }

  #count(offer: ReturnType<ConnectedBroker['offer']>): void {
    if (offer === 'Current') this.counts.currentSent++;
    else if (offer === 'Changes') this.counts.changesSent++;
    else if (offer === 'Whole') this.counts.wholeSent++;
  }
}

function dismissReplaced(broker: ConnectedBroker): void {
  broker.dismiss({ type: 'TryLater', reason: 'its MqttNamespace was deleted and declared anew' });
}

/** It would go back, or not notice the difference. */
function isAhead(runs: SnapshotStamp, { stamp }: StampedSnapshot): boolean {
  return compareVersions(runs.version, stamp.version) >= 0 && !isEqualStamp(runs, stamp);
}

function remember(history: Map<string, Snapshot>, key: string, snapshot: Snapshot): void {
  history.delete(key);
  history.set(key, snapshot);
  const [oldest] = history.keys();
  if (history.size > HISTORY_MAX && oldest !== undefined) history.delete(oldest);
}
