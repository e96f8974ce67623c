/** Packets that are wrong, before and after CONNECT. */
import type { Assault } from '../hostile-socket.ts';
import { besides, HostileSocket, pause } from '../hostile-socket.ts';
import { mutate } from '../mutate.ts';
import type { Random } from '../random.ts';
import type { Version } from '../valid-packets.ts';
import { connectPacket, encode, validPackets } from '../valid-packets.ts';

const VERSIONS = [4, 5] as const;
const PACKETS_MAX = 20;

/** The bytes in pieces as a network may cut them. */
function writeCut(socket: HostileSocket, bytes: Buffer, random: Random): void {
  for (let at = 0; at < bytes.length;) {
    const length = random.pick([1, 2, 7, 100, bytes.length]);
    socket.write(bytes.subarray(at, at + length));
    at += length;
  }
}

function mutatedStream(random: Random, packets: readonly Buffer[]): Buffer {
  const stream: Buffer[] = [];
  for (let count = 1 + random.below(PACKETS_MAX); count > 0; count--) {
    const packet = random.pick(packets);
    stream.push(random.below(3) === 0 ? packet : mutate(packet, random));
  }
  return Buffer.concat(stream);
}

/** From a client that is connected. */
export async function mutatedPackets(assault: Assault): Promise<void> {
  const { target, random } = assault;
  await besides(3, assault, async () => {
    const version: Version = random.pick(VERSIONS);
    const client = random.pick(target.clients);
    const socket = await HostileSocket.tls(assault);
    if (socket === undefined) return pause(assault, 5);
    socket.read().write(encode(connectPacket(client, version), version));
    writeCut(socket, mutatedStream(random, validPackets(client, version)), random);
    await socket.untilClosed(20);
    socket.destroy();
  });
}

/** From a client that is not: CONNECT itself, and whatever comes instead of it. */
export async function mutatedConnects(assault: Assault): Promise<void> {
  const { target, random } = assault;
  await besides(2, assault, async () => {
    const version: Version = random.pick(VERSIONS);
    const packets = validPackets(random.pick(target.clients), version);
    const socket = await HostileSocket.tls(assault);
    if (socket === undefined) return pause(assault, 5);
    const connect = mutate(packets[random.below(3)]!, random);
    writeCut(socket.read(), Buffer.concat([connect, mutatedStream(random, packets)]), random);
    await socket.untilClosed(20);
    socket.destroy();
  });
}

/** In TLS, and instead of it. */
export async function randomBytes(assault: Assault): Promise<void> {
  const { random } = assault;
  await besides(2, assault, async () => {
    const isTls = random.below(2) === 0;
    const socket = isTls ? await HostileSocket.tls(assault) : HostileSocket.tcp(assault);
    if (socket === undefined) return pause(assault, 5);
    // Half of them begin as a CONNECT or a record of TLS does.
    const begin = random.pick([[], isTls ? [0x10] : [0x16, 0x03, 0x01]]);
    writeCut(socket.read(), Buffer.concat([Buffer.from(begin), random.bytes(1000)]), random);
    await socket.untilClosed(20);
    socket.destroy();
  });
}
