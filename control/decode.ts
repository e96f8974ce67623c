/**
 * Lines from the network to messages. A broker has proven who it is and may still be somebody
 * else's by now; an operator is trusted, but not to be free of bugs. So a message is what its type
 * says, within its bounds, or it is refused with what is wrong.
 */
import { LIMIT_NAMES } from '../domain/limits.ts';
import type { Result } from '../domain/result.ts';
import { failure, success } from '../domain/result.ts';
import type { SnapshotList } from '../domain/snapshot-changes.ts';
import { SNAPSHOT_LISTS } from '../domain/snapshot-changes.ts';
import { EVENT_SUBSCRIPTION_IN_SNAPSHOT } from '../domain/validate/event-subscription.ts';
import type { Shape } from '../domain/validate/shape.ts';
import { INTEGER, isRecord, listOf, objectOf, oneOf, TEXT } from '../domain/validate/shape.ts';
import type { FieldPath } from '../domain/violation.ts';
import { printFieldPath } from '../domain/violation.ts';
import type { BrokerMessage, OperatorMessage } from './messages.ts';
import {
  COUNTER_MAX,
  EPOCH_MAX,
  HASH_LENGTH,
  POD_NAME_LENGTH_MAX,
  PROTOCOL_VERSION,
  REASON_LENGTH_MAX,
  TIME_MS_MAX,
} from './messages.ts';

export type Decode<Message> = (line: Uint8Array) => Result<Message, string>;

function wrong(field: FieldPath, message: string): ReturnType<Shape> {
  return [{ field, reason: 'InvalidShape', message, remedy: 'use the same release at both ends' }];
}

function numberUpTo(max: number): Shape {
  return (value, path) => {
    const fits = Number.isSafeInteger(value) && Number(value) >= 0 && Number(value) <= max;
    return fits ? [] : wrong(path, `is not an integer from 0 to ${max}`);
  };
}

function textUpTo(lengthMax: number): Shape {
  return (value, path) => {
    const fits = typeof value === 'string' && value.length <= lengthMax;
    return fits ? [] : wrong(path, `is not a text of up to ${lengthMax} characters`);
  };
}

const FLAG: Shape = (value, path) => {
  return typeof value === 'boolean' ? [] : wrong(path, 'is neither true nor false');
};

const ATTRIBUTE: Shape = (value, path) => {
  if (Array.isArray(value)) return listOf(TEXT)(value, path);
  return typeof value === 'number' ? INTEGER(value, path) : TEXT(value, path);
};

const ATTRIBUTES: Shape = (value, path) => {
  if (!isRecord(value)) return wrong(path, 'is not an object');
  return Object.entries(value).flatMap(([key, entry]) => ATTRIBUTE(entry, [...path, key]));
};

/** The one of `shapes` that the value's `field` names. */
function variantOf(field: string, shapes: Readonly<Record<string, Shape>>): Shape {
  const known = new Map(Object.entries(shapes));
  return (value, path) => {
    const variant = isRecord(value) ? value[field] : undefined;
    const shape = typeof variant === 'string' ? known.get(variant) : undefined;
    if (shape !== undefined) return shape(value, path);
    return wrong([...path, field], `is none of ${[...known.keys()].join(', ')}`);
  };
}

const CREDENTIAL = variantOf('type', {
  CertificateSubject: objectOf({
    subject: objectOf(
      { commonName: TEXT },
      { organization: TEXT, organizationUnit: TEXT, countryCode: TEXT },
    ),
  }),
  CertificateThumbprint: objectOf({ thumbprints: listOf(TEXT) }),
});

const VALUES: Readonly<Record<SnapshotList, Shape>> = {
  caCertificates: objectOf({ name: TEXT, certificate: TEXT }),
  clients: objectOf({
    name: TEXT,
    state: oneOf(['Enabled', 'Disabled']),
    credential: CREDENTIAL,
    attributes: ATTRIBUTES,
  }),
  clientGroups: objectOf({ name: TEXT, query: TEXT }),
  topicSpaces: objectOf({
    name: TEXT,
    subscriptionSupport: oneOf(['NotSupported', 'LowFanout', 'HighFanout']),
    topicTemplates: listOf(TEXT),
  }),
  permissionBindings: objectOf({
    name: TEXT,
    clientGroupName: TEXT,
    topicSpaceName: TEXT,
    permission: oneOf(['Publisher', 'Subscriber']),
  }),
  eventSubscriptions: EVENT_SUBSCRIPTION_IN_SNAPSHOT,
};

