/** Those who keep a connection and do not use it. */
import type { Assault } from '../hostile-socket.ts';
import { besides, HostileSocket, isOver, pause } from '../hostile-socket.ts';
import { connectPacket, encode, validPackets } from '../valid-packets.ts';

/** 10 seconds for a handshake or a CONNECT, what the sweep is late, and what a busy machine is. */
const OVERDUE_MS = 15000;
const SLOW_WRITE_MS = 5;

async function hold(assault: Assault, socket: HostileSocket | undefined): Promise<void> {
  if (socket === undefined) return pause(assault, 50);
  while (socket.isOpen && !isOver(assault)) {
    await pause(assault, 100);
    if (performance.now() - socket.openedMs < OVERDUE_MS) continue;
    assault.tally.overdue++;
    break;
  }
  socket.destroy();
}

/** The beginning of a ClientHello, and no more. */
const CLIENT_HELLO = Buffer.from('160301020001', 'hex');

/** TCP alone, half a ClientHello, TLS alone, half a CONNECT. */
export async function halfOpen(assault: Assault): Promise<void> {
  const silent = besides(100, assault, () => hold(assault, HostileSocket.tcp(assault).read()));
  const helloing = besides(50, assault, () => {
    const socket = HostileSocket.tcp(assault);
    socket.write(CLIENT_HELLO);
    return hold(assault, socket.read());
  });
  const encrypted = besides(20, assault, async () =>
    hold(assault, (await HostileSocket.tls(assault))?.read()),
  );
  const connecting = besides(20, assault, async () => {
    const socket = await HostileSocket.tls(assault);
    socket?.read().write(encode(connectPacket('hostile-1', 5), 5).subarray(0, 20));
    return hold(assault, socket);
  });
  await Promise.all([silent, helloing, encrypted, connecting]);
}

/** A CONNECT and what follows, byte by byte. */
export async function slowWriters(assault: Assault): Promise<void> {
  const { target, random } = assault;
  await besides(10, assault, async () => {
    const socket = await HostileSocket.tls(assault);
    if (socket === undefined) return pause(assault, 5);
    const client = random.pick(target.clients);
    const packets = validPackets(client, 5).filter((packet) => packet[0] !== 0x10);
    const first = encode(connectPacket(client, 5), 5);
    socket.read();
    for (const byte of Buffer.concat([first, ...packets])) {
      if (!socket.isOpen || isOver(assault)) break;
      socket.write(Buffer.from([byte]));
      await pause(assault, SLOW_WRITE_MS);
    }
    socket.destroy();
  });
}
