/** The keys of advanced filters: which value of an event is compared. */
import { failure, success, type Result } from '../result.ts';
import { quote } from '../text.ts';
import { DATA_KEY_DEPTH_MAX, FILTER_KEY_LENGTH_MAX } from './bounds.ts';

export type FilterKey =
  /** By its name, which has lower-case letters and digits only (CloudEvents 1.0, 3.1). */
  | { readonly type: 'Attribute'; readonly name: string }
  /** The names of members that lead from the data to the value; none for the data itself. */
  | { readonly type: 'Data'; readonly path: readonly string[] };

export interface KeyFault {
  readonly message: string;
  readonly remedy: string;
}

/**
 * `subject`, `Subject`, `priority`, `data`, `data.engine.Temp`: case matters behind `data` alone,
 * because there it tells members of JSON apart.
 */
export function parseFilterKey(text: string): Result<FilterKey, KeyFault> {
  if ([...text].length > FILTER_KEY_LENGTH_MAX) {
    const message = `has more than ${FILTER_KEY_LENGTH_MAX} characters`;
    return failure({ message, remedy: 'name a member of the data that has a shorter name' });
  }
  const [first = '', ...path] = text.split('.');
  const name = first.toLowerCase();
  if (name === 'data') return dataKey(text, path);
  if (path.length > 0) {
    const message = `${quote(text)} has a part behind ${quote(first)}, but only data has parts`;
    return failure({ message, remedy: `write ${quote(`data.${text}`)}, or an attribute's name` });
  }
  return attributeKey(first, name);
}

function dataKey(text: string, path: readonly string[]): Result<FilterKey, KeyFault> {
  if (path.includes('')) {
    const message = `${quote(text)} has an empty part`;
    return failure({ message, remedy: 'write names with one dot between two of them' });
  }
  if (path.length > DATA_KEY_DEPTH_MAX) {
    const message = `goes ${path.length} levels into the data; the limit is ${DATA_KEY_DEPTH_MAX}`;
    return failure({ message, remedy: 'let clients publish what is filtered on further up' });
  }
  return success({ type: 'Data', path });
}

function attributeKey(text: string, name: string): Result<FilterKey, KeyFault> {
  if (!/^[a-z0-9]+$/.test(name)) {
    const message = `${quote(text)} is no attribute's name, which has letters and digits only`;
    const remedy = 'write subject, type, source, another attribute, or data.<member>';
    return failure({ message, remedy });
  }
  const meant = OF_EVENT_GRID_SCHEMA.get(name);
  // In lower case it may be an attribute of the client's own.
  if (meant === undefined || text === name) return success({ type: 'Attribute', name });
  const message = `${quote(text)} is a field of Event Grid's own schema; these are CloudEvents`;
  return failure({ message, remedy: meant });
}

/** What people write who filtered events of that schema before. */
const OF_EVENT_GRID_SCHEMA: ReadonlyMap<string, string> = new Map([
  ['eventid', 'write id'],
  ['eventtype', 'write type'],
  ['eventtime', 'write time'],
  ['topic', 'write subject or mqtttopic for the MQTT topic, or source for the MqttNamespace'],
  ['eventtypeversion', 'remove it: a CloudEvent states no version of its type'],
  ['dataversion', 'remove it: a CloudEvent states no version of its data'],
  ['metadataversion', 'write specversion'],
]);
