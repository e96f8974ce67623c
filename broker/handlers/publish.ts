import { isUtf8 } from 'node:buffer';
import { mayPublish, refusalReason } from '../../domain/access.ts';
import { ReasonCode } from '../../domain/reason-codes.ts';
import { quote } from '../../domain/text.ts';
import { checkTopicName } from '../../domain/topic-filter.ts';
import type { Connection } from '../connection.ts';
import type { Ending } from '../ending.ts';
import { encodeExplained } from '../packets/control-packets.ts';
import { findTextFault } from '../packets/encoded-text.ts';
import type { Frame } from '../packets/frame-reader.ts';
import { emptyMessageSource, Message } from '../packets/message.ts';
import { malformed, protocolError } from '../packets/packet-fault.ts';
import {
  decodePublish,
  emptyPublishParts,
  TOPIC_ALIAS_PROPERTY_BYTES,
} from '../packets/publish-decoder.ts';
import type { Route } from '../routing/router.ts';
import { NO_BATCH, UNKNOWN_BATCH } from '../store/session-store.ts';
import { sendAnswer } from './answer.ts';

/** Filled anew for every PUBLISH: nothing of it outlives the handler. */
const parts = emptyPublishParts();
const source = emptyMessageSource();

export function handlePublish(connection: Connection, frame: Frame): void {
  const { core, connected } = connection;
  const { version, session } = connected!;
  const fault = decodePublish(frame, version, parts);
  if (fault !== undefined) {
    connection.close({ code: fault.code, reason: `PUBLISH: ${fault.reason}` });
    return;
  }
  core.metrics.publishesReceived++;
  const ending = findUnsupported(connection);
  if (ending !== undefined) {
    const topic = frame.bytes.toString('utf8', parts.topicStart, parts.topicEnd);
    core.metrics.publishesRefused++;
    core.diagnostics.publishRefused(connection.peer, { topic, qos: parts.qos, ending });
    connection.close(ending);
    return;
  }
  const route = routeOf(connection, frame);
  if (route === undefined || refusesMessage(connection, frame, route)) return;
  const message = newMessage(connection, frame, route);
  core.router.publish(route, message, session);
  if (core.events.active) core.events.route(message);
  if (parts.qos === 0) return;
  // All sessions that should get it, and the outbox of events, own it once it is committed.
  core.store?.append(message);
  if (message.batch === UNKNOWN_BATCH) message.awaitedBy = connection;
  connection.sendAfter(message, parts.packetIdentifier);
}

/** "A publish request with a retain flag or with a QoS2 will fail and close the connection". */
function findUnsupported(connection: Connection): Ending | undefined {
  if (parts.retain) {
    const reason = 'PUBLISH: retained messages are not supported';
    return { code: ReasonCode.RetainNotSupported, reason };
  }
  if (parts.qos === 2) {
    return { code: ReasonCode.QoSNotSupported, reason: 'PUBLISH: QoS 2 is not supported' };
  }
  const maximum = connection.core.limits.inFlightMessages;
  if (parts.qos === 0 || connection.version === 4) return undefined;
  if (connection.unacknowledgedPublishes < maximum) return undefined;
  connection.core.metrics.exceededInFlightMessages++;
  // [MQTT-3.3.4-7]
  const reason = `PUBLISH: ${maximum} messages wait for PUBACK, which is the Receive Maximum`;
  return { code: ReasonCode.ReceiveMaximumExceeded, reason };
}

/** True: it was refused and answered. */
function refusesMessage(connection: Connection, frame: Frame, route: Route): boolean {
  if (refusesPayload(connection, frame, route)) return true;
  return parts.qos === 1 && refusesToKeep(connection, frame, route);
}

/**
 * A payload that says it is UTF-8 and is not would only fail further on, so it is refused here, as
 * MQTT 5, section 3.3.2.3.2, lets a receiver do. True: it was refused and answered.
 */
