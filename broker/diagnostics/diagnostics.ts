/**
 * What the broker tells of its clients: one line each, in the categories of Event Grid's diagnostic
 * logs. Never a payload and never a key; what clients wrote is escaped and shortened.
 */
import type { Logger } from 'pino';
import type { ClientCredential } from '../../domain/snapshot.ts';
import { describeReasonCode } from '../../domain/reason-codes.ts';
import type { ReasonCode } from '../../domain/reason-codes.ts';
import { quote } from '../../domain/text.ts';
import type { Clock } from '../clock.ts';
import type { Ending } from '../ending.ts';
import type { ProtocolVersion } from '../packets/packet-type.ts';
import { protocolName } from '../packets/packet-type.ts';
import { disconnectionReasonOf } from './disconnection-reason.ts';
import { LogBudget } from './log-budget.ts';

const CATEGORIES = [
  'SuccessfulMqttConnections',
  'FailedMqttConnections',
  'MqttDisconnections',
  'FailedMqttPublishedMessages',
  'FailedMqttSubscriptionOperations',
  /** Ours: these have nothing of MQTT yet, and must not crowd out those that do. */
  'FailedTlsHandshakes',
] as const;
type Category = (typeof CATEGORIES)[number];

/** Refused topic filters of one packet that are named; it may hold 100,000 of them. */
const NAMED_FILTERS_MAX = 10;

/** The other end of a connection, as far as it is known. */
export interface Peer {
  /** Tells connections of one broker apart, so that its lines are found together. */
  readonly number: number;
  readonly remoteAddress: string | undefined;
  /** The client identifier, as it may be written; see `legible`. */
  readonly client: string | undefined;
  readonly version: ProtocolVersion | undefined;
}

export interface RefusedPublish {
  /** As the client sent it. */
  readonly topic: string;
  readonly qos: number;
  readonly ending: Ending;
}

export interface RefusedSubscribe {
  /** As the client sent them; the first few are named, the others counted. */
  readonly topicFilters: readonly string[];
  /** Of the first of them. */
  readonly code: ReasonCode;
  /** Why, for as many of them as it was worked out. */
  readonly causes: readonly string[];
}

export class Diagnostics {
  readonly #logger: Logger;
  readonly #clock: Clock;
  readonly #budgets: ReadonlyMap<Category, LogBudget>;

  constructor(logger: Logger, clock: Clock) {
    this.#logger = logger;
    this.#clock = clock;
    const nowMs = clock.nowMs();
    this.#budgets = new Map(CATEGORIES.map((category) => [category, new LogBudget(nowMs)]));
  }

  connected(
    peer: Peer,
    details: {
      readonly sessionPresent: boolean;
      /** Whether the TLS session is an earlier one. */
      readonly resumed: boolean;
      readonly credential: ClientCredential['type'];
    },
  ): void {
    const category = 'SuccessfulMqttConnections';
    if (!this.#logger.isLevelEnabled('info') || !this.#admits(category)) return;
    const { credential, ...rest } = details;
    const authenticationType =
      credential === 'CertificateThumbprint' ? 'CertificateThumbprintMatch' : 'CACertificate';
    const line = { ...describe(category, 'connect', peer), authenticationType, ...rest };
    this.#logger.info(line, 'connected');
  }

  connectRefused(peer: Peer, ending: Ending): void {
    const category = 'FailedMqttConnections';
    if (!this.#admits(category)) return;
    const line = { ...describe(category, 'connect', peer), ...explain(ending) };
    this.#logger.warn(line, `CONNECT refused: ${line.cause}`);
  }

  /** There is no TLS connection; `isProbe`: nobody tried to make one, which is of no interest. */
  handshakeFailed(remoteAddress: string | undefined, cause: string, isProbe: boolean): void {
    const category = 'FailedTlsHandshakes';
    if ((isProbe && !this.#logger.isLevelEnabled('debug')) || !this.#admits(category)) return;
    const line = { category, operation: 'handshake', remoteAddress, cause };
    this.#logger[isProbe ? 'debug' : 'info'](line, `TLS handshake failed: ${cause}`);
  }

  /** It ended before a whole CONNECT came. */
  neverConnected(peer: Peer, ending: Ending): void {
    const category = 'FailedMqttConnections';
    if (!this.#admits(category)) return;
    const line = { ...describe(category, 'connect', peer), ...explain(ending) };
    this.#logger.info(line, `disconnected: ${line.cause}`);
  }

  disconnected(peer: Peer, ending: Ending): void {
    const category = 'MqttDisconnections';
    if (!this.#logger.isLevelEnabled('info') || !this.#admits(category)) return;
    const disconnectionReason = ending.disconnection ?? disconnectionReasonOf(ending.code);
    const line = {
      ...describe(category, 'disconnect', peer),
      disconnectionReason,
      ...explain(ending),
    };
    this.#logger.info(line, `disconnected: ${line.cause}`);
  }

  publishRefused(peer: Peer, { topic, qos, ending }: RefusedPublish): void {
    const category = 'FailedMqttPublishedMessages';
    if (!this.#admits(category)) return;
    const line = {
      ...describe(category, 'publish', peer),
      topic: legible(topic),
      qos,
      ...explain(ending),
    };
    this.#logger.warn(line, `PUBLISH refused: ${line.cause}`);
  }

  subscribeRefused(peer: Peer, { topicFilters, code, causes }: RefusedSubscribe): void {
    const category = 'FailedMqttSubscriptionOperations';
    if (!this.#admits(category)) return;
    const more = topicFilters.length - causes.length;
    const cause = [...causes, ...(more > 0 ? [`and ${more} more`] : [])].join('; ');
    const line = {
      ...describe(category, 'subscribe', peer),
      topicFilters: topicFilters.slice(0, NAMED_FILTERS_MAX).map(legible),
      operationCount: topicFilters.length,
      reasonCode: describeReasonCode(code),
      cause,
    };
    this.#logger.warn(line, `SUBSCRIBE refused: ${cause}`);
  }

  /** Says now and then how much was left out. */
  tellSuppressed(): void {
    const nowMs = this.#clock.nowMs();
    for (const [category, budget] of this.#budgets) {
      const suppressed = budget.suppressed(nowMs);
      if (suppressed === 0) continue;
      const message = `${suppressed} lines of ${category} were left out: there were too many`;
      this.#logger.warn({ category, suppressed }, message);
    }
  }

  #admits(category: Category): boolean {
    return this.#budgets.get(category)!.take(this.#clock.nowMs());
  }
}

type Operation = 'connect' | 'disconnect' | 'publish' | 'subscribe';

function describe(category: Category, operation: Operation, peer: Peer): object {
  const { client, version, number, remoteAddress } = peer;
  // A session is known by its client identifier, which is the name of its Client.
  const identity = { client, session: client, protocol: protocolName(version) };
  return { category, operation, ...identity, connection: number, remoteAddress };
}

function explain({ code, reason, cause }: Ending): { reasonCode: string; cause: string } {
  return { reasonCode: describeReasonCode(code), cause: cause ?? reason };
}

/** Names and topics as they are, so that they are found again; what is hostile is escaped. */
export function legible(text: string): string {
  return quote(text).slice(1, -1);
}
