import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { test } from 'node:test';
import type { TestBroker } from '../../test/support/broker.ts';
import { startTestBroker, telemetrySketch } from '../../test/support/broker.ts';
import type { RawClient } from '../../test/support/raw-client.ts';
import { eventually } from '../../test/support/within.ts';

type Line = Readonly<Record<string, unknown>>;

const SECRET = 'the payload nobody may read';

async function connected(broker: TestBroker, client: string, version: 4 | 5): Promise<RawClient> {
  const opened = await broker.raw(client, version);
  opened.connect(client);
  await opened.next();
  return opened;
}

function publish(client: RawClient, topic: string, options: object = {}): void {
  client.send({
    cmd: 'publish',
    topic,
    payload: SECRET,
    qos: 1,
    messageId: 1,
    dup: false,
    retain: false,
    ...options,
  });
}

const publisher = { client: 'publisher', session: 'publisher', remoteAddress: '127.0.0.1' };
const subscriber = { ...publisher, client: 'subscriber', session: 'subscriber' };

/** What happens, and the line that must be there with these fields and no payload. */
const lines: readonly [string, (broker: TestBroker) => Promise<unknown>, Line][] = [
  [
    'a connect',
    (broker) => connected(broker, 'publisher', 5),
    {
      category: 'SuccessfulMqttConnections',
      operation: 'connect',
      ...publisher,
      protocol: 'MQTT 5',
      authenticationType: 'CACertificate',
      sessionPresent: false,
      msg: 'connected',
    },
  ],
  [
    'a refused connect',
    (broker) => broker.refusal('off', { protocolVersion: 5 }),
    {
      category: 'FailedMqttConnections',
      operation: 'connect',
      client: 'off',
      protocol: 'MQTT 5',
      reasonCode: '0x87 NotAuthorized',
      cause: 'the Client is disabled',
    },
  ],
  [
    'a refused connect with a hostile identifier',
    async (broker) => {
      const opened = await broker.raw('publisher', 4);
      opened.connect(`\u001b[2J"${'x'.repeat(1000)}`);
      await opened.closed;
    },
    { category: 'FailedMqttConnections', reasonCode: '0x81 MalformedPacket' },
  ],
  [
    'a connection without CONNECT',
    async (broker) => {
      const opened = await broker.raw('publisher', 4);
      opened.write(Buffer.from('GET / HTTP/1.1\r\n\r\n'));
      await opened.closed;
    },
    {
      category: 'FailedMqttConnections',
      reasonCode: '0x82 ProtocolError',
      cause: 'the first packet is not CONNECT',
    },
  ],
  [
    'a disconnect by the client',
    async (broker) => (await connected(broker, 'publisher', 4)).send({ cmd: 'disconnect' }),
    {
      category: 'MqttDisconnections',
      operation: 'disconnect',
      ...publisher,
      protocol: 'MQTT 3.1.1',
      disconnectionReason: 'ClientInitiatedDisconnect',
    },
  ],
  [
    'a lost connection',
    async (broker) => (await connected(broker, 'publisher', 4)).destroy(),
    { category: 'MqttDisconnections', ...publisher, disconnectionReason: 'ConnectionLost' },
  ],
  [
    'a session that is taken over',
    async (broker) => {
      await connected(broker, 'publisher', 5);
      await connected(broker, 'publisher', 5);
    },
    {
      category: 'MqttDisconnections',
      ...publisher,
      disconnectionReason: 'SessionTakenOver',
      reasonCode: '0x8e SessionTakenOver',
    },
  ],
  [
    'a malformed packet',
    async (broker) => (await connected(broker, 'publisher', 5)).write(Buffer.from([0xc1, 0])),
    { category: 'MqttDisconnections', ...publisher, disconnectionReason: 'ClientError' },
  ],
  [
    'a client that is disabled while it is connected',
    async (broker) => {
      await connected(broker, 'publisher', 5);
      const clients = telemetrySketch.clients.map((each) => ({
        ...each,
        state: 'Disabled' as const,
      }));
      broker.broker.apply(broker.snapshot({ ...telemetrySketch, clients }));
    },
    {
      category: 'MqttDisconnections',
      ...publisher,
      disconnectionReason: 'ClientAuthenticationError',
      cause: 'this Client was disabled',
    },
  ],
  [
    'a broker that closes',
    async (broker) => {
      await connected(broker, 'publisher', 5);
      await broker.broker.close();
    },
    {
      category: 'MqttDisconnections',
      ...publisher,
      disconnectionReason: 'ServerInitiatedDisconnect',
    },
  ],
  [
    'a publish that is not permitted',
    async (broker) => publish(await connected(broker, 'publisher', 5), 'telemetry/other'),
    {
      category: 'FailedMqttPublishedMessages',
      operation: 'publish',
      ...publisher,
      protocol: 'MQTT 5',
      topic: 'telemetry/other',
      qos: 1,
      reasonCode: '0x87 NotAuthorized',
    },
  ],
  [
    'the connection that a publish costs',
    async (broker) => publish(await connected(broker, 'publisher', 4), 'telemetry/other'),
    {
      category: 'MqttDisconnections',
      ...publisher,
      disconnectionReason: 'ClientAuthorizationError',
    },
  ],
  [
    'a retained publish',
    async (broker) =>
      publish(await connected(broker, 'publisher', 5), 'shared/x', { retain: true }),
    {
      category: 'FailedMqttPublishedMessages',
      topic: 'shared/x',
      reasonCode: '0x9a RetainNotSupported',
    },
  ],
  [
    'a publish to a hostile topic',
    async (broker) =>
      publish(await connected(broker, 'publisher', 5), `"\\${'t'.repeat(200)}`, { qos: 0 }),
    { category: 'FailedMqttPublishedMessages', topic: `\\"\\\\${'t'.repeat(118)}…`, qos: 0 },
  ],
  [
    'the refused filters of a subscribe, in one line',
    async (broker) => {
      const filters = Array.from({ length: 40 }, (_, index) => `refused/${index}`);
      (await connected(broker, 'subscriber', 4)).send({
        cmd: 'subscribe',
        messageId: 1,
        subscriptions: ['shared/#', ...filters].map((topic) => ({ topic, qos: 0 })),
      });
    },
    {
      category: 'FailedMqttSubscriptionOperations',
      operation: 'subscribe',
      ...subscriber,
      topicFilters: Array.from({ length: 10 }, (_, index) => `refused/${index}`),
      operationCount: 40,
      reasonCode: '0x87 NotAuthorized',
    },
  ],
];

