import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { GivenProperties } from '../../../test/support/routed-messages.ts';
import { routedMessage } from '../../../test/support/routed-messages.ts';
import { envelope } from './envelope.ts';
import { NESTING_MAX } from './json-text.ts';

const CONTEXT = { source: 'testnamespace', storeId: 0x9aeb0fdf };
const TOPIC = 'campus/buildings/building17';
/** What every event has that the service makes. */
const OWN = {
  specversion: '1.0',
  id: '016e7f13-9282-89ae-ac3f-7c0000000001',
  time: '2019-11-18T15:13:39.458Z',
  type: 'MQTT.EventPublished',
  source: 'testnamespace',
  subject: TOPIC,
  mqtttopic: TOPIC,
};
const TELEMETRY = '{"Temp": "70", "humidity": "40"}';
const REQUEST: GivenProperties = {
  messageExpirySeconds: 600,
  responseTopic: 'topic/response',
  correlationData: Buffer.from('request1'),
};
const OF_REQUEST = {
  mqttresponsetopic: 'topic/response',
  mqttcorrelationdata: 'cmVxdWVzdDE=',
  mqttmessageexpiry: '2019-11-18T15:23:39.458Z',
};

function eventOf(payload: string | Uint8Array, properties?: GivenProperties): unknown {
  return JSON.parse(jsonOf(payload, properties));
}

function jsonOf(payload: string | Uint8Array, properties?: GivenProperties): string {
  return envelope(routedMessage(payload, properties), CONTEXT).json().toString();
}

function base64(payload: string | Uint8Array): { data_base64: string } {
  return { data_base64: Buffer.from(payload as string).toString('base64') };
}

suite("the specification's samples", () => {
  test('MQTT 3.1.1: the payload is binary, whatever it looks like', () => {
    assert.deepEqual(eventOf(TELEMETRY), { ...OWN, ...base64(TELEMETRY) });
  });

  test('MQTT 5 with payload format 0: likewise, and with what MQTT says of the message', () => {
    const properties = { payloadFormat: 0, contentType: 'application/octet-stream', ...REQUEST };
    assert.deepEqual(eventOf(TELEMETRY, properties as GivenProperties), {
      ...OWN,
      ...OF_REQUEST,
      datacontenttype: 'application/octet-stream',
      ...base64(TELEMETRY),
    });
  });

  test('MQTT 5 with JSON: the payload is there to be filtered on', () => {
    const event = eventOf(TELEMETRY, {
      contentType: 'application/json; charset=utf-8',
      ...REQUEST,
    });
    assert.deepEqual(event, {
      ...OWN,
      ...OF_REQUEST,
      datacontenttype: 'application/json; charset=utf-8',
      data: { Temp: '70', humidity: '40' },
    });
  });

  test('MQTT 5 with an event: it stays what it is, and is enriched', () => {
    const attributes = {
      specversion: '1.0',
      id: '9aeb0fdf-c01e-0131-0922-9eb54906e20',
      time: '2019-11-18T15:13:39.4589254Z',
      type: 'Custom.Type',
      source: 'Custom.Source',
      subject: ' Custom.Subject',
    };
    const expected = {
      ...attributes,
      mqtttopic: TOPIC,
      ...OF_REQUEST,
      datacontenttype: 'application/json',
      data: { Temp: '70', humidity: '40' },
    };
    const userProperties = Object.entries(attributes);
    const binary = { contentType: 'application/json', userProperties, ...REQUEST };
    assert.deepEqual(eventOf(TELEMETRY, binary), expected);
    const data = JSON.parse(TELEMETRY) as unknown;
    const structured = { ...attributes, datacontenttype: 'application/json', data };
    const contentType = 'application/cloudevents+json; charset=utf-8';
    assert.deepEqual(eventOf(JSON.stringify(structured), { contentType, ...REQUEST }), expected);
  });

  test('MQTT 5 with user properties: those that comply are attributes, the others are one', () => {
    const event = eventOf(TELEMETRY, {
      contentType: 'application/json',
      userProperties: [
        ['Bldg-Region', 'Redmond'],
        ['priority', '2'],
        ['type', 'room '],
      ],
      ...REQUEST,
    });
    assert.deepEqual(event, {
      ...OWN,
      ...OF_REQUEST,
      datacontenttype: 'application/json',
      priority: '2',
      mqttuserproperties: '{"Bldg-Region":"Redmond","type":"room "}',
      data: { Temp: '70', humidity: '40' },
    });
  });
});

