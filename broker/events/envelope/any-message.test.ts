import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CloudEvent as ValidatedEvent } from 'cloudevents';
import fc from 'fast-check';
import { encodeMessageProperties, routedMessage } from '../../../test/support/routed-messages.ts';
import type { RoutedMessage } from '../routed-message.ts';
import { envelope } from './envelope.ts';
import { membersOf } from './json-text.ts';

const CONTEXT = { source: 'testnamespace', storeId: 1 };

/** As MQTT texts may be: no control characters and noncharacters. */
const text = fc
  .string({ unit: 'grapheme', maxLength: 12 })
  .filter((value) => value.isWellFormed() && !/[\p{Cc}\p{Noncharacter_Code_Point}]/u.test(value));
const contentType = fc.oneof(
  text,
  fc.constantFrom(
    ...['application/json', 'application/json; charset=latin1', 'text/plain', 'a/b+json;x="y"'],
    ...['application/cloudevents+json', 'application/cloudevents-batch+json'],
  ),
);
const name = fc.oneof(
  text,
  fc.constantFrom(
    ...['specversion', 'id', 'source', 'type', 'subject', 'time', 'datacontenttype', 'dataschema'],
    ...['data', 'data_base64', 'mqtttopic', 'mqttuserproperties', 'schemaurl', 'sequence'],
  ),
);
const value = fc.oneof(
  text,
  fc.webUrl({ withFragments: true, withQueryParameters: true }),
  fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
  fc.stringMatching(/^[a-z0-9:\/?#\[\]@%.!-]{1,12}$/),
  fc.constantFrom(
    '1.0',
    '0.3',
    '2019-02-29t01:02:60z',
    '//[::1]:80',
    '//[::g]',
    'a:b',
    '//a@b@c',
    '%2f',
    '?',
  ),
);
const members = fc.array(fc.tuple(name, fc.oneof(value, fc.jsonValue({ maxDepth: 2 }))), {
  maxLength: 8,
});
const required = { specversion: '1.0', id: '1', source: '/s', type: 't' };
const event = members.map((more) => JSON.stringify(Object.fromEntries(more)));

const anyBytes = fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes));
const anyProperties = fc.oneof(
  anyBytes,
  fc
    .record(
      {
        payloadFormat: fc.constantFrom(0 as const, 1 as const),
        messageExpirySeconds: fc.nat(2 ** 32 - 1),
        contentType,
        responseTopic: text,
        correlationData: anyBytes,
        userProperties: fc.array(fc.tuple(name, value), { maxLength: 8 }),
      },
      { requiredKeys: [] },
    )
    .map(encodeMessageProperties),
);
const anyNumber = fc.oneof(
  fc.nat(2 ** 48),
  fc.constantFrom(NaN, Infinity, -1, 0.5, 8.64e15, 2e300),
);
const anyMessage: fc.Arbitrary<RoutedMessage> = fc.record({
  number: anyNumber,
  qos: fc.constantFrom(0 as const, 1 as const),
  topic: text.filter((topic) => topic !== ''),
  payload: fc.oneof(
    anyBytes,
    fc.oneof(fc.json(), event, text).map((json) => Buffer.from(json)),
  ),
  properties: anyProperties,
  receivedAtMs: anyNumber,
});

/** Events as clients make them, but for one or two attributes of any value. */
const few = fc.array(fc.tuple(name, value), { minLength: 1, maxLength: 2 });
const clientEvent = fc.oneof(
  few.map((more) => {
    const payload = JSON.stringify({ ...required, ...Object.fromEntries(more) });
    return routedMessage(payload, { contentType: 'application/cloudevents+json' });
  }),
  few.map((more) => {
    const userProperties = Object.entries({ ...required, ...Object.fromEntries(more) });
    return routedMessage('', { userProperties });
  }),
);

test('every message makes an event of one line that the SDK of CloudEvents finds valid', () => {
  fc.assert(
    fc.property(fc.oneof(anyMessage, clientEvent), (message) => {
      const made = envelope(message, CONTEXT);
      made.data();
      const json = made.json();
      assert.ok(!json.includes('\n') && !json.includes('\r'));
      const parsed = JSON.parse(json.toString()) as ConstructorParameters<typeof ValidatedEvent>[0];
      const validated = new ValidatedEvent(parsed, true);
      assert.equal(validated.id, made.id);
      assert.equal(parsed['mqtttopic'], message.topic);
    }),
    { numRuns: 1000 },
  );
});

test('nothing is lost: the payload is in the event', () => {
  fc.assert(
    fc.property(anyMessage, (message) => {
      const made = envelope(message, CONTEXT);
      if (made.type !== 'MQTT.EventPublished') return;
      const { data, data_base64 } = JSON.parse(made.json().toString()) as Record<string, unknown>;
      const written = message.payload.toString().replace(/^\u{feff}/u, '');
      if (typeof data_base64 === 'string') {
        assert.deepEqual(Buffer.from(data_base64, 'base64'), message.payload);
      } else if (data !== written) {
        assert.deepEqual(data, JSON.parse(written));
      }
    }),
    { numRuns: 1000 },
  );
});

test('the members of an object are where a parser finds them', () => {
  const anyObject = fc.dictionary(fc.string(), fc.jsonValue(), { noNullPrototype: true });
  fc.assert(
    fc.property(anyObject, fc.constantFrom('', ' ', '\n\t'), (object, indent) => {
      const found = membersOf(Buffer.from(`${indent}${JSON.stringify(object, null, indent)}`));
      const entries = Array.from(found!, ([key, json]): [string, unknown] => [
        key,
        JSON.parse(json.toString()),
      ]);
      assert.deepEqual(Object.fromEntries(entries), JSON.parse(JSON.stringify(object)));
      for (const json of found!.values()) assert.equal(json.toString(), json.toString().trim());
    }),
  );
});
