import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { GivenProperties } from '../../../test/support/routed-messages.ts';
import { routedMessage } from '../../../test/support/routed-messages.ts';
import { envelope } from './envelope.ts';

const CONTEXT = { source: 'testnamespace', storeId: 1 };
const STRUCTURED = 'application/cloudevents+json';
const REQUIRED = { specversion: '1.0', id: 'A1', source: '/machines/1', type: 'com.example.hot' };
const MQTT = { mqtttopic: 'campus/buildings/building17' };

function eventOf(payload: string | Uint8Array, properties: GivenProperties): object {
  const event = envelope(routedMessage(payload, properties), CONTEXT);
  return JSON.parse(event.json().toString()) as object;
}

function structured(members: object, properties: GivenProperties = {}): object {
  return eventOf(JSON.stringify(members), { contentType: STRUCTURED, ...properties });
}

function binary(
  attributes: Readonly<Record<string, string>>,
  payload = '',
  properties: GivenProperties = {},
): object {
  const userProperties = Object.entries(attributes);
  return eventOf(payload, { userProperties, ...properties });
}

/** The service made it of a message that is no event. */
function isOwn(event: object): boolean {
  return 'type' in event && event.type === 'MQTT.EventPublished';
}

suite('a structured event', () => {
  const cases: readonly [string, object][] = [
    ['that has what is required', {}],
    ['with data', { data: { Temp: 101 } }],
    ['with data that is null', { data: null }],
    ['with binary data', { data_base64: 'AP8Q' }],
    ['with binary data of no bytes', { data_base64: '' }],
    ['with attributes of all types', { flag: true, count: -5, text: '', ref: '../a?b#c' }],
    ['with an integer at its bound', { least: -(2 ** 31), most: 2 ** 31 - 1 }],
    ['with the documented extensions', { partitionkey: 'a', traceparent: '00-a', sequence: '1' }],
    ['with a time in another zone', { time: '2018-04-05T03:56:24.123456789+02:00' }],
    ['with a subject that is no topic', { subject: '#/+ ä' }],
    ['with a schema', { dataschema: 'http://user@[::1]:80/a%20b?c#d', data: 1 }],
    ['with a type of its data', { datacontenttype: 'text/xml', data: '<a/>' }],
    ['with a source that is an URN', { source: 'urn:uuid:6e8bc430-9c3a-11d9-9669-0800200c9a66' }],
  ];
  for (const [title, members] of cases) {
    test(`${title} stays as it is, and is enriched`, () => {
      assert.deepEqual(structured({ ...REQUIRED, ...members }), {
        ...REQUIRED,
        ...members,
        ...MQTT,
      });
    });
  }

  test('is read whatever its media type looks like otherwise', () => {
    for (const contentType of [
      'Application/CloudEvents+JSON',
      `${STRUCTURED}; charset=UTF-8`,
      `${STRUCTURED};charset="utf-8";x=y`,
    ]) {
      assert.deepEqual(structured(REQUIRED, { contentType }), { ...REQUIRED, ...MQTT });
    }
  });

  test('has no attributes that are null', () => {
    const members = { subject: null, time: null, foo: null, data_base64: null, data: 1 };
    assert.deepEqual(structured({ ...REQUIRED, ...members }), { ...REQUIRED, ...MQTT, data: 1 });
  });

  test('keeps its data as it was written, on one line', () => {
    const data = '{"b" :1.10,\n"a":12345678901234567890, "\\"data\\":":[ {}, "]}" ] }';
    const head = '\u{feff} {"\\u0069d":"1","data" : ';
    const payload = `${head}${data} ,"source":"/","type":"t",\r\n"specversion":"1.0"}`;
    const event = envelope(routedMessage(payload, { contentType: STRUCTURED }), CONTEXT);
    const json = event.json().toString();
    assert.ok(json.endsWith(`"data":${data.replace('\n', ' ')}}`), json);
    assert.deepEqual(event.data(), JSON.parse(data));
    assert.equal(event.id, '1');
  });

  test('does not say what MQTT says: that comes from the broker', () => {
    const forged = { mqtttopic: 'other', mqttresponsetopic: 'evil', mqttx: 5, schemaurl: 'a' };
    const event = structured({ ...REQUIRED, ...forged }, { userProperties: [['mqttx', '6']] });
    assert.deepEqual(event, {
      ...REQUIRED,
      ...MQTT,
      mqttuserproperties:
        '{"mqtttopic":"other","mqttresponsetopic":"evil","mqttx":[5,"6"],"schemaurl":"a"}',
    });
  });

  test('has its attributes rather than user properties of the same name', () => {
    const userProperties = [
      ['id', 'A1'],
      ['count', '5'],
      ['type', 'other'],
      ['text', 'other'],
      ['more', 'x'],
    ] as const;
    const members = { ...REQUIRED, count: 5, text: 'a' };
    assert.deepEqual(structured(members, { userProperties }), {
      ...members,
      ...MQTT,
      more: 'x',
      mqttuserproperties: '{"type":"other","text":"other"}',
    });
  });

  const { id, source, type, specversion } = REQUIRED;
  const broken: readonly [string, unknown][] = [
    ['lacks its id', { source, type, specversion }],
    ['lacks its source', { id, type, specversion }],
    ['lacks its type', { id, source, specversion }],
    ['lacks its version', { id, source, type }],
    ['has an id of null', { ...REQUIRED, id: null }],
    ['has an empty id', { ...REQUIRED, id: '' }],
    ['has a number for its id', { ...REQUIRED, id: 1 }],
    ['has an empty type', { ...REQUIRED, type: '' }],
    ['has an empty source', { ...REQUIRED, source: '' }],
    ['has a source that is no reference', { ...REQUIRED, source: 'a b' }],
    ['has a source with half an escape', { ...REQUIRED, source: '/a%2' }],
    ['has a source of no known scheme', { ...REQUIRED, source: '1:2' }],
    ['has a source of megabytes', { ...REQUIRED, source: 'a'.repeat(2 ** 25) }],
    ['has a schema without a scheme', { ...REQUIRED, dataschema: '/a' }],
    ['has an empty subject', { ...REQUIRED, subject: '' }],
    ['has a time that is none', { ...REQUIRED, time: 'yesterday' }],
    ['has a time that no calendar has', { ...REQUIRED, time: '2019-02-29T00:00:00Z' }],
    ['has a time without a zone', { ...REQUIRED, time: '2019-02-28T00:00:00' }],
    ['has a type of data that is none', { ...REQUIRED, datacontenttype: 'json' }],
    ['is of version 0.3', { ...REQUIRED, specversion: '0.3' }],
    ['is of version 2.0', { ...REQUIRED, specversion: '2.0' }],
    ['has a version that is a number', { ...REQUIRED, specversion: 1 }],
    ['has two kinds of data', { ...REQUIRED, data: 1, data_base64: 'AA==' }],
    ['has binary data that is not base64', { ...REQUIRED, data_base64: 'AA=' }],
    ['has binary data that is a number', { ...REQUIRED, data_base64: 5 }],
    ['has binary data for the web', { ...REQUIRED, data_base64: '-_8=' }],
    ['has an attribute in capitals', { ...REQUIRED, Foo: 'x' }],
    ['has an attribute with a hyphen', { ...REQUIRED, 'a-b': 'x' }],
    ['has an attribute that is a list', { ...REQUIRED, foo: [1] }],
    ['has an attribute that is an object', { ...REQUIRED, foo: {} }],
    ['has an attribute that is a fraction', { ...REQUIRED, foo: 1.5 }],
    ['has an attribute that is too large', { ...REQUIRED, foo: 2 ** 31 }],
    ['has an attribute with a control character', { ...REQUIRED, foo: 'a\nb' }],
    ['has an attribute with a noncharacter', { ...REQUIRED, foo: '\ufffe' }],
    ['has an attribute with half a character', { ...REQUIRED, foo: '\ud800' }],
    ['is a list', [REQUIRED]],
    ['is null', null],
  ];
  for (const [title, payload] of broken) {
    test(`that ${title} is a message like any other`, () => {
      const event = structured(payload as object);
      assert.ok(isOwn(event));
      assert.deepEqual((event as { data: unknown }).data, JSON.parse(JSON.stringify(payload)));
    });
  }

  const text = JSON.stringify(REQUIRED);
  const unreadable: readonly [string, string | Buffer, object][] = [
    ['that is cut off', text.slice(0, -1), { data: text.slice(0, -1) }],
    ['with an attribute twice', `{"id":"1",${text.slice(1)}`, { data: REQUIRED }],
    [
      'that is no UTF-8',
      Buffer.from(text.replace('A1', 'Aä'), 'latin1'),
      { data_base64: Buffer.from(text.replace('A1', 'Aä'), 'latin1').toString('base64') },
    ],
    ['that is empty', '', { data: '' }],
  ];
  for (const [title, payload, data] of unreadable) {
    test(`${title} is a message like any other`, () => {
      const event = eventOf(payload, { contentType: STRUCTURED });
      assert.ok(isOwn(event));
      assert.deepEqual({ ...event, ...data }, event);
    });
  }

  test('in another encoding than UTF-8 is a message like any other', () => {
    const event = structured(REQUIRED, { contentType: `${STRUCTURED}; charset=utf-16` });
    assert.ok(isOwn(event) && 'data_base64' in event);
  });

  test('is one of MQTT 5: of MQTT 3.1.1 nobody knows what a payload is', () => {
    assert.ok(isOwn(eventOf(text, {})));
  });
});

