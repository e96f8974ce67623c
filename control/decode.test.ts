import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { limitsOf } from '../domain/limits.ts';
import { changesBetween } from '../domain/snapshot-changes.ts';
import { anySnapshot, copyOf } from '../test/support/any-snapshot.ts';
import { decodeBrokerMessage, decodeOperatorMessage } from './decode.ts';
import { PART_BYTES, updateMessages } from './messages.ts';

const stamp = { version: { epoch: 1, counter: 2 }, hash: 'h'.repeat(43) };

function lineOf(value: unknown): Uint8Array {
  return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
}

test('every message of an update is taken as it was sent', () => {
  fc.assert(
    fc.property(anySnapshot, anySnapshot, (before, after) => {
      const messages = [...updateMessages(undefined, stamp, changesBetween(before, after))];
      assert.deepEqual(messages[0], { type: 'UpdateBegin', stamp });
      assert.deepEqual(messages.at(-1), { type: 'UpdateEnd' });
      for (const message of messages) {
        const decoded = decodeOperatorMessage(lineOf(message));
        assert.deepEqual(decoded, { ok: true, value: copyOf(message) });
      }
    }),
  );
});

test('parts are cut where they are full, and lose and repeat nothing', () => {
  const changes = Array.from({ length: 5000 }, (_, index) => {
    return { change: 'Remove', list: 'clients', name: `client-${index}` } as const;
  });
  const parts = [...updateMessages(stamp, stamp, changes)].slice(1, -1);
  assert.ok(parts.length > 2);
  const sizes = parts.map((part) => JSON.stringify(part).length);
  for (const size of sizes) assert.ok(size < PART_BYTES + 16 * 1024, String(size));
  const carried = parts.flatMap((part) => (part.type === 'UpdatePart' ? part.changes : []));
  assert.deepEqual(carried, changes);
});

const set = { change: 'Set', list: 'clients' };
const client = {
  name: 'a',
  state: 'Enabled',
  credential: { type: 'CertificateSubject', subject: { commonName: 'a' } },
  attributes: {},
};
const events = { change: 'Set', list: 'eventSubscriptions' };
const event = {
  name: 'a',
  filter: {},
  destination: { file: { path: '/a' } },
  maxDeliveryAttempts: 1,
  eventTimeToLiveMs: 1,
};
const hot = { operatorType: 'NumberGreaterThan', key: 'data.Temp', value: 100 };
const namespace = { change: 'SetNamespace', name: 'a', limits: limitsOf() };
const counts = { matched: 0, delivered: 0, failed: 0, deadLettered: 0, dropped: 0, pending: 0 };
const fault = { reason: 'DestinationRefused', message: 'm', sinceMs: 1 };
const deliveries = (change: object): unknown => {
  return { type: 'Deliveries', standings: [{ name: 'a', ...counts, ...change }] };
};
const part = (change: unknown): unknown => ({ type: 'UpdatePart', changes: [change] });
const delivered = (change: object): unknown => part({ ...events, value: { ...event, ...change } });
const filtered = (advancedFilters: unknown): unknown => delivered({ filter: { advancedFilters } });

