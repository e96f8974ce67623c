import { readFileSync } from 'node:fs';
import mqtt from 'mqtt';
import type { IClientOptions, Packet } from 'mqtt';
import type { Peer, PeerEvent, PeerOptions } from './peer.ts';

function answer(
  event: 'suback' | 'puback' | 'disconnect',
  code: unknown,
  properties: { readonly reasonString?: string } | undefined,
): PeerEvent {
  return { event, code: Number(code ?? 0), reason: properties?.reasonString };
}

function eventOf(packet: Packet): PeerEvent | undefined {
  switch (packet.cmd) {
    case 'connack':
      return { event: 'connack', code: packet.reasonCode ?? packet.returnCode ?? 0 };
    case 'suback':
      return answer('suback', packet.granted[0], packet.properties);
    case 'puback':
    case 'disconnect':
      return answer(packet.cmd, packet.reasonCode, packet.properties);
    case 'publish':
      return { event: 'message', topic: packet.topic, payload: packet.payload.toString() };
    default:
      return undefined;
  }
}

function contentOf(file: string | undefined): Buffer | undefined {
  return file === undefined ? undefined : readFileSync(file);
}

/** The name goes to TLS in either case. */
function destination({ endpoint, dial }: PeerOptions): IClientOptions {
  const { hostname, port } = new URL(endpoint);
  return {
    protocol: 'mqtts',
    servername: hostname,
    ...(dial ?? { host: hostname, port: Number(port) }),
  };
}

function credentials(certificate: string | undefined, key: string | undefined): object {
  return { cert: contentOf(certificate), key: contentOf(key) };
}

export const mqttjs: Peer = {
  name: 'mqtt.js',
  connect: (options, emit) => {
    const client = mqtt.connect({
      ...destination(options),
      clientId: options.clientId,
      protocolVersion: options.version,
      ca: readFileSync(options.ca),
      ...credentials(options.certificate, options.key),
      clean: true,
      reconnectPeriod: 0,
    });
    client.on('packetreceive', (packet) => {
      const event = eventOf(packet);
      if (event !== undefined) emit(event);
    });
    client.on('close', () => emit({ event: 'close' }));
    // What it has to say comes as a packet or as the close, too.
    client.on('error', () => undefined);
    return {
      subscribe: (filter) => client.subscribe(filter, { qos: 1 }, () => undefined),
      publish: (topic, payload, qos) => client.publish(topic, payload, { qos }, () => undefined),
      disconnect: () => client.end(),
    };
  },
};
