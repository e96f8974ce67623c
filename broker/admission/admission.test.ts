import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { IPublishPacket } from 'mqtt-packet';
import { SteppedClock } from '../../test/conformance/stepped-clock.ts';
import type { TestBroker } from '../../test/support/broker.ts';
import { startTestBroker } from '../../test/support/broker.ts';
import type { RawClient } from '../../test/support/raw-client.ts';
import { eventually } from '../../test/support/within.ts';

const UNLIMITED = {
  inboundMessagesPerSecond: 100000000,
  outboundMessagesPerSecond: 100000000,
  inboundMessagesPerSecondPerConnection: 100000000,
  outboundMessagesPerSecondPerConnection: 100000000,
};

function publish(topic: string, payload: string | Buffer): IPublishPacket {
  return { cmd: 'publish', topic, payload, qos: 0, dup: false, retain: false };
}

async function connected(broker: TestBroker, name: string): Promise<RawClient> {
  const client = await broker.raw(name, 5);
  client.connect(name);
  await client.next();
  return client;
}

/** TCP connections that send nothing. */
async function silent(t: TestContext, port: number, count: number): Promise<net.Socket[]> {
  const sockets = Array.from({ length: count }, () => {
    const socket = net.connect({ host: '127.0.0.1', port, localAddress: '127.0.0.2' });
    socket.on('error', () => undefined);
    return socket.resume();
  });
  t.after(() => sockets.forEach((socket) => socket.destroy()));
  await Promise.all(sockets.map((socket) => once(socket, 'connect')));
  return sockets;
}

test('handshakes that are not gone on with give way to others, and in the end to nobody', async (t) => {
  const clock = new SteppedClock();
  const { connect, broker } = await startTestBroker(t, {}, { clock });
  const sockets = await silent(t, broker.port, 300);
  const newcomer = connect('publisher');
  // Two hundred handshakes are in progress, and none has been for two seconds.
  await delay(100);
  assert.equal(broker.metrics.connectionsOpened, 0);
  // Those that came late on a busy machine are looked after by a later step.
  let isIn = false;
  void newcomer.then(() => (isIn = true));
  for (let steps = 0; !isIn && steps < 50; steps++) {
    clock.step(2000);
    await delay(200);
  }
  await newcomer;
  assert.ok(broker.metrics.handshakesDropped >= 1);
  clock.step(11000);
  clock.step(11000);
  for (const socket of sockets) if (!socket.closed) await once(socket, 'close');
  await connect('subscriber');
});

test('a client that takes nothing of what waits for it is ended, and one that reads is not', async (t) => {
  const clock = new SteppedClock();
  const server = await startTestBroker(t, { limits: UNLIMITED }, { clock });
  const slow = await connected(server, 'subscriber');
  slow.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: 'shared/#', qos: 0 }] });
  await slow.next();
  slow.socket.pause();
  const publisher = await connected(server, 'publisher');
  const { metrics } = server.broker;
  while (metrics.messagesDroppedSlowConsumer === 0) {
    publisher.send(publish('shared/x', Buffer.alloc(100000)));
    await publisher.roundTrip();
  }
  clock.step(500);
  clock.step(29000);
  assert.equal(metrics.slowConsumersEnded, 0);
  clock.step(1500);
  assert.equal(metrics.slowConsumersEnded, 1);
  const line = server.logs.findLast(({ client }) => client === 'subscriber');
  assert.match(line?.msg ?? '', /took nothing of what waits for it for 30 seconds/);
  assert.match(line?.reasonCode ?? '', /QuotaExceeded/);
  slow.socket.resume();
  await slow.closed;
  await publisher.roundTrip();
});

test('a client that goes on sending after its connection was closed is cut off', async (t) => {
  const server = await startTestBroker(t);
  const client = await server.raw('subscriber', 4);
  client.socket.pause();
  client.connect('subscriber');
  const packet = Buffer.concat([Buffer.from([0x82, 0x80, 0x80, 0x04]), Buffer.alloc(65536, 0)]);
  let sent = 0;
  while (!client.socket.destroyed && sent < 500) {
    if (client.socket.writableLength > 0) await delay(1);
    else client.write(packet);
    sent++;
    await delay(1);
  }
  assert.ok(client.socket.destroyed, `${client.socket.bytesWritten} bytes were taken`);
});

test('what a client sends in one go is taken whole and in order, with others in between', async (t) => {
  const server = await startTestBroker(t, { limits: UNLIMITED });
  const subscriber = await server.connect('subscriber');
  await subscriber.client.subscribeAsync('shared/#', { qos: 0 });
  const publisher = await connected(server, 'publisher');
  const count = 5000;
  publisher.socket.cork();
  for (let index = 0; index < count; index++) publisher.send(publish('shared/x', String(index)));
  publisher.send({ cmd: 'disconnect' });
  publisher.socket.uncork();
  const received = await subscriber.until(count);
  assert.deepEqual(
    received,
    Array.from({ length: count }, (_, index) => `shared/x ${index}`),
  );
  const line = await eventually(2000, 'the end of the publisher', () =>
    server.logs.find(({ msg }) => msg.startsWith('disconnected: the client sent DISCONNECT')),
  );
  assert.equal(line.client, 'publisher');
});
