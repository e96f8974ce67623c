import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import type { Packet } from 'mqtt-packet';
import mqttPacket from 'mqtt-packet';
import type { LimitName } from '../../domain/limits.ts';
import { startTestBroker } from '../../test/support/broker.ts';
import type { Metrics } from '../metrics.ts';

function publish(changes: object): Packet {
  const packet = { cmd: 'publish', topic: 'shared/x', payload: 'x', qos: 1, messageId: 7 } as const;
  return { dup: false, retain: false, ...packet, ...changes };
}

function subscribe(...topics: string[]): Packet {
  const subscriptions = topics.map((topic) => ({ topic, qos: 1 as const }));
  return { cmd: 'subscribe', messageId: 7, subscriptions };
}

interface Row {
  readonly limit: LimitName;
  readonly value: number;
  readonly metric: keyof Metrics;
  readonly client: 'publisher' | 'subscriber';
  readonly atLimit: Packet;
  readonly overLimit: Packet;
  readonly code: number;
}

const LONGEST = `shared/${'x'.repeat(16 - 'shared/'.length)}`;

const ROWS: readonly Row[] = [
  {
    limit: 'messageBytes',
    value: 1024,
    metric: 'exceededMessageBytes',
    client: 'publisher',
    // The header takes 3 bytes, the topic 10, the packet identifier 2, the properties 1.
    atLimit: publish({ payload: 'x'.repeat(1008) }),
    overLimit: publish({ payload: 'x'.repeat(1009) }),
    code: 0x95,
  },
  {
    limit: 'topicBytes',
    value: 16,
    metric: 'exceededTopicBytes',
    client: 'publisher',
    atLimit: publish({ topic: LONGEST }),
    overLimit: publish({ topic: `${LONGEST}x` }),
    code: 0x90,
  },
  {
    limit: 'topicBytes',
    value: 16,
    metric: 'exceededTopicBytes',
    client: 'subscriber',
    atLimit: subscribe(LONGEST),
    overLimit: subscribe(`${LONGEST}x`),
    code: 0x8f,
  },
  {
    limit: 'topicAliases',
    value: 2,
    metric: 'exceededTopicAliases',
    client: 'publisher',
    atLimit: publish({ properties: { topicAlias: 2 } }),
    overLimit: publish({ properties: { topicAlias: 3 } }),
    code: 0x94,
  },
  {
    limit: 'subscriptionsPerConnection',
    value: 2,
    metric: 'exceededSubscriptionsPerConnection',
    client: 'subscriber',
    atLimit: subscribe('shared/1', 'shared/2'),
    overLimit: subscribe('shared/3'),
    code: 0x97,
  },
];

for (const { limit, value, metric, client, atLimit, overLimit, code } of ROWS) {
  test(`${limit}: a ${client} at it is served, one over it is refused and counted`, async (t) => {
    const { broker, raw } = await startTestBroker(t, { limits: { [limit]: value } });
    const connected = await raw(client, 5);
    connected.connect(client);
    assert.equal((await connected.next())?.cmd, 'connack');
    connected.send(atLimit);
    assert.ok(codeOf(await connected.next()) <= 1);
    assert.equal(broker.metrics[metric], 0);
    connected.send(overLimit);
    assert.equal(codeOf(await connected.next()), code);
    assert.equal(broker.metrics[metric], 1);
  });
}

/** Of the last filter, where it is a SUBACK. */
function codeOf(packet: Packet | undefined): number {
  assert.ok(packet, 'the connection ended');
  if (packet.cmd === 'suback') return packet.granted.at(-1) as number;
  return 'reasonCode' in packet ? packet.reasonCode : 0;
}

test('inFlightMessages: one more that waits for its commit ends the connection', async (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'mqttgrid-limits-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const storePath = path.join(folder, 'sessions.db');
  const limits = { inFlightMessages: 1 };
  const { broker, raw, connect } = await startTestBroker(t, { limits }, { storePath });
  // Somebody for whom the messages are kept.
  const subscriber = await connect('subscriber', { protocolVersion: 4, clean: false });
  await subscriber.client.subscribeAsync('shared/#', { qos: 1 });
  const publisher = await raw('publisher', 5);
  publisher.connect('publisher');
  assert.equal((await publisher.next())?.cmd, 'connack');
  const packets = [1, 2].map((messageId) => publish({ messageId }));
  const bytes = packets.map((packet) => mqttPacket.generate(packet, { protocolVersion: 5 }));
  publisher.write(Buffer.concat(bytes));
  while (codeOf(await publisher.next()) !== 0x93);
  assert.equal(broker.metrics.exceededInFlightMessages, 1);
});
