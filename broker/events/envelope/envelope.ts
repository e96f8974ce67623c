/** From a message to its event: "CloudEvent Schema for the routed MQTT messages", and ADR 23. */
import type { RoutedMessage } from '../routed-message.ts';
import type { Attributes, AttributeValue } from './attributes.ts';
import { isAttributeValue, isEnrichmentName } from './attributes.ts';
import type { UserProperties } from './client-event.ts';
import { isStructured, readBinary, readStructured, withoutCopies } from './client-event.ts';
import { CloudEvent } from './cloud-event.ts';
import type { EventData } from './event-data.ts';
import { binaryData, textData } from './event-data.ts';
import { eventId } from './event-id.ts';
import type { MediaType } from './media-type.ts';
import { isJson, isUtf8Charset, readMediaType } from './media-type.ts';
import type { MessageProperties } from './message-properties.ts';
import { readMessageProperties } from './message-properties.ts';

export interface EnvelopeContext {
  /** The MqttNamespace's name. */
  readonly source: string;
  /** Random; it tells the numbers of one store's messages from another's. */
  readonly storeId: number;
}

/** Of all messages that are not events already. */
const TYPE = 'MQTT.EventPublished';

/** What an event is made of, before what MQTT said about the message is added. */
interface Content {
  readonly attributes: Attributes;
  readonly data: EventData | undefined;
  /** Those that may yet become attributes. */
  readonly userProperties: UserProperties;
  /** What cannot be an attribute. */
  readonly withheld: ReadonlyMap<string, AttributeValue>;
}

interface Given {
  readonly message: RoutedMessage;
  readonly properties: MessageProperties;
  readonly userProperties: UserProperties;
  /** Undefined: there is no Content Type, or what it says is no media type. */
  readonly mediaType: MediaType | undefined;
}

/** Every message makes an event, whatever its bytes are. */
export function envelope(message: RoutedMessage, context: EnvelopeContext): CloudEvent {
  const properties = readMessageProperties(message.properties);
  const given: Given = {
    message,
    properties,
    userProperties: groupByName(properties.userProperties),
    mediaType: readMediaType(properties.contentType ?? ''),
  };
  const content = clientContent(given) ?? ownContent(given, context);
  enrich(content.attributes, given);
  addUserProperties(content);
  return new CloudEvent(content.attributes, content.data);
}

function groupByName(properties: MessageProperties['userProperties']): UserProperties {
  const groups = new Map<string, string[]>();
  for (const [name, value] of properties) {
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [value]);
    else group.push(value);
  }
  return groups;
}

/** Of a message that is an event already; undefined: it is not, or not a valid one. */
function clientContent(given: Given): Content | undefined {
  const { message, properties, userProperties, mediaType } = given;
  if (isStructured(mediaType)) {
    const event = readStructured(message.payload);
    if (event === undefined) return undefined;
    return { ...event, userProperties: withoutCopies(userProperties, event.attributes) };
  }
  const contentType = mediaType && properties.contentType;
  const attributes = readBinary(userProperties, contentType);
  if (attributes === undefined) return undefined;
  return {
    attributes,
    data: message.payload.length === 0 ? undefined : dataOf(given, readTypeOf(attributes)),
    userProperties: withoutCopies(userProperties, attributes),
    withheld: new Map(),
  };
}

function readTypeOf(attributes: Attributes): MediaType | undefined {
  return readMediaType(String(attributes.get('datacontenttype') ?? ''));
}

function ownContent(given: Given, { source, storeId }: EnvelopeContext): Content {
  const { message, mediaType, userProperties } = given;
  const attributes: Attributes = new Map();
  attributes.set('specversion', '1.0');
  attributes.set('id', eventId(message, storeId));
  attributes.set('time', timestamp(message.receivedAtMs));
  attributes.set('type', TYPE);
  attributes.set('source', source);
  attributes.set('subject', message.topic);
  if (mediaType !== undefined) attributes.set('datacontenttype', given.properties.contentType!);
  return { attributes, data: dataOf(given, mediaType), userProperties, withheld: new Map() };
}

/**
 * "For MQTT v5 messages of content type application/json or of a payload format indicator=1, the
 * payload will be forwarded in the data object". MQTT 3.1.1 has neither.
 */
function dataOf({ message, properties }: Given, type: MediaType | undefined): EventData {
  const isText =
    properties.payloadIsText || (type !== undefined && isJson(type) && isUtf8Charset(type));
  return isText ? textData(message.payload) : binaryData(message.payload);
}

/** What MQTT said comes from the broker, so nothing that a client says takes its place. */
function enrich(attributes: Attributes, { message, properties, mediaType }: Given): void {
  const { responseTopic, correlationData, messageExpirySeconds, contentType } = properties;
  attributes.set('mqtttopic', message.topic);
  if (responseTopic !== undefined) attributes.set('mqttresponsetopic', responseTopic);
  if (correlationData !== undefined) {
    attributes.set('mqttcorrelationdata', correlationData.toString('base64'));
  }
  if (messageExpirySeconds !== undefined) {
    const expiresAtMs = message.receivedAtMs + messageExpirySeconds * 1000;
    attributes.set('mqttmessageexpiry', timestamp(expiresAtMs));
  }
  // With what is no media type as its `datacontenttype` it would not be a valid event.
  if (contentType && mediaType === undefined) attributes.set('mqttcontenttype', contentType);
}

/** Each becomes an attribute, or one of those that one attribute holds together. */
function addUserProperties({ attributes, userProperties, withheld }: Content): void {
  const rest = new Map<string, AttributeValue[]>();
  for (const [name, value] of withheld) rest.set(name, [value]);
  for (const [name, values] of userProperties) {
    const [value = ''] = values;
    const isAlone = values.length === 1 && !rest.has(name);
    if (isAlone && isEnrichment(attributes, name, value)) attributes.set(name, value);
    else rest.set(name, [...(rest.get(name) ?? []), ...values]);
  }
  if (rest.size > 0) attributes.set('mqttuserproperties', objectOf(rest));
}

/** "Requirements for Compliant Event Attributes"; what the event has already is not replaced. */
function isEnrichment(attributes: Attributes, name: string, value: string): boolean {
  return isEnrichmentName(name) && !attributes.has(name) && isAttributeValue(name, value);
}

/** Written by hand: in an object of JavaScript some names would change their place, or vanish. */
function objectOf(groups: ReadonlyMap<string, readonly AttributeValue[]>): string {
  const members = Array.from(groups, ([name, values]) => {
    const value = values.length === 1 ? values[0] : values;
    return `${JSON.stringify(name)}:${JSON.stringify(value)}`;
  });
  return `{${members.join(',')}}`;
}

/** What RFC 3339 can say ends with the year 9999. */
const TIME_MAX_MS = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

function timestamp(timeMs: number): string {
  const writable = Number.isFinite(timeMs) ? Math.min(Math.max(timeMs, 0), TIME_MAX_MS) : 0;
  return new Date(writable).toISOString();
}