suite('what is not as it must be is refused, and said which part of it', () => {
  const fromOperator: readonly (readonly [unknown, RegExp])[] = [
    ['', /not JSON/],
    ['{', /not JSON/],
    ['[1]', /type is none of NotLeader,/],
    ['null', /type is none of/],
    ['"Ping"', /type is none of/],
    [{ type: 'constructor' }, /type is none of/],
    [{ type: 'Hello', protocol: 1, pod: 'a' }, /type is none of/],
    [{ type: 'Current' }, /stamp is missing/],
    [{ type: 'Current', stamp: { ...stamp, hash: 'h' } }, /stamp\.hash is not a text of 43/],
    [
      { type: 'Current', stamp: { ...stamp, version: { epoch: -1, counter: 0 } } },
      /stamp\.version\.epoch is not an integer from 0/,
    ],
    [
      { type: 'Current', stamp: { ...stamp, version: { epoch: 1, counter: 2 ** 53 } } },
      /stamp\.version\.counter is not an integer/,
    ],
    [
      { type: 'Current', stamp: { ...stamp, version: { epoch: 2 ** 31, counter: 0 } } },
      /epoch is not an integer from 0 to 2147483647/,
    ],
    [{ type: 'UpdateBegin', stamp, base: null }, /base is null/],
    [{ type: 'UpdatePart', changes: {} }, /changes is an object/],
    [part({ change: 'Add' }), /changes\[0\]\.change is none of/],
    [part({ ...set, list: 'pods', value: client }), /changes\[0\]\.list is none of/],
    [part(set), /changes\[0\]\.value is missing/],
    [part({ ...set, value: { ...client, name: 1 } }), /value\.name is the number 1/],
    [part({ ...set, value: { ...client, state: 'On' } }), /value\.state is "On"/],
    [part({ ...set, value: { ...client, credential: {} } }), /value\.credential\.type is none/],
    [part({ ...set, value: { ...client, attributes: [] } }), /value\.attributes is not an object/],
    [part({ ...set, value: { ...client, attributes: { a: 0.5 } } }), /attributes\.a is the number/],
    [part({ ...set, value: { ...client, attributes: { a: [1] } } }), /attributes\.a\[0\] is the/],
    [part({ ...events, value: {} }), /value\.name is missing/],
    [part({ ...events, value: { ...event, destination: { file: {} } } }), /file\.path is missing/],
    [filtered([{}]), /filter\.advancedFilters\[0\]\.operatorType is missing/],
    [filtered([{ ...hot, operatorType: 'NumberHot' }]), /operatorType is "NumberHot", which/],
    [filtered([{ ...hot, operatorType: 'constructor' }]), /operatorType is "constructor", which/],
    [filtered([{ ...hot, key: 'data..a' }]), /advancedFilters\[0\]\.key "data\.\.a" has an empty/],
    [filtered([{ ...hot, value: '100' }]), /advancedFilters\[0\]\.value is a string, but must be/],
    [filtered([{ ...hot, operatorType: 'StringIn', values: 'a' }]), /\.value is stated, but/],
    [filtered([null]), /filter\.advancedFilters\[0\] is null/],
    [delivered({ destination: {} }), /value\.destination names no destination/],
    [delivered({ destination: { webhook: { url: 'x' } } }), /webhook\.url is not an http or https/],
    [delivered({ deadLetter: { file: { path: '/a/../b' } } }), /deadLetter\.file\.path holds/],
    [delivered({ maxDeliveryAttempts: 0 }), /maxDeliveryAttempts is the number 0/],
    [delivered({ eventTimeToLiveMs: 86_400_001 }), /eventTimeToLiveMs is the number 86400001/],
    [
      part({ ...namespace, route: { eventTopic: 'a', outboxOverflow: 'Drop' } }),
      /route\.outboxOverflow is "Drop"/,
    ],
    [part({ change: 'SetNamespace', name: 'a', limits: {} }), /limits\.messageBytes is missing/],
    [part({ change: 'Remove', list: '__proto__', name: 'a' }), /changes\[0\]\.list is "__proto__"/],
  ];
  for (const [value, fault] of fromOperator) {
    test(`from an operator: ${JSON.stringify(value)}`, () => {
      const decoded = decodeOperatorMessage(lineOf(value));
      assert.ok(!decoded.ok);
      assert.match(decoded.fault, fault);
    });
  }

  const fromBroker: readonly (readonly [unknown, RegExp])[] = [
    [{ type: 'Ping' }, /type is none of Hello/],
    [{ type: 'Hello', protocol: 2, pod: 'a' }, /protocol is not 1, which is what this end speaks/],
    [{ type: 'Hello', protocol: 1 }, /pod is missing/],
    [{ type: 'Hello', protocol: 1, pod: 'p'.repeat(254) }, /pod is not a text of up to 253/],
    [{ type: 'Hello', protocol: 1, pod: 'a', whole: 1 }, /whole is neither/],
    [{ type: 'Deliveries' }, /standings is missing/],
    [deliveries({ matched: -1 }), /standings\[0\]\.matched is not an integer from 0/],
    [deliveries({ name: 'n'.repeat(254) }), /name is not a text of up to 253/],
    [deliveries({ fault: { ...fault, reason: 'Pending' } }), /fault\.reason is "Pending"/],
    [deliveries({ fault: { ...fault, message: 'm'.repeat(1025) } }), /message is not a text/],
    [deliveries({ fault: { ...fault, sinceMs: 8.64e15 + 1 } }), /sinceMs is not an integer/],
    [{ type: 'Acknowledge', stamp: 1 }, /stamp is the number 1/],
    [
      { type: 'Refuse', version: stamp.version, message: 'm'.repeat(1025) },
      /message is not a text of up to 1024/,
    ],
  ];
  for (const [value, fault] of fromBroker) {
    test(`from a broker: ${JSON.stringify(value).slice(0, 100)}`, () => {
      const decoded = decodeBrokerMessage(lineOf(value));
      assert.ok(!decoded.ok);
      assert.match(decoded.fault, fault);
    });
  }

  test('bytes that are not UTF-8', () => {
    assert.ok(!decodeBrokerMessage(Buffer.from('{"type":"Pong","a":"\xff"}', 'latin1')).ok);
  });
});

test('no bytes and no JSON whatever make it throw', () => {
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array(), fc.json().map(lineOf)), (line) => {
      decodeBrokerMessage(line);
      decodeOperatorMessage(line);
    }),
  );
  const deep = Buffer.from('['.repeat(100_000) + ']'.repeat(100_000));
  assert.ok(!decodeOperatorMessage(deep).ok);
});

test('a fault is short, however long that is which is wrong', () => {
  const value = part({ ...set, value: { ...client, state: 'x'.repeat(100_000) } });
  const decoded = decodeOperatorMessage(lineOf(value));
  assert.ok(!decoded.ok && decoded.fault.length <= 1100);
});
