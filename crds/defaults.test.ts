import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { KINDS } from '../domain/resources.ts';
import { COMPLETE_SPECS } from '../test/support/complete-specs.ts';
import { withDefaults } from './schemas.ts';

suite('defaults are filled in', () => {
  test('where a field is absent, and not where its object is', () => {
    assert.deepEqual(withDefaults('MqttNamespace', {}), {
      replicas: 1,
      profile: 'EventGridPreview',
    });
    assert.deepEqual(withDefaults('MqttNamespace', { storage: {} }).storage, { retain: false });
    assert.equal(withDefaults('Client', {}).state, 'Enabled');
    assert.deepEqual(withDefaults('EventTopic', {}), {
      inputSchema: 'CloudEventSchemaV1_0',
      outboxOverflow: 'DropOldest',
    });
    const subscription = { filter: {}, retryPolicy: {}, destination: { webhook: { url: 'x' } } };
    assert.deepEqual(withDefaults('EventSubscription', subscription), {
      filter: { isSubjectCaseSensitive: false },
      retryPolicy: { maxDeliveryAttempts: 30, eventTimeToLiveInMinutes: 1440 },
      destination: {
        webhook: {
          url: 'x',
          abuseProtection: 'Disabled',
          maxEventsPerBatch: 1,
          preferredBatchSizeInKilobytes: 64,
        },
      },
    });
  });

  for (const kind of KINDS) {
    test(`and nothing is changed that a ${kind} states`, () => {
      const spec = structuredClone(COMPLETE_SPECS[kind]);
      assert.deepEqual(withDefaults(kind, spec), COMPLETE_SPECS[kind]);
      assert.deepEqual(spec, COMPLETE_SPECS[kind]);
    });
  }

  test('on a copy', () => {
    const spec = Object.freeze({ storage: Object.freeze({}) });
    assert.notEqual(withDefaults('MqttNamespace', spec), spec);
    assert.deepEqual(spec, { storage: {} });
  });

  test('and what is left open is left alone', () => {
    const attributes = JSON.parse('{"__proto__": 1, "constructor": ["a"]}') as object;
    const filled = withDefaults('Client', { ...COMPLETE_SPECS.Client, attributes });
    assert.deepEqual(Object.keys(filled.attributes ?? {}), ['__proto__', 'constructor']);
  });
});
