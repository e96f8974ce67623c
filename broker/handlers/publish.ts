import { mayPublish, refusalReason } from '../../domain/access.ts';
import { describeReasonCode, ReasonCode } from '../../domain/reason-codes.ts';
import { quote } from '../../domain/text.ts';
import { checkTopicName } from '../../domain/topic-filter.ts';
import type { Connection, Ending } from '../connection.ts';
import { decodeText, encodeControlPacket, encodePuback } from '../packets/control-packets.ts';
import type { Frame } from '../packets/frame-reader.ts';
import { Message } from '../packets/message.ts';
import { protocolName } from '../packets/packet-type.ts';
import {
  decodePublish,
  emptyPublishParts,
  TOPIC_ALIAS_PROPERTY_BYTES,
} from '../packets/publish-decoder.ts';
import type { Route } from '../routing/router.ts';
import { NO_BATCH } from '../store/session-store.ts';

const NO_PROPERTIES = Buffer.alloc(0);

/** Filled anew for every PUBLISH: nothing of it outlives the handler. */
const parts = emptyPublishParts();

export function handlePublish(connection: Connection, frame: Frame): void {
  const { core, connected } = connection;
  const { version, session } = connected!;
  const fault = decodePublish(frame, version, parts);
  if (fault !== ReasonCode.Success) {
    connection.close({ code: fault, reason: 'PUBLISH is malformed' });
    return;
  }
  core.metrics.publishesReceived++;
  if (parts.qos === 2 || parts.retain) {
    closeUnsupported(connection);
    return;
  }
  const route = routeOf(connection, frame.bytes);
  if (route === undefined) return;
  const message = newMessage(connection, frame, route);
  core.router.publish(route, message, session);
  if (parts.qos === 0) return;
  // Every session that should get the message owns it once it is committed.
  const batch = core.store?.append(message) ?? NO_BATCH;
  connection.sendAfter(batch, encodePuback(parts.packetIdentifier));
}

/** "A publish request with a retain flag or with a QoS2 will fail and close the connection". */
function closeUnsupported(connection: Connection): void {
  connection.close(
    parts.retain
      ? { code: ReasonCode.RetainNotSupported, reason: 'retained messages are not supported' }
      : { code: ReasonCode.QoSNotSupported, reason: 'QoS 2 is not supported' },
  );
}

function newMessage(connection: Connection, { bytes, end }: Frame, route: Route): Message {
  const { propertiesStart, propertiesEnd, topicAliasStart, messageExpiryStart } = parts;
  const aliasBytes = topicAliasStart < 0 ? 0 : TOPIC_ALIAS_PROPERTY_BYTES;
  const expiryFollowsAlias = aliasBytes > 0 && messageExpiryStart > topicAliasStart;
  return new Message({
    topic: route.bytes,
    qos: parts.qos as 0 | 1,
    payload: bytes.subarray(parts.payloadStart, end),
    properties:
      propertiesStart === propertiesEnd ? NO_PROPERTIES : forwardedProperties(bytes, aliasBytes),
    messageExpiryStart:
      messageExpiryStart < 0
        ? -1
        : messageExpiryStart - propertiesStart - (expiryFollowsAlias ? aliasBytes : 0),
    receivedAtMs: connection.lastReceivedAtMs,
    number: parts.qos === 1 ? (connection.core.store?.newMessageNumber() ?? 0) : 0,
  });
}

/** As they came, in their order [MQTT-3.3.2-17]; an alias is a matter of one connection. */
function forwardedProperties(bytes: Buffer, aliasBytes: number): Buffer {
  const { propertiesStart, propertiesEnd, topicAliasStart } = parts;
  if (aliasBytes === 0) return bytes.subarray(propertiesStart, propertiesEnd);
  return Buffer.concat([
    bytes.subarray(propertiesStart, topicAliasStart),
    bytes.subarray(topicAliasStart + aliasBytes, propertiesEnd),
  ]);
}

/** Undefined: the packet was refused and answered. */
function routeOf(connection: Connection, bytes: Buffer): Route | undefined {
  const key = topicKey(connection, bytes);
  if (key === undefined) return undefined;
  return connection.permittedTopics.get(key) ?? judgeTopic(connection, key);
}

/** The topic's bytes as Latin-1, of the packet or of its alias. */
function topicKey(connection: Connection, bytes: Buffer): string | undefined {
  const { topicAlias, topicStart, topicEnd } = parts;
  const given = bytes.latin1Slice(topicStart, topicEnd);
  if (topicAlias === 0 && given !== '') return given;
  const maximum = connection.core.limits.topicAliases;
  if (topicAlias > maximum) {
    // [MQTT-3.3.2-9]
    const reason = `Topic Alias ${topicAlias} exceeds the Topic Alias Maximum of ${maximum}`;
    connection.close({ code: ReasonCode.TopicAliasInvalid, reason });
    return undefined;
  }
  if (given !== '') connection.aliases[topicAlias] = given;
  const topic = connection.aliases[topicAlias];
  if (topic === undefined) {
    const reason =
      topicAlias === 0
        ? 'PUBLISH has neither a topic nor a Topic Alias' // [MQTT-3.3.2-1]
        : `Topic Alias ${topicAlias} was not given a topic on this connection`;
    connection.close({ code: ReasonCode.ProtocolError, reason });
  }
  return topic;
}

/** Judged once for each topic that a connection uses, until the declarations change. */
function judgeTopic(connection: Connection, key: string): Route | undefined {
  const { core, connected } = connection;
  const bytes = Buffer.from(key, 'latin1');
  const topic = decodeText(bytes, 0, bytes.length);
  if (topic === undefined) {
    // [MQTT-1.5.4-1] [MQTT-1.5.4-2]
    const reason = 'the topic is not well-formed UTF-8 or contains U+0000';
    connection.close({ code: ReasonCode.MalformedPacket, reason });
    return undefined;
  }
  const fault = checkTopicName(topic, core.limits.topicBytes);
  if (fault !== undefined) {
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
  connection.permit(key, route);
  return route;
}

/**
 * DESIGN, "publish refused": the connection closes, and MQTT 5 is told why, in PUBACK as well at
 * QoS 1. A topic that is only too long costs an MQTT 5 client at QoS 1 no more than its message.
 */
function refusePublish(connection: Connection, topic: string, ending: Ending): void {
  const { core, connected } = connection;
  const { version, session, problemInformation } = connected!;
  core.metrics.publishesRefused++;
  core.logger.warn(
    {
      client: session.client,
      protocol: protocolName(version),
      operation: 'publish',
      topic: quote(topic),
      qos: parts.qos,
      reasonCode: describeReasonCode(ending.code),
    },
    `PUBLISH refused: ${ending.reason}`,
  );
  if (version === 5 && parts.qos === 1) {
    const properties = problemInformation ? { reasonString: ending.reason } : {};
    const messageId = parts.packetIdentifier;
    connection.send(
      encodeControlPacket({ cmd: 'puback', messageId, reasonCode: ending.code, properties }, 5),
    );
    if (ending.code === ReasonCode.TopicNameInvalid) return;
  }
  connection.close(ending);
}
