/**
 * The broker's side of the stream: takes snapshots from whoever leads, and answers each. What it
 * runs goes from a lower version to a higher one, as a whole or not at all.
 */
import type { Logger } from 'pino';
import type { OperatorMessage, SnapshotStamp, StampedSnapshot } from '../control/messages.ts';
import {
  compareVersions,
  isEqualStamp,
  PROTOCOL_VERSION,
  REASON_LENGTH_MAX,
  UPDATE_CHANGES_MAX,
  versionText,
} from '../control/messages.ts';
import { digestOf, hashOf } from '../control/snapshot-hash.ts';
import type { BrokerLink } from '../control/stream.ts';
import type { SnapshotChange } from '../domain/snapshot-changes.ts';
import { applyChanges } from '../domain/snapshot-changes.ts';
import type { Snapshot } from '../domain/snapshot.ts';
import type { DeliveriesTeller } from './deliveries-teller.ts';

export interface FollowerOptions {
  /** The pod's name. */
  readonly pod: string;
  /** What the last process ran, from the disk. */
  readonly saved: StampedSnapshot | undefined;
  /**
   * In force once it returns or resolves; where it throws or rejects, nothing has changed. The
   * snapshot may be the one that is in force already.
   */
  readonly apply: (snapshot: Snapshot) => void | Promise<void>;
  /** It runs this now: before the operator is told. */
  readonly onRuns: (content: StampedSnapshot) => void;
  /** Begins once a snapshot with a route was acknowledged on a stream, and ends with the stream. */
  readonly deliveries?: Pick<DeliveriesTeller, 'begin' | 'end'>;
  readonly logger: Logger;
}

/** How one stream ended. */
export interface StreamEnd {
  readonly notLeader: boolean;
  /** An offer was answered on it. */
  readonly useful: boolean;
  readonly reason: string;
}

interface Update {
  readonly base: SnapshotStamp | undefined;
  readonly stamp: SnapshotStamp;
  readonly changes: SnapshotChange[];
}

export class Follower {
  readonly #options: FollowerOptions;
  #runs: StampedSnapshot | undefined;
  #settled = false;
  #refusal: string | undefined;
  /** The last changes did not add up. */
  #needsWhole = false;
  /** What is being put in force, if that takes its time; it outlives the stream it came from. */
  #applying: Promise<void> = Promise.resolve();
  #link: BrokerLink | undefined;
  #ended: (end: StreamEnd) => void = () => undefined;
  #useful = false;
  #routes = false;
  #update: Update | undefined;

  constructor(options: FollowerOptions) {
    this.#options = options;
    this.#runs = options.saved;
  }

  get runs(): StampedSnapshot | undefined {
    return this.#runs;
  }

  get isConnected(): boolean {
    return this.#link !== undefined;
  }

  /** Since this process began, an operator's newest was taken or refused. */
  get hasSettled(): boolean {
    return this.#settled;
  }

  /** Why the newest snapshot is not run, in case. */
  get refusal(): string | undefined {
    return this.#refusal;
  }

  /** Follows a stream that was just opened; resolves with how it ended. One at a time. */
  async follow(link: BrokerLink): Promise<StreamEnd> {
    const end = new Promise<StreamEnd>((resolve) => (this.#ended = resolve));
    this.#link = link;
    this.#useful = false;
    this.#routes = false;
    this.#update = undefined;
    link.listen({
      message: (message) => this.#take(message),
      closed: (reason) => this.#end(reason),
    });
    await this.#applying;
    const runs = this.#runs?.stamp;
    link.send({
      type: 'Hello',
      protocol: PROTOCOL_VERSION,
      pod: this.#options.pod,
      ...(runs && { runs }),
      ...(this.#needsWhole && { whole: true }),
    });
    return await end;
  }

  /** Ends the stream, if there is one. */
  close(): void {
    this.#leave('this broker ends');
  }

  #take(message: OperatorMessage): void {
    switch (message.type) {
      case 'NotLeader':
        return this.#leave('it does not lead', true);
      case 'TryLater':
        return this.#leave(`it has nothing for this broker: ${message.reason}`);
      case 'Current':
        return this.#takeCurrent(message.stamp);
      case 'UpdateBegin':
        return this.#begin(message.stamp, message.base);
      case 'UpdatePart':
        return this.#takePart(message.changes);
      case 'UpdateEnd':
        return this.#complete();
      case 'Ping':
        return;
    }
  }

  #takeCurrent(stamp: SnapshotStamp): void {
    const runs = this.#runs;
    if (runs?.stamp.hash !== stamp.hash || compareVersions(stamp.version, runs.stamp.version) < 0) {
      return this.#leave(`it takes ${versionText(stamp.version)} for what runs here`);
    }
    // What was only saved so far is not in force yet.
    this.#put({ stamp, snapshot: runs.snapshot });
  }

  #begin(stamp: SnapshotStamp, base: SnapshotStamp | undefined): void {
    const runs = this.#runs?.stamp;
    if (this.#update !== undefined) return this.#leave('it began an update within another one');
    if (runs !== undefined && compareVersions(stamp.version, runs.version) <= 0) {
      const versions = `${versionText(stamp.version)} after ${versionText(runs.version)}`;
      return this.#leave(`it would go back: ${versions}`);
    }
    if (base !== undefined && (runs === undefined || !isEqualStamp(base, runs))) {
      return this.#leave(
        `it sent changes of ${versionText(base.version)}, which does not run here`,
      );
    }
    this.#update = { base, stamp, changes: [] };
  }