function refusesPayload(connection: Connection, { bytes, end }: Frame, route: Route): boolean {
  if (!parts.payloadIsText || isUtf8(bytes.subarray(parts.payloadStart, end))) return false;
  const reason = 'the payload is not UTF-8, although its Payload Format Indicator says so';
  refusePublish(connection, route.topic, { code: ReasonCode.PayloadFormatInvalid, reason });
  return true;
}

/** True: the message cannot be kept for those who should get it; it was refused and answered. */
function refusesToKeep(connection: Connection, frame: Frame, route: Route): boolean {
  const { core, session } = connection;
  const { active } = core.events;
  let reason = core.store?.refusal;
  if (reason !== undefined && !active && !core.router.reachesStored(route, session!)) return false;
  if (active) reason ??= core.events.refusal(route.bytes.length + frame.end - parts.payloadStart);
  if (reason === undefined) return false;
  refusePublish(connection, route.topic, { code: ReasonCode.QuotaExceeded, reason });
  return true;
}

function newMessage(connection: Connection, { bytes, start, end }: Frame, route: Route): Message {
  if (parts.topicAlias > 0) return newAliasedMessage(connection, bytes.subarray(0, end), route);
  source.topic = route.bytes;
  source.qos = parts.qos as 0 | 1;
  source.number = newNumber(connection);
  source.receivedAtMs = connection.lastReceivedAtMs;
  source.version = connection.version;
  source.bytes = bytes;
  source.packetStart = start;
  source.propertiesStart = parts.propertiesStart;
  source.payloadStart = parts.payloadStart;
  source.end = end;
  source.messageExpiryStart = parts.messageExpiryStart;
  return new Message(source);
}

/** As it came but for the alias [MQTT-3.3.2-18], which is a matter of one connection. */
function newAliasedMessage(connection: Connection, bytes: Buffer, route: Route): Message {
  const { propertiesStart, payloadStart, topicAliasStart, messageExpiryStart } = parts;
  const aliasEnd = topicAliasStart + TOPIC_ALIAS_PROPERTY_BYTES;
  const expiryFollows = messageExpiryStart > topicAliasStart;
  const shift = propertiesStart + (expiryFollows ? TOPIC_ALIAS_PROPERTY_BYTES : 0);
  return Message.of({
    topic: route.bytes,
    qos: parts.qos as 0 | 1,
    number: newNumber(connection),
    receivedAtMs: connection.lastReceivedAtMs,
    properties: Buffer.concat([
      bytes.subarray(propertiesStart, topicAliasStart),
      bytes.subarray(aliasEnd, payloadStart),
    ]),
    messageExpiryStart: messageExpiryStart < 0 ? -1 : messageExpiryStart - shift,
    payload: bytes.subarray(payloadStart),
  });
}

/** 0: it is kept nowhere. */
function newNumber({ core }: Connection): number {
  return parts.qos === 1 ? (core.store?.newMessageNumber() ?? 0) : 0;
}

/** Undefined: the packet was refused and answered. */
function routeOf(connection: Connection, { bytes, start, end }: Frame): Route | undefined {
  // Over a rate is only who can be told so: others waited until there was room.
  const exceeded = connection.inbound.take(end - start, connection.lastReceivedAtMs);
  const route = permittedRoute(connection, bytes);
  if (route === undefined || exceeded === undefined) return route;
  const reason = `${connection.core.rates.describe(exceeded)} is exceeded; publish it again later`;
  refusePublish(connection, route.topic, { code: ReasonCode.QuotaExceeded, reason });
  return undefined;
}

/** Undefined: the packet was refused and answered. */
function permittedRoute(connection: Connection, bytes: Buffer): Route | undefined {
  const { permittedTopics } = connection;
  const { topicAlias, topicStart, topicEnd } = parts;
  const last =
    topicAlias === 0 ? permittedTopics.matchLast(bytes, topicStart, topicEnd) : undefined;
  if (last !== undefined) return last;
  const key = topicKey(connection, bytes);
  if (key === undefined) return undefined;
  return permittedTopics.get(key) ?? judgeTopic(connection, key);
}

