/** What an attribute of an event may be: CloudEvents 1.0, "Naming Conventions", "Type System". */
import { isIPv6 } from 'node:net';
import { readMediaType } from './media-type.ts';

export type AttributeValue = string | number | boolean;

/** In the order in which they are written. */
export type Attributes = Map<string, AttributeValue>;

const NAME = /^[a-z0-9]+$/;
/** Controls, noncharacters, and surrogates without their other half. */
const UNWANTED = /[\p{Cc}\p{Noncharacter_Code_Point}\p{Surrogate}]/u;
/** "Integer": a signed number of 32 bits. */
const INTEGER_MIN = -(2 ** 31);
const INTEGER_MAX = 2 ** 31 - 1;

/** Members of the JSON event format that are not attributes. */
export const DATA_MEMBERS: ReadonlySet<string> = new Set(['data', 'data_base64']);

export const REQUIRED_ATTRIBUTES = ['specversion', 'id', 'source', 'type'] as const;

/** "Properties should not clash with the CloudEvent's default or extension attributes". */
const TAKEN: ReadonlySet<string> = new Set([
  ...['specversion', 'id', 'time', 'type', 'source', 'subject'],
  ...['datacontenttype', 'dataschema', 'data'],
  ...['dataref', 'traceparent', 'tracestate', 'partitionkey'],
  ...['value', 'sequence', 'sequencetype'],
]);

/**
 * What clients of any kind may not set. SDKs take the two of CloudEvents 0.3 for what they were
 * there, and refuse the event or decode its data once more.
 */
export function isReserved(name: string): boolean {
  return name.startsWith('mqtt') || name === 'schemaurl' || name === 'datacontentencoding';
}

export function isAttributeName(name: string): boolean {
  return NAME.test(name);
}

/** "Requirements for Compliant Event Attributes", as far as one name goes. */
export function isEnrichmentName(name: string): boolean {
  return isAttributeName(name) && !TAKEN.has(name) && !isReserved(name);
}

/** Whether a value may be an attribute's, as far as the types go and the defined attributes ask. */
export function isAttributeValue(name: string, value: unknown): value is AttributeValue {
  if (typeof value === 'string') {
    return !UNWANTED.test(value) && (!isDefined(name) || isDefinedValue(name, value));
  }
  if (isDefined(name)) return false;
  if (typeof value === 'boolean') return true;
  return Number.isInteger(value) && INTEGER_MIN <= Number(value) && Number(value) <= INTEGER_MAX;
}

/** What an MQTT string may hold; texts of megabytes exhaust the stack of regular expressions. */
const DEFINED_LENGTH_MAX = 65535;

function isDefinedValue(name: string, text: string): boolean {
  return text.length <= DEFINED_LENGTH_MAX && RULES[name]!(text);
}

const RULES: Readonly<Record<string, (text: string) => boolean>> = {
  specversion: (text) => text === '1.0',
  id: isGiven,
  source: isUriReference,
  type: isGiven,
  subject: isGiven,
  time: isTimestamp,
  datacontenttype: (text) => readMediaType(text) !== undefined,
  dataschema: isUri,
};

/** CloudEvents itself says what it is and what it may hold. */
export function isDefined(name: string): boolean {
  return Object.hasOwn(RULES, name);
}

function isGiven(text: string): boolean {
  return text !== '';
}

/** RFC 3986: a URI begins with a scheme, a relative reference with nothing that could be one. */
const SCHEME = '[A-Za-z][A-Za-z0-9+.-]*:';
const NAME_CHARACTERS = "[\\w.~!$&'()*+,;=-]|%[0-9A-Fa-f]{2}";
const PATH_CHARACTERS = `${NAME_CHARACTERS}|[:@/]`;
const AUTHORITY =
  `(?:(?:${NAME_CHARACTERS}|:)*@)?` +
  `(?:\\[(?<address>[^\\]]*)\\]|(?:${NAME_CHARACTERS})*)(?::\\d*)?(?=[/?#]|$)`;
const URI_REFERENCE = new RegExp(
  `^(?:(?<scheme>${SCHEME})|(?![^/?#]*:))(?://${AUTHORITY}|(?!//))(?:${PATH_CHARACTERS})*` +
    `(?:\\?(?:${PATH_CHARACTERS}|\\?)*)?(?:#(?:${PATH_CHARACTERS}|\\?)*)?$`,
);

function isUriReference(text: string): boolean {
  const groups = text === '' ? undefined : URI_REFERENCE.exec(text)?.groups;
  if (groups === undefined) return false;
  return groups['address'] === undefined || isIPv6(groups['address']);
}

function isUri(text: string): boolean {
  return URI_REFERENCE.exec(text)?.groups?.['scheme'] !== undefined && isUriReference(text);
}

const HOURS_MINUTES = '(?:[01]\\d|2[0-3]):[0-5]\\d';
const TIMESTAMP = new RegExp(
  `^(\\d{4}-\\d\\d-\\d\\d)T${HOURS_MINUTES}:[0-5]\\d(?:\\.\\d+)?(?:Z|[+-]${HOURS_MINUTES})$`,
  'i',
);

/** RFC 3339, without the leap seconds that most who read it know nothing of. */
function isTimestamp(text: string): boolean {
  const date = TIMESTAMP.exec(text)?.[1];
  if (date === undefined) return false;
  const day = new Date(`${date}T00:00:00Z`);
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(date);
}
