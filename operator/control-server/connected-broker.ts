import type {
  BrokerMessage,
  OperatorMessage,
  SnapshotStamp,
  SnapshotVersion,
  StampedSnapshot,
} from '../../control/messages.ts';
import {
  compareVersions,
  isEqualStamp,
  updateMessages,
  versionText,
} from '../../control/messages.ts';
import type { OperatorLink } from '../../control/stream.ts';
import type { DeliveryStanding } from '../../domain/delivery-standing.ts';
import { EVENT_SUBSCRIPTIONS_MAX } from '../../domain/limits.ts';
import { changesBetween } from '../../domain/snapshot-changes.ts';
import type { Snapshot } from '../../domain/snapshot.ts';
import type { BrokerStanding, Refusal } from './snapshot-publisher.ts';

export type Hello = Extract<BrokerMessage, { type: 'Hello' }>;

export interface BrokerEvents {
  hello(hello: Hello): void;
  /** It runs what was offered to it, or refused that. */
  answered(refusal: Refusal | undefined): void;
  /** It told how EventSubscriptions fare. */
  delivered(): void;
  gone(reason: string): void;
}

/** What was sent, by its kind. */
export type Offer = 'Current' | 'Changes' | 'Whole';

/** One broker pod on its stream: at most one offer is on its way, then the newest one follows. */
export class ConnectedBroker {
  /** Of the MqttNamespace, as the broker's certificate says. */
  readonly uid: string;
  /** Undefined: it did not say Hello yet. */
  pod: string | undefined;
  readonly #link: OperatorLink;
  readonly #events: BrokerEvents;
  #wantsWhole = false;
  /** What it says it runs; its content if it is known here. */
  #has: { readonly stamp: SnapshotStamp; readonly snapshot: Snapshot | undefined } | undefined;
  #wanted: StampedSnapshot | undefined;
  #offered: StampedSnapshot | undefined;
  #acknowledged: SnapshotVersion | undefined;
  #refused: Refusal | undefined;
  /** At most EVENT_SUBSCRIPTIONS_MAX. */
  readonly #deliveries = new Map<string, DeliveryStanding>();

  constructor(uid: string, link: OperatorLink, events: BrokerEvents) {
    this.uid = uid;
    this.#link = link;
    this.#events = events;
    link.listen({
      message: (message) => this.#take(message),
      closed: (reason) => events.gone(reason),
    });
  }

  /** What it said that it runs, or acknowledged. */
  get runs(): SnapshotStamp | undefined {
    return this.#has?.stamp;
  }

  get standing(): BrokerStanding {
    const newest = this.#wanted?.stamp.version;
    const refused = this.#refused;
    const isOfNewest =
      newest !== undefined &&
      refused !== undefined &&
      compareVersions(refused.version, newest) === 0;
    return {
      pod: this.pod ?? '',
      runs: this.#acknowledged,
      refused: isOfNewest ? refused : undefined,
      deliveries: this.#deliveries,
    };
  }

  /** It runs what hashes to its stamp's hash; changes can be based on that. */
  knowContent(snapshot: Snapshot): void {
    if (this.#has !== undefined) this.#has = { ...this.#has, snapshot };
  }

  /** Answers what was sent; undefined: it runs it, refused it, or is not done with another. */
  offer(content: StampedSnapshot): Offer | undefined {
    this.#wanted = content;
    if (this.#offered !== undefined || this.#isSettled(content.stamp.version)) return undefined;
    this.#offered = content;
    return this.#send(content);
  }

  /** Nothing more is for it; what is on its way stays. */
  withdraw(): void {
    this.#wanted = undefined;
  }

  /** Closes with a last word; nothing is told of it any more. */
  dismiss(message: Extract<OperatorMessage, { type: 'NotLeader' | 'TryLater' }>): void {
    this.#link.send(message);
    this.#link.close();
  }

  #isSettled(version: SnapshotVersion): boolean {
    const answered = [this.#acknowledged, this.#refused?.version];
    return answered.some((each) => each !== undefined && compareVersions(each, version) === 0);
  }

  #send({ stamp, snapshot }: StampedSnapshot): Offer {
    const has = this.#has;
    if (has?.stamp.hash === stamp.hash && !this.#wantsWhole) {
      this.#link.send({ type: 'Current', stamp });
      return 'Current';
    }
    const isBase = has?.snapshot !== undefined && !this.#wantsWhole;
    const changes = changesBetween(isBase ? has.snapshot : undefined, snapshot);
    this.#link.sendEach(updateMessages(isBase ? has.stamp : undefined, stamp, changes));
    return isBase ? 'Changes' : 'Whole';
  }

  #take(message: BrokerMessage): void {
    switch (message.type) {
      case 'Hello':
        if (this.pod !== undefined) return this.#misbehaves('it said Hello twice');
        this.pod = message.pod;
        this.#wantsWhole = message.whole === true;
        this.#has = message.runs && { stamp: message.runs, snapshot: undefined };
        return this.#events.hello(message);
      case 'Acknowledge':
        return this.#takeAcknowledge(message.stamp);
      case 'Refuse':
        return this.#takeRefuse(message);
      case 'Deliveries':
        return this.#takeDeliveries(message.standings);
      case 'Pong':
        return;
    }
  }

  #takeAcknowledge(stamp: SnapshotStamp): void {
    const offered = this.#offered;
    if (offered === undefined || !isEqualStamp(offered.stamp, stamp)) {
      return this.#misbehaves(
        `it acknowledged ${versionText(stamp.version)}, which it was not sent`,
      );
    }
    this.#has = offered;
    this.#acknowledged = stamp.version;
    this.#wantsWhole = false;
    const running = new Set(offered.snapshot.eventSubscriptions.map(({ name }) => name));
    for (const name of this.#deliveries.keys()) {
      if (!running.has(name)) this.#deliveries.delete(name);
    }
    this.#answered(undefined);
  }

  #takeDeliveries(standings: readonly DeliveryStanding[]): void {
    for (const standing of standings) this.#deliveries.set(standing.name, standing);
    if (this.#deliveries.size > EVENT_SUBSCRIPTIONS_MAX) {
      return this.#misbehaves(`it tells of more than ${EVENT_SUBSCRIPTIONS_MAX} subscriptions`);
    }
    this.#events.delivered();
  }

  #takeRefuse(refusal: Refusal): void {
    const { version, message } = refusal;
    const offered = this.#offered?.stamp.version;
    if (offered === undefined || compareVersions(offered, version) !== 0) {
      return this.#misbehaves(`it refused ${versionText(version)}, which it was not sent`);
    }
    this.#refused = { version, message };
    this.#answered(this.#refused);
  }

  #answered(refusal: Refusal | undefined): void {
    this.#offered = undefined;
    this.#events.answered(refusal);
  }

  #misbehaves(reason: string): void {
    this.#link.close();
    this.#events.gone(reason);
  }
}