/** The topic's bytes as Latin-1, of the packet or of its alias. */
function topicKey(connection: Connection, bytes: Buffer): string | undefined {
  const { topicAlias, topicStart, topicEnd } = parts;
  const given = bytes.latin1Slice(topicStart, topicEnd);
  if (topicAlias === 0 && given !== '') return given;
  const maximum = connection.core.limits.topicAliases;
  if (topicAlias > maximum) {
    connection.core.metrics.exceededTopicAliases++;
    // [MQTT-3.3.2-9]
    const bound = `the Topic Alias Maximum of ${maximum}`;
    const reason = `PUBLISH: Topic Alias ${topicAlias} exceeds ${bound}`;
    connection.close({ code: ReasonCode.TopicAliasInvalid, reason });
    return undefined;
  }
  if (given !== '') connection.aliases[topicAlias] = given;
  const topic = connection.aliases[topicAlias];
  if (topic === undefined) {
    const reason =
      topicAlias === 0
        ? 'PUBLISH: there is neither a topic name nor a Topic Alias' // [MQTT-4.7.3-1]
        : `PUBLISH: Topic Alias ${topicAlias} was not given a topic name on this connection`;
    connection.close(protocolError(reason));
  }
  return topic;
}

/** Judged once for each topic that a connection uses, until the declarations change. */
function judgeTopic(connection: Connection, key: string): Route | undefined {
  const { core, connected } = connection;
  const bytes = Buffer.from(key, 'latin1');
  const illFormed = findTextFault(bytes, 0, bytes.length);
  if (illFormed !== undefined) {
    // [MQTT-1.5.4-1] [MQTT-1.5.4-2]
    connection.close(malformed(`PUBLISH: the topic name ${illFormed}`));
    return undefined;
  }
  const topic = bytes.toString();
  if (topic.includes('+') || topic.includes('#')) {
    // [MQTT-3.3.2-2]
    connection.close(malformed(`PUBLISH: the topic name ${quote(topic)} contains a wildcard`));
    return undefined;
  }
  const fault = checkTopicName(topic, core.limits.topicBytes);
  if (fault !== undefined) {
    if (bytes.length > core.limits.topicBytes) core.metrics.exceededTopicBytes++;
    const reason = `${fault.message}; ${fault.remedy}`;
    refusePublish(connection, topic, { code: ReasonCode.TopicNameInvalid, reason });
    return undefined;
  }
  if (mayPublish(connected!.access, topic) === undefined) {
    const reason = refusalReason(connected!.access, 'publish', topic);
    refusePublish(connection, topic, { code: ReasonCode.NotAuthorized, reason });
    return undefined;
  }
  const route = core.router.route(topic);
  connection.permittedTopics.set(key, route);
  return route;
}

/** What costs an MQTT 5 client at QoS 1 its message and no more: it is told in PUBACK. */
const MESSAGE_FAULTS: ReadonlySet<ReasonCode> = new Set([
  ReasonCode.TopicNameInvalid,
  ReasonCode.PayloadFormatInvalid,
  ReasonCode.QuotaExceeded,
]);

/**
 * ADR 9: the connection closes, and MQTT 5 is told why, in PUBACK as well at
 * QoS 1. A fault of the message alone costs an MQTT 5 client at QoS 1 no more than that message.
 */
function refusePublish(connection: Connection, topic: string, ending: Ending): void {
  const { core, connected } = connection;
  const { version } = connected!;
  core.metrics.publishesRefused++;
  core.diagnostics.publishRefused(connection.peer, { topic, qos: parts.qos, ending });
  if (version === 4 || parts.qos === 0) {
    connection.close(ending);
    return;
  }
  const { problemInformation, maximumPacketBytes } = connected!;
  const { code: reasonCode, reason } = ending;
  const puback = { cmd: 'puback', messageId: parts.packetIdentifier, reasonCode } as const;
  const told = problemInformation ? reason : undefined; // [MQTT-3.1.2-29]
  sendAnswer(connection, NO_BATCH, encodeExplained(puback, told, maximumPacketBytes));
  if (!MESSAGE_FAULTS.has(reasonCode)) connection.close(ending);
}