  #takePart(changes: readonly SnapshotChange[]): void {
    const update = this.#update;
    if (update === undefined) return this.#leave('it sent a part of no update');
    if (update.changes.length + changes.length > UPDATE_CHANGES_MAX) {
      return this.#leave(`it sent more than ${UPDATE_CHANGES_MAX} changes in one update`);
    }
    for (const change of changes) {
      // Now rather than all at once in the end, while clients wait.
      if (change.change === 'Set') digestOf(change.value);
      update.changes.push(change);
    }
  }

  #complete(): void {
    const update = this.#update;
    if (update === undefined) return this.#leave('it ended no update');
    const { base, stamp, changes } = update;
    const snapshot = applyChanges(base && this.#runs?.snapshot, changes);
    const addsUp = snapshot !== undefined && hashOf(snapshot) === stamp.hash;
    this.#needsWhole = !addsUp;
    if (!addsUp && base !== undefined)
      return this.#leave('its changes do not make what they should');
    if (!addsUp) return this.#refuse(stamp, 'it is not what its hash says');
    this.#put({ stamp, snapshot });
  }

  /** In force, and answers. */
  #put(content: StampedSnapshot): void {
    const link = this.#link;
    this.#applying = this.#apply(content).then((fault) => {
      if (this.#link !== link) return;
      this.#update = undefined;
      if (fault !== undefined) this.#refuse(content.stamp, fault);
      else if (link !== undefined) this.#acknowledge(link, content);
    });
  }

  #acknowledge(link: BrokerLink, { stamp, snapshot }: StampedSnapshot): void {
    link.send({ type: 'Acknowledge', stamp });
    if (this.#routes || snapshot.route === undefined) return;
    this.#routes = true;
    this.#options.deliveries?.begin((message) => {
      if (this.#link === link) link.send(message);
    });
  }

  /** Answers why it is refused. */
  async #apply(content: StampedSnapshot): Promise<string | undefined> {
    try {
      await this.#options.apply(content.snapshot);
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
    this.#takeOver(content);
    return undefined;
  }

  #takeOver(content: StampedSnapshot): void {
    this.#runs = content;
    this.#settled = true;
    this.#useful = true;
    this.#refusal = undefined;
    this.#options.onRuns(content);
  }

  #refuse({ version }: SnapshotStamp, fault: string): void {
    const message = fault.slice(0, REASON_LENGTH_MAX);
    this.#settled = true;
    this.#useful = true;
    this.#refusal = message;
    this.#update = undefined;
    const about = { version: versionText(version) };
    this.#options.logger.error(
      about,
      `a snapshot was refused, the last good one stays: ${message}`,
    );
    this.#link?.send({ type: 'Refuse', version, message });
  }

  /** From this side. */
  #leave(reason: string, notLeader = false): void {
    this.#link?.close();
    this.#end(reason, notLeader);
  }

  #end(reason: string, notLeader = false): void {
    if (this.#link === undefined) return;
    this.#link = undefined;
    this.#update = undefined;
    this.#options.deliveries?.end();
    this.#ended({ notLeader, useful: this.#useful, reason });
  }
}