/** The fields of `line` that `expected` names. */
function picked(line: Line, expected: Line): Line {
  return Object.fromEntries(Object.keys(expected).map((key) => [key, line[key]]));
}

for (const [name, act, expected] of lines) {
  test(`the log tells of ${name}`, async (t) => {
    const broker = await startTestBroker(t);
    await act(broker);
    const logs = broker.logs as unknown as readonly Line[];
    const line = await eventually(2000, `a line of ${String(expected['category'])}`, () =>
      logs.find(({ category }) => category === expected['category']),
    );
    assert.deepEqual(picked(line, expected), expected);
    const same = logs.filter((each) => each['category'] === expected['category']);
    assert.equal(same.length, 1, 'one line for each');
    assert.doesNotMatch(JSON.stringify(logs), new RegExp(SECRET));
    assert.doesNotMatch(JSON.stringify(logs), /\\u001b|PRIVATE KEY/);
    for (const each of logs) assert.ok(JSON.stringify(each).length < 2000);
  });
}

test('the log tells why there is no TLS connection, and not of probes', async (t) => {
  const { broker, logs } = await startTestBroker(t);
  for (const sent of ['', 'GET / HTTP/1.1\r\n\r\n']) {
    const socket = net.connect(broker.port, '127.0.0.1', () => socket.end(sent)).resume();
    await once(socket, 'close');
  }
  const line = await eventually(2000, 'a line', () =>
    logs.find(({ cause }) => cause === 'http request'),
  );
  assert.equal(line.msg, 'TLS handshake failed: http request');
  const levels = (logs as unknown as Line[]).map(({ level }) => level);
  assert.deepEqual(levels.toSorted(), [20, 30]);
});

test('the lines of one connection bear its number', async (t) => {
  const broker = await startTestBroker(t);
  for (let round = 1; round <= 2; round++) {
    const client = await connected(broker, 'publisher', 5);
    client.send({ cmd: 'disconnect' });
    await client.closed;
    const lines = (broker.logs as unknown as Line[]).filter(
      ({ connection }) => connection === round,
    );
    assert.deepEqual(
      lines.map(({ operation }) => operation),
      ['connect', 'disconnect'],
    );
  }
});
