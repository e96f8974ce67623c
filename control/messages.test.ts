import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  ADVANCED_FILTERS_MAX,
  EVENT_TYPE_LENGTH_MAX,
  EVENT_TYPES_MAX,
  FILTER_KEY_LENGTH_MAX,
  FILTER_STRING_LENGTH_MAX,
  FILTER_VALUES_MAX,
  SUBJECT_PART_LENGTH_MAX,
} from '../domain/event-filter/bounds.ts';
import { EVENT_SUBSCRIPTIONS_MAX, limitsOf } from '../domain/limits.ts';
import type { Destination, ResourceOf } from '../domain/resources.ts';
import { changesBetween, type SnapshotChange } from '../domain/snapshot-changes.ts';
import type { Snapshot, SnapshotEventSubscription } from '../domain/snapshot.ts';
import { validateEventSubscription } from '../domain/validate/event-subscription.ts';
import { decodeOperatorMessage } from './decode.ts';
import {
  OPERATOR_LINE_BYTES_MAX,
  PART_BYTES,
  UPDATE_CHANGES_MAX,
  updateMessages,
} from './messages.ts';

/** Six bytes in JSON. */
const CONTROL = '\u0001';
const HOST = 'h'.repeat(253);
const NAME = 'n'.repeat(253);

const KAFKA: Destination = {
  kafka: {
    brokers: Array.from({ length: 100 }, () => `${HOST}:65535`),
    topic: 't'.repeat(249),
    tls: { caSecretName: NAME },
    saslSecretName: NAME,
  },
};

const KEY = `data.${CONTROL.repeat(FILTER_KEY_LENGTH_MAX - 'data.'.length)}`;

function largest(): SnapshotEventSubscription {
  const values = Array.from({ length: FILTER_VALUES_MAX }, () => {
    return CONTROL.repeat(FILTER_STRING_LENGTH_MAX);
  });
  const others = Array.from({ length: ADVANCED_FILTERS_MAX - 1 }, () => {
    return { operatorType: 'IsNullOrUndefined' as const, key: KEY };
  });
  const resource: ResourceOf<'EventSubscription'> = {
    kind: 'EventSubscription',
    metadata: { name: NAME, namespace: 'plant', creationTimestamp: '2026-01-01T00:00:00Z' },
    spec: {
      topicRef: { name: NAME },
      filter: {
        subjectBeginsWith: CONTROL.repeat(SUBJECT_PART_LENGTH_MAX),
        subjectEndsWith: CONTROL.repeat(SUBJECT_PART_LENGTH_MAX),
        isSubjectCaseSensitive: true,
        includedEventTypes: Array.from({ length: EVENT_TYPES_MAX }, () => {
          return CONTROL.repeat(EVENT_TYPE_LENGTH_MAX);
        }),
        advancedFilters: [{ operatorType: 'StringNotBeginsWith', key: KEY, values }, ...others],
      },
      destination: KAFKA,
      deadLetter: KAFKA,
    },
  };
  const validated = validateEventSubscription(resource);
  assert.ok(validated.ok, JSON.stringify(validated));
  return validated.value.subscription;
}

const stamp = { version: { epoch: 2 ** 31 - 1, counter: 2 ** 53 - 1 }, hash: 'h'.repeat(43) };

test('the largest EventSubscription there may be fits a line behind a part that is full', () => {
  const value = largest();
  const filler = (name: string): SnapshotChange => {
    return { change: 'Remove', list: 'clients', name };
  };
  const around = Buffer.byteLength(JSON.stringify(filler('')));
  const full = filler('c'.repeat(PART_BYTES - 1 - around));
  const changes = [full, { change: 'Set', list: 'eventSubscriptions', value } as const];
  const [, part, end] = [...updateMessages(undefined, stamp, changes)];
  assert.deepEqual(end, { type: 'UpdateEnd' }, 'both are in one part');
  const line = Buffer.from(JSON.stringify(part));
  assert.ok(line.length > PART_BYTES + 350 * 1024, `${line.length}: is it the largest?`);
  assert.ok(line.length < OPERATOR_LINE_BYTES_MAX, String(line.length));
  const alone = Buffer.from(JSON.stringify({ type: 'UpdatePart', changes: [changes[1]] }));
  const decoded = decodeOperatorMessage(alone);
  assert.ok(decoded.ok);
  assert.deepEqual(Buffer.from(JSON.stringify(decoded.value)), alone);
});

test('all EventSubscriptions that there may be are exchanged in one update', () => {
  const snapshotOf = (prefix: string): Snapshot => ({
    name: 'grid',
    limits: limitsOf(),
    route: { eventTopic: prefix, outboxOverflow: 'DropOldest' },
    caCertificates: [],
    clients: [],
    clientGroups: [],
    topicSpaces: [],
    permissionBindings: [],
    eventSubscriptions: Array.from({ length: EVENT_SUBSCRIPTIONS_MAX }, (_, index) => ({
      name: `${prefix}-${index + 100}`,
      filter: {},
      destination: KAFKA,
      maxDeliveryAttempts: 1,
      eventTimeToLiveMs: 1,
    })),
  });
  const changes = changesBetween(snapshotOf('a'), snapshotOf('b'));
  assert.equal(changes.length, 2 * EVENT_SUBSCRIPTIONS_MAX + 1);
  // What the bound leaves for the kinds that were there before there was routing.
  assert.ok(UPDATE_CHANGES_MAX - changes.length >= 20_000, String(UPDATE_CHANGES_MAX));
});