suite('a binary event', () => {
  test('has the attributes that its user properties name', () => {
    const attributes = { ...REQUIRED, time: '2018-04-05T03:56:24Z', partitionkey: 'a', more: '' };
    assert.deepEqual(binary(attributes), { ...attributes, ...MQTT });
  });

  test('has its payload as data, by its Content Type and Payload Format Indicator', () => {
    const data = '{"Temp":101}';
    assert.deepEqual(binary(REQUIRED, data, { contentType: 'application/json' }), {
      ...REQUIRED,
      ...MQTT,
      datacontenttype: 'application/json',
      data: { Temp: 101 },
    });
    assert.deepEqual(binary(REQUIRED, data, { payloadFormat: 1 }), {
      ...REQUIRED,
      ...MQTT,
      data: { Temp: 101 },
    });
    const data_base64 = Buffer.from(data).toString('base64');
    assert.deepEqual(binary(REQUIRED, data), { ...REQUIRED, ...MQTT, data_base64 });
  });

  test('that names the type of its data among the user properties has that type', () => {
    const attributes = { ...REQUIRED, datacontenttype: 'application/json' };
    assert.deepEqual(binary(attributes, '5'), { ...attributes, ...MQTT, data: 5 });
    const contentType = 'application/json';
    assert.deepEqual(binary(attributes, '5', { contentType }), { ...attributes, ...MQTT, data: 5 });
  });

  test('has the Content Type as the type of its data, whatever else is said', () => {
    const attributes = { ...REQUIRED, datacontenttype: 'text/plain' };
    assert.deepEqual(binary(attributes, '5', { contentType: 'application/json' }), {
      ...REQUIRED,
      ...MQTT,
      datacontenttype: 'application/json',
      mqttuserproperties: '{"datacontenttype":"text/plain"}',
      data: 5,
    });
  });

  test('leaves what can be no attribute to be read elsewhere', () => {
    const others = { Foo: 'a', data: 'b', mqtttopic: 'c', data_base64: 'd' };
    assert.deepEqual(binary({ ...REQUIRED, ...others }), {
      ...REQUIRED,
      ...MQTT,
      mqttuserproperties: JSON.stringify(others),
    });
  });

  test('of a format that is not known is passed on as it is', () => {
    const contentType = 'application/cloudevents+avro';
    assert.deepEqual(binary(REQUIRED, 'x', { contentType }), {
      ...REQUIRED,
      ...MQTT,
      datacontenttype: contentType,
      data_base64: 'eA==',
    });
  });

  const { id, source, type, specversion } = REQUIRED;
  const broken: readonly [string, readonly (readonly [string, string])[]][] = [
    ['lacks its id', Object.entries({ source, type, specversion })],
    ['lacks its source', Object.entries({ id, type, specversion })],
    ['lacks its type', Object.entries({ id, source, specversion })],
    ['lacks its version', Object.entries({ id, source, type })],
    ['has an empty id', Object.entries({ ...REQUIRED, id: '' })],
    ['has an id twice', [...Object.entries(REQUIRED), ['id', id]]],
    ['has a subject twice', [...Object.entries(REQUIRED), ['subject', 'a'], ['subject', 'b']]],
    ['has a time that is none', [...Object.entries(REQUIRED), ['time', 'now']]],
    ['is of version 0.3', Object.entries({ ...REQUIRED, specversion: '0.3' })],
  ];
  for (const [title, userProperties] of broken) {
    test(`that ${title} is a message like any other`, () => {
      const event = eventOf('x', { userProperties });
      assert.ok(isOwn(event) && 'mqttuserproperties' in event);
      const kept = JSON.parse(String(event.mqttuserproperties)) as object;
      assert.deepEqual(Object.values(kept).flat().sort(), userProperties.map(([, v]) => v).sort());
    });
  }
});