const ROUTE = objectOf({
  eventTopic: TEXT,
  outboxOverflow: oneOf(['DropOldest', 'RejectPublish']),
});

const LIMITS = objectOf(Object.fromEntries(LIMIT_NAMES.map((name) => [name, INTEGER])));

function setShape(list: SnapshotList): Shape {
  return objectOf({ value: VALUES[list] });
}

const CHANGE = variantOf('change', {
  SetNamespace: objectOf({ name: TEXT, limits: LIMITS }, { route: ROUTE }),
  Set: variantOf('list', Object.fromEntries(SNAPSHOT_LISTS.map((list) => [list, setShape(list)]))),
  Remove: objectOf({ list: oneOf(SNAPSHOT_LISTS), name: TEXT }),
});

const VERSION = objectOf({ epoch: numberUpTo(EPOCH_MAX), counter: numberUpTo(COUNTER_MAX) });
const HASH: Shape = (value, path) => {
  const fits = typeof value === 'string' && value.length === HASH_LENGTH;
  return fits ? [] : wrong(path, `is not a text of ${HASH_LENGTH} characters`);
};
const STAMP = objectOf({ version: VERSION, hash: HASH });

/** A broker of another release may say more in its Hello than this one knows of. */
const HELLO: Shape = (value, path) => {
  if (isRecord(value) && value['protocol'] !== PROTOCOL_VERSION) {
    return wrong(
      [...path, 'protocol'],
      `is not ${PROTOCOL_VERSION}, which is what this end speaks`,
    );
  }
  return objectOf({ pod: textUpTo(POD_NAME_LENGTH_MAX) }, { runs: STAMP, whole: FLAG })(
    value,
    path,
  );
};

const COUNT = numberUpTo(Number.MAX_SAFE_INTEGER);
const STANDING = objectOf(
  {
    // Of a Kubernetes object, as a pod's.
    name: textUpTo(POD_NAME_LENGTH_MAX),
    matched: COUNT,
    delivered: COUNT,
    failed: COUNT,
    deadLettered: COUNT,
    dropped: COUNT,
    pending: COUNT,
  },
  {
    fault: objectOf({
      reason: oneOf(['DestinationUnreachable', 'DestinationRefused']),
      message: textUpTo(REASON_LENGTH_MAX),
      sinceMs: numberUpTo(TIME_MS_MAX),
    }),
  },
);

const BROKER_MESSAGE = variantOf('type', {
  Hello: HELLO,
  Acknowledge: objectOf({ stamp: STAMP }),
  Refuse: objectOf({ version: VERSION, message: textUpTo(REASON_LENGTH_MAX) }),
  Deliveries: objectOf({ standings: listOf(STANDING) }),
  Pong: objectOf({}),
});

const OPERATOR_MESSAGE = variantOf('type', {
  NotLeader: objectOf({}),
  TryLater: objectOf({ reason: textUpTo(REASON_LENGTH_MAX) }),
  Current: objectOf({ stamp: STAMP }),
  UpdateBegin: objectOf({ stamp: STAMP }, { base: STAMP }),
  UpdatePart: objectOf({ changes: listOf(CHANGE) }),
  UpdateEnd: objectOf({}),
  Ping: objectOf({}),
});

const UTF8 = new TextDecoder('utf-8', { fatal: true });

function decode(shape: Shape, line: Uint8Array): Result<unknown, string> {
  let value: unknown;
  try {
    value = JSON.parse(UTF8.decode(line));
  } catch {
    // What the parser says repeats the text.
    return failure('a line is not JSON in UTF-8');
  }
  const [violation] = shape(value, []);
  if (violation === undefined) return success(value);
  const what = `${printFieldPath(violation.field)} ${violation.message}`;
  return failure(`a message is malformed: ${what}`.slice(0, REASON_LENGTH_MAX));
}

export const decodeBrokerMessage: Decode<BrokerMessage> = (line) => {
  return decode(BROKER_MESSAGE, line) as Result<BrokerMessage, string>;
};

export const decodeOperatorMessage: Decode<OperatorMessage> = (line) => {
  return decode(OPERATOR_MESSAGE, line) as Result<OperatorMessage, string>;
};
