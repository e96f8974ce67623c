/** Messages that are CloudEvents already: MQTT Protocol Binding for CloudEvents 1.0.2. */
import { isUtf8 } from 'node:buffer';
import type { Attributes, AttributeValue } from './attributes.ts';
import {
  DATA_MEMBERS,
  isAttributeName,
  isAttributeValue,
  isDefined,
  isReserved,
  REQUIRED_ATTRIBUTES,
} from './attributes.ts';
import type { EventData } from './event-data.ts';
import { encodedData } from './event-data.ts';
import { membersOf, onOneLine, parseJson, withoutByteOrderMark } from './json-text.ts';
import type { MediaType } from './media-type.ts';
import { isUtf8Charset } from './media-type.ts';

export interface ClientEvent {
  /** As the client gave them, but those that are reserved. */
  readonly attributes: Attributes;
  readonly data: EventData | undefined;
  /** What the client gave under reserved names. */
  readonly withheld: ReadonlyMap<string, AttributeValue>;
}

const STRUCTURED = 'application/cloudevents+json';

export function isStructured(type: MediaType | undefined): boolean {
  return type?.name === STRUCTURED && isUtf8Charset(type);
}

/** Binding, 3.2: the payload is the event. Undefined: it is none, or not one of version 1.0. */
export function readStructured(payload: Buffer): ClientEvent | undefined {
  const bytes = withoutByteOrderMark(payload);
  if (!isUtf8(bytes) || parseJson(bytes) === undefined) return undefined;
  const members = membersOf(bytes);
  if (members === undefined) return undefined;
  const attributes = readAttributes(members);
  if (attributes === undefined) return undefined;
  if (!REQUIRED_ATTRIBUTES.every((name) => attributes.has(name))) return undefined;
  const data = readData(members);
  if (data === 'Invalid') return undefined;
  const withheld = new Map([...attributes].filter(([name]) => isReserved(name)));
  for (const name of withheld.keys()) attributes.delete(name);
  return { attributes, data, withheld };
}

function readAttributes(members: ReadonlyMap<string, Buffer>): Attributes | undefined {
  const attributes: Attributes = new Map();
  for (const [name, json] of members) {
    if (DATA_MEMBERS.has(name)) continue;
    const value: unknown = JSON.parse(json.toString());
    if (value === null) continue; // as if it were not there (JSON format, 2.2)
    if (!isAttributeName(name) || !isAttributeValue(name, value)) return undefined;
    attributes.set(name, value);
  }
  return attributes;
}

function readData(members: ReadonlyMap<string, Buffer>): EventData | 'Invalid' | undefined {
  const data = members.get('data');
  const base64 = members.get('data_base64');
  if (base64 === undefined || base64.toString() === 'null') {
    return data === undefined ? undefined : encodedData('data', onOneLine(data));
  }
  if (data !== undefined || !isBase64(JSON.parse(base64.toString()))) return 'Invalid';
  return encodedData('data_base64', base64);
}

/** RFC 4648, 4: with padding and nothing else. */
function isBase64(value: unknown): boolean {
  if (typeof value !== 'string' || value.length % 4 !== 0) return false;
  return /^[A-Za-z0-9+/]*={0,2}$/.test(value);
}

/** Names with the values that user properties give them, in their order. */
export type UserProperties = ReadonlyMap<string, readonly string[]>;

/**
 * Binding, 3.1: user properties are the attributes, named and written as there; the Content Type
 * is `datacontenttype`, whatever a user property of that name says. Undefined: they make no event.
 */
export function readBinary(
  userProperties: UserProperties,
  contentType: string | undefined,
): Attributes | undefined {
  if (!REQUIRED_ATTRIBUTES.every((name) => userProperties.has(name))) return undefined;
  const attributes: Attributes = new Map();
  for (const [name, values] of userProperties) {
    if (!isAttributeName(name) || isReserved(name) || DATA_MEMBERS.has(name)) continue;
    const [value] = values;
    if (values.length === 1 && isAttributeValue(name, value)) attributes.set(name, value);
    else if (isDefined(name)) return undefined;
  }
  if (contentType !== undefined) attributes.set('datacontenttype', contentType);
  return attributes;
}

/** Binding, 3.2.3: user properties may say once more what attributes say. */
export function withoutCopies(
  userProperties: UserProperties,
  attributes: Attributes,
): UserProperties {
  const isCopy = (name: string, values: readonly string[]): boolean =>
    values.length === 1 && attributes.has(name) && String(attributes.get(name)) === values[0];
  return new Map([...userProperties].filter(([name, values]) => !isCopy(name, values)));
}
