import { ReasonCode } from '../../domain/reason-codes.ts';
import type { Result } from '../../domain/result.ts';
import { failure, success } from '../../domain/result.ts';
import {
  findMisplacedWildcard,
  isSharedSubscription,
  splitLevels,
} from '../../domain/topic-filter.ts';
import type { Frame } from './frame-reader.ts';
import type { PacketFault } from './packet-fault.ts';
import { malformed, protocolError } from './packet-fault.ts';
import { PacketReader } from './packet-reader.ts';
import type { ProtocolVersion } from './packet-type.ts';
import { Owner, Property } from './properties.ts';

/**
 * Topic filters of one packet: as many as any namespace may grant a connection (the ceiling of
 * `subscriptionsPerConnection`). Ten times as many fit, and would keep everybody waiting.
 */
const TOPIC_FILTERS_MAX = 10000;

/** One topic filter with its Subscription Options; MQTT 5, section 3.8.3.1. */
export interface SubscriptionRequest {
  readonly filter: string;
  readonly qos: 0 | 1 | 2;
  readonly noLocal: boolean;
}

export interface SubscribePacket {
  readonly packetIdentifier: number;
  readonly hasSubscriptionIdentifier: boolean;
  /** At least one [MQTT-3.8.3-2]. */
  readonly requests: readonly SubscriptionRequest[];
}

export interface UnsubscribePacket {
  readonly packetIdentifier: number;
  /** At least one [MQTT-3.10.3-2]. */
  readonly filters: readonly string[];
}

const TOO_MANY_FILTERS: PacketFault = {
  code: ReasonCode.QuotaExceeded,
  reason: `a packet may have ${TOPIC_FILTERS_MAX} topic filters and no more`,
};

export function decodeSubscribe(
  frame: Frame,
  version: ProtocolVersion,
): Result<SubscribePacket, PacketFault> {
  const reader = new PacketReader(frame.bytes, frame.body, frame.end);
  const packetIdentifier = readPacketIdentifier(reader);
  const properties = version === 5 ? reader.properties(Owner.SUBSCRIBE) : undefined;
  const requests: SubscriptionRequest[] = [];
  while (reader.more) {
    const filter = readFilter(reader);
    const options = reader.byte('the options of a subscription');
    const fault = findOptionsFault(options, filter, version);
    if (fault !== undefined) reader.fail(fault);
    requests.push({
      filter,
      qos: (options & Option.Qos) as 0 | 1 | 2,
      noLocal: (options & Option.NoLocal) !== 0,
    });
    if (requests.length > TOPIC_FILTERS_MAX) reader.fail(TOO_MANY_FILTERS);
  }
  if (requests.length === 0) reader.fail(protocolError('there is no topic filter'));
  if (reader.fault !== undefined) return failure(reader.fault);
  const hasSubscriptionIdentifier = properties?.has(Property.SubscriptionIdentifier) === true;
  return success({ packetIdentifier, hasSubscriptionIdentifier, requests });
}

export function decodeUnsubscribe(
  frame: Frame,
  version: ProtocolVersion,
): Result<UnsubscribePacket, PacketFault> {
  const reader = new PacketReader(frame.bytes, frame.body, frame.end);
  const packetIdentifier = readPacketIdentifier(reader);
  if (version === 5) reader.properties(Owner.UNSUBSCRIBE);
  const filters: string[] = [];
  while (reader.more) {
    filters.push(readFilter(reader));
    if (filters.length > TOPIC_FILTERS_MAX) reader.fail(TOO_MANY_FILTERS);
  }
  if (filters.length === 0) reader.fail(protocolError('there is no topic filter'));
  return reader.fault === undefined
    ? success({ packetIdentifier, filters })
    : failure(reader.fault);
}

/** Not 0 [MQTT-2.2.1-3], in MQTT 3.1.1 [MQTT-2.3.1-1]. */
function readPacketIdentifier(reader: PacketReader): number {
  const packetIdentifier = reader.uint16('the packet identifier');
  if (packetIdentifier === 0) reader.fail(protocolError('the packet identifier is 0'));
  return packetIdentifier;
}

function readFilter(reader: PacketReader): string {
  const filter = reader.text('a topic filter');
  // [MQTT-4.7.3-1]
  if (filter === '') reader.fail(protocolError('a topic filter is empty'));
  else if (hasMisplacedWildcard(filter)) {
    // [MQTT-4.7.1-1] [MQTT-4.7.1-2]
    reader.fail(malformed('a topic filter has a wildcard that is no level of its own'));
  }
  return filter;
}

function hasMisplacedWildcard(filter: string): boolean {
  if (!filter.includes('+') && !filter.includes('#')) return false;
  const levels = splitLevels(filter);
  const last = levels.length - 1;
  return levels.some((level, index) => findMisplacedWildcard(level, index === last) !== undefined);
}

const Option = {
  Qos: 0x03,
  NoLocal: 0x04,
  RetainHandling: 0x30,
  Reserved: 0xc0,
  /** MQTT 3.1.1 has nothing but the QoS. */
  ReservedWithoutOptions: 0xfc,
} as const;

function findOptionsFault(
  options: number,
  filter: string,
  version: ProtocolVersion,
): PacketFault | undefined {
  const reserved = version === 5 ? Option.Reserved : Option.ReservedWithoutOptions;
  if ((options & reserved) !== 0) {
    return malformed('reserved bits of the subscription options are set'); // [MQTT-3.8.3-5]
  }
  if ((options & Option.Qos) === 3) return protocolError('a subscription asks for QoS 3');
  if ((options & Option.RetainHandling) === Option.RetainHandling) {
    return protocolError('a subscription has the Retain Handling 3');
  }
  if ((options & Option.NoLocal) !== 0 && isSharedSubscription(filter)) {
    return protocolError('a shared subscription has No Local'); // [MQTT-3.8.3-4]
  }
  return undefined;
}