suite('whether the payload is binary, JSON or text', () => {
  const notUtf8 = Buffer.from('7b22ff227d', 'hex');
  const deep = '['.repeat(NESTING_MAX) + ']'.repeat(NESTING_MAX);
  const hostile = '['.repeat(524288);
  const bom = '\u{feff}{"a":1}';
  const json = 'application/json';
  const batch = 'application/cloudevents-batch+json';
  const cases: readonly [string, string | Uint8Array, GivenProperties, object][] = [
    ['format 1 with JSON', '{"a":1}', { payloadFormat: 1 }, { data: { a: 1 } }],
    ['format 1 with a JSON scalar', 'null', { payloadFormat: 1 }, { data: null }],
    ['format 1 with text', 'it is 5', { payloadFormat: 1 }, { data: 'it is 5' }],
    ['format 1 with an empty text', '', { payloadFormat: 1 }, { data: '' }],
    ['format 1 that is no UTF-8', notUtf8, { payloadFormat: 1 }, base64(notUtf8)],
    ['format 1 of another type', '[1]', { payloadFormat: 1, contentType: 'text/a' }, { data: [1] }],
    ['format 0 of a JSON type', '[1]', { payloadFormat: 0, contentType: json }, { data: [1] }],
    ['format 0 of a text type', '[1]', { contentType: 'text/plain' }, base64('[1]')],
    ['an empty payload', '', {}, base64('')],
    ['a type that is like JSON', '[1]', { contentType: 'a/b+JSON ; x="\\";"' }, { data: [1] }],
    ['a type that is only named so', '[1]', { contentType: 'application/jsonl' }, base64('[1]')],
    ['ASCII', '[1]', { contentType: 'text/json;Charset="US-ASCII"' }, { data: [1] }],
    ['another charset', '[1]', { contentType: `${json};charset=utf-16` }, base64('[1]')],
    [
      'another charset, and format 1, which is UTF-8',
      ...(['[1]', { contentType: `${json};charset=utf-16`, payloadFormat: 1 }] as const),
      { data: [1] },
    ],
    ['what only says that it is JSON', '{"a":', { contentType: json }, { data: '{"a":' }],
    ['the same in no UTF-8', notUtf8, { contentType: json }, base64(notUtf8)],
    ['JSON with a byte order mark', bom, { contentType: json }, { data: { a: 1 } }],
    ['JSON as deep as may be', deep, { contentType: json }, { data: JSON.parse(deep) as unknown }],
    ['JSON that is deeper', `[${deep}]`, { contentType: json }, { data: `[${deep}]` }],
    ['deep hostility', hostile, { contentType: json }, { data: hostile }],
    ['a batch of events', '[{"id":"1"}]', { contentType: batch }, { data: [{ id: '1' }] }],
  ];
  for (const [title, payload, properties, data] of cases) {
    test(title, () => {
      const datacontenttype = properties.contentType;
      const expected = { ...OWN, ...(datacontenttype && { datacontenttype }), ...data };
      assert.deepEqual(eventOf(payload, properties), expected);
      const value = 'data' in data ? data.data : undefined;
      const event = envelope(routedMessage(payload, properties), CONTEXT);
      assert.deepEqual(event.data(), value, 'what filters see');
      event.json();
      assert.deepEqual(event.data(), value, 'and see again');
    });
  }
});

test('JSON is passed on as it was written, on one line', () => {
  const payload = '{ "z":12345678901234567890.10,\r\n\t"a" : "\\n\u2028",\n"a":1E400, "1":-0 }';
  const json = jsonOf(payload, { payloadFormat: 1 });
  assert.ok(json.endsWith(`"data":${payload.replaceAll(/[\r\n]/g, ' ')}}`), json);
  assert.doesNotMatch(json, /[\r\n]/);
});

