/** A client that sends and shows packets as they are, for what ready-made clients never do. */
import { once } from 'node:events';
import type { ConnectionOptions } from 'node:tls';
import tls from 'node:tls';
import mqttPacket from 'mqtt-packet';
import type { IConnectPacket, Packet } from 'mqtt-packet';

export class RawClient {
  readonly socket: tls.TLSSocket;
  /** Packets that came and were not yet asked for. */
  readonly packets: Packet[] = [];
  readonly closed: Promise<void>;
  readonly #version: 4 | 5;

  private constructor(socket: tls.TLSSocket, version: 4 | 5) {
    this.socket = socket;
    this.#version = version;
    const parser = mqttPacket.parser({ protocolVersion: version });
    parser.on('packet', (packet: Packet) => {
      this.packets.push(packet);
      socket.emit('mqtt-packet');
    });
    socket.on('data', (chunk: Buffer) => parser.parse(chunk));
    socket.on('error', () => undefined);
    this.closed = new Promise((resolve) => socket.on('close', () => resolve()));
  }

  /** A TLS connection without any packet yet. */
  static async open(options: ConnectionOptions, version: 4 | 5): Promise<RawClient> {
    const socket = tls.connect({ host: '127.0.0.1', ...options });
    const client = new RawClient(socket, version);
    await once(socket, 'secureConnect');
    return client;
  }

  /** Sends CONNECT; the next packet is its CONNACK. */
  connect(clientId: string, changes: Partial<IConnectPacket> = {}): void {
    this.send({
      cmd: 'connect',
      clientId,
      protocolId: 'MQTT',
      protocolVersion: this.#version,
      clean: true,
      keepalive: 60,
      ...changes,
    });
  }

  send(packet: Packet): void {
    this.write(mqttPacket.generate(packet, { protocolVersion: this.#version }));
  }

  write(bytes: Buffer): void {
    this.socket.write(bytes);
  }

  /** The next packet, or undefined when the connection closes before one comes. */
  async next(): Promise<Packet | undefined> {
    while (this.packets.length === 0) {
      if (this.socket.destroyed) return undefined;
      await Promise.race([once(this.socket, 'mqtt-packet'), this.closed]);
    }
    return this.packets.shift();
  }

  /** Everything that was sent before has been handled by the server when this resolves. */
  async roundTrip(): Promise<Packet[]> {
    this.send({ cmd: 'pingreq' });
    const before: Packet[] = [];
    for (;;) {
      const packet = await this.next();
      if (packet === undefined || packet.cmd === 'pingresp') return before;
      before.push(packet);
    }
  }

  destroy(): void {
    this.socket.destroy();
  }
}
