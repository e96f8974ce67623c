/** Too much of what is allowed. */
import type { Packet } from 'mqtt-packet';
import type { Assault } from '../hostile-socket.ts';
import { besides, HostileSocket, pause } from '../hostile-socket.ts';
import { withLength } from '../mutate.ts';
import { connectPacket, encode } from '../valid-packets.ts';

const CHUNK_BYTES = 65536;

async function connected(assault: Assault): Promise<HostileSocket | undefined> {
  const socket = await HostileSocket.tls(assault);
  const client = assault.random.pick(assault.target.clients);
  socket?.write(encode({ ...connectPacket(client, 4), clean: assault.random.below(2) === 0 }, 4));
  return socket;
}

/** As many of them as fill a chunk. */
function repeated(packet: Buffer): Buffer {
  return Buffer.concat(new Array<Buffer>(Math.ceil(CHUNK_BYTES / packet.length)).fill(packet));
}

function publishPacket(topic: string, payloadBytes: number, qos: 0 | 1): Packet {
  const payload = Buffer.alloc(payloadBytes, 'x');
  return { cmd: 'publish', topic, payload, qos, dup: false, retain: false, messageId: 1 };
}

/** The same packet again and again; `isReading`: whether the answers are read. */
function flood(packet: Buffer, isReading: boolean): (assault: Assault) => Promise<void> {
  return (assault) =>
    besides(1, assault, async () => {
      const socket = await connected(assault);
      if (socket === undefined) return pause(assault, 50);
      if (isReading) socket.read();
      await socket.flood(assault, packet);
      socket.destroy();
      await pause(assault, 50);
    });
}

export const pingFlood = flood(repeated(Buffer.from([0xc0, 0])), false);
export const largeFlood = flood(encode(publishPacket('hostile/large', 524000, 1), 4), false);
export const smallFlood = flood(repeated(encode(publishPacket('hostile/small', 500, 0), 4)), true);
export const tooLargeFlood = flood(encode(publishPacket('hostile/large', 600000, 0), 4), true);
export const byteFlood = flood(Buffer.from([0xc0]), true);

/** A packet of so many filters, permitted or not. */
function subscribePacket(filters: number, prefix: string): Buffer {
  const parts = [Buffer.from([0, 1])];
  for (let index = 0; index < filters; index++) {
    const filter = Buffer.from(`${prefix}${index.toString(36)}`);
    parts.push(Buffer.from([0, filter.length]), filter, Buffer.from([1]));
  }
  return withLength(0x82, Buffer.concat(parts));
}

export const manySubscribes = flood(repeated(subscribePacket(1, 'hostile/')), false);
export const largeSubscribes = flood(subscribePacket(10000, 'hostile/'), true);
export const tooLargeSubscribes = flood(subscribePacket(60000, ''), false);

/** Subscribes to what the floods publish, and reads none of it. */
export async function slowConsumers(assault: Assault): Promise<void> {
  await besides(5, assault, async () => {
    const socket = await connected(assault);
    if (socket === undefined) return pause(assault, 50);
    const filters = ['hostile/large', 'hostile/small'];
    const subscriptions = filters.map((topic) => ({ topic, qos: 1 as const }));
    socket.write(encode({ cmd: 'subscribe', messageId: 1, subscriptions }, 4));
    await socket.untilClosed(assault.endMs - performance.now());
    socket.destroy();
  });
}

/** One handshake after the other. */
export async function handshakeFlood(assault: Assault): Promise<void> {
  await besides(8, assault, async () => {
    (await HostileSocket.tls(assault))?.destroy();
  });
}

/** TCP connections that are opened and closed at once. */
export async function connectionFlood(assault: Assault): Promise<void> {
  await besides(10, assault, async () => {
    const socket = HostileSocket.tcp(assault);
    await pause(assault, 10);
    socket.destroy();
  });
}

/** One client identifier on many connections at once. */
export async function takeovers(assault: Assault): Promise<void> {
  await besides(4, assault, async () => {
    const socket = await HostileSocket.tls(assault);
    if (socket === undefined) return pause(assault, 5);
    socket.read().write(encode(connectPacket('hostile-0', 5), 5));
    await socket.untilClosed(50);
    socket.destroy();
  });
}