suite('what MQTT says of the message', () => {
  const hours = 3600;
  const cases: readonly [string, GivenProperties, object][] = [
    ['an expiry at once', { messageExpirySeconds: 0 }, { mqttmessageexpiry: OWN.time }],
    [
      'the longest expiry, which MQTT does not take for endless',
      { messageExpirySeconds: 2 ** 32 - 1 },
      { mqttmessageexpiry: '2155-12-25T21:41:54.458Z' },
    ],
    [
      'an expiry beyond midnight',
      { messageExpirySeconds: 9 * hours },
      { mqttmessageexpiry: '2019-11-19T00:13:39.458Z' },
    ],
    [
      'correlation data that is no text',
      { correlationData: Buffer.from('00ff10', 'hex') },
      { mqttcorrelationdata: 'AP8Q' },
    ],
    ['no correlation data', { correlationData: Buffer.alloc(0) }, { mqttcorrelationdata: '' }],
    ['a content type that is none', { contentType: 'json' }, { mqttcontenttype: 'json' }],
    ['an empty content type', { contentType: '' }, {}],
  ];
  for (const [title, properties, attributes] of cases) {
    test(title, () => {
      assert.deepEqual(eventOf('x', properties), { ...OWN, ...attributes, ...base64('x') });
    });
  }
});

suite('which user properties become attributes', () => {
  const taken =
    'specversion id time type source subject datacontenttype dataschema data data_base64 ' +
    'dataref traceparent tracestate partitionkey value sequence sequencetype ' +
    'mqtt mqtttopic mqttuserproperties mqttanything schemaurl datacontentencoding';
  const malformed = ['', 'Priority', 'bldg-region', 'a_b', 'a.b', 'ä', 'ａ', 'a b', '__proto__'];
  for (const name of [...taken.split(' '), ...malformed]) {
    test(`${JSON.stringify(name)} does not`, () => {
      const mqttuserproperties = `{${JSON.stringify(name)}:"x"}`;
      const event = eventOf('', { userProperties: [[name, 'x']] });
      assert.deepEqual(event, { ...OWN, mqttuserproperties, ...base64('') });
    });
  }

  for (const name of ['a', '1', 'priority', 'valuea', 'amqtt', 'a'.repeat(100), 'constructor']) {
    test(`${name.slice(0, 20)} does`, () => {
      const event = eventOf('', { userProperties: [[name, 'x']] });
      assert.deepEqual(event, { ...OWN, [name]: 'x', ...base64('') });
    });
  }

  test('of those of one name none does; they stay together, in their order', () => {
    const userProperties = [
      ['2', 'b'],
      ['x', '"1"'],
      ['y', ''],
      ['1', 'a'],
      ['x', ''],
      ['x', '"1"'],
      ['1', 'a'],
    ] as const;
    const mqttuserproperties = '{"x":["\\"1\\"","","\\"1\\""],"1":["a","a"]}';
    const event = eventOf('', { userProperties });
    assert.deepEqual(event, { ...OWN, 2: 'b', y: '', mqttuserproperties, ...base64('') });
  });
});

suite('the id', () => {
  const idOf = (number: number, receivedAtMs: number, storeId: number): string =>
    envelope(routedMessage('', {}, { number, receivedAtMs }), { source: 's', storeId }).id;

  test('is a UUID of version 8, and the same each time', () => {
    const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
    for (const number of [0, 1, 2 ** 42 - 1, 2 ** 53 - 1]) {
      for (const storeId of [0, 1, 2 ** 32 - 1, 2 ** 52]) {
        assert.match(idOf(number, Date.now(), storeId), UUID);
      }
    }
    assert.equal(idOf(7, 1, 2), idOf(7, 1, 2));
  });

  test('is another one for another number, time or store', () => {
    const numbers = [0, 1, 2, 2 ** 31, 2 ** 32, 2 ** 32 + 1, 2 ** 42 - 1];
    const stores = [0, 1, 0x3f, 0x40, 0xfffff, 0x100000, 2 ** 32 - 1];
    const times = [0, 1, 2 ** 16, 1574090019458, 1574090019459];
    const ids = numbers.flatMap((number) =>
      stores.flatMap((store) => times.map((time) => idOf(number, time, store))),
    );
    assert.equal(new Set(ids).size, ids.length);
  });

  test('sorts by time', () => {
    assert.ok(idOf(9, 1574090019458, 9) < idOf(1, 1574090019459, 1));
  });
});

test('attributes are asked for by name', () => {
  const event = envelope(routedMessage('x', { userProperties: [['priority', '2']] }), CONTEXT);
  assert.equal(event.attribute('priority'), '2');
  assert.equal(event.attribute('mqtttopic'), TOPIC);
  assert.equal(event.attribute('data_base64'), undefined);
  assert.equal(event.attribute('constructor'), undefined);
  assert.deepEqual([event.subject, event.topic, event.type], [TOPIC, TOPIC, OWN.type]);
});
