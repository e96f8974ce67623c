/** Packets of every type that clients send, and of those that only servers do. */
import mqttPacket from 'mqtt-packet';
import type { Packet } from 'mqtt-packet';
import { HOSTILE_TEXTS } from './hostile-texts.ts';

export type Version = 4 | 5;

const MANY = Object.fromEntries(HOSTILE_TEXTS.map((text) => [text, text]));

const PROPERTIES = {
  connect: {
    sessionExpiryInterval: 10,
    receiveMaximum: 20,
    maximumPacketSize: 1000,
    topicAliasMaximum: 3,
    requestResponseInformation: true,
    requestProblemInformation: true,
    userProperties: MANY,
  },
  publish: {
    payloadFormatIndicator: true,
    messageExpiryInterval: 5,
    topicAlias: 2,
    responseTopic: 'hostile/answer',
    correlationData: Buffer.from('correlation'),
    contentType: 'text/plain',
    userProperties: MANY,
  },
} as const;

/** As a client would send them that is called so. */
export function validPackets(client: string, version: Version): Buffer[] {
  const isFive = version === 5;
  const packets: Packet[] = [
    connectPacket(client, version),
    { ...connectPacket(client, version), username: client, password: Buffer.from('password') },
    {
      ...connectPacket(client, version),
      will: { topic: 'hostile/will', payload: Buffer.from('will'), qos: 1, retain: false },
    },
    ...([0, 1, 2] as const).map((qos) => publishPacket('hostile/a', qos, isFive)),
    { cmd: 'puback', messageId: 1, reasonCode: 0 },
    { cmd: 'pubrec', messageId: 1, reasonCode: 0 },
    { cmd: 'pubrel', messageId: 1, reasonCode: 0 },
    { cmd: 'pubcomp', messageId: 1, reasonCode: 0 },
    {
      cmd: 'subscribe',
      messageId: 7,
      subscriptions: ['hostile/#', 'hostile/+/x', '$share/g/hostile/x'].map((topic) => ({
        topic,
        qos: 1,
        nl: isFive,
        rap: false,
        rh: 0,
      })),
    },
    { cmd: 'unsubscribe', messageId: 8, unsubscriptions: ['hostile/#', 'hostile/none'] },
    { cmd: 'pingreq' },
    { cmd: 'disconnect' },
    { cmd: 'connack', sessionPresent: false, returnCode: 0, reasonCode: 0 },
    { cmd: 'suback', messageId: 7, granted: [0, 1] },
    { cmd: 'unsuback', messageId: 8, granted: [0] },
    { cmd: 'pingresp' },
  ];
  if (isFive) packets.push({ cmd: 'auth', reasonCode: 0x18 });
  return packets.map((packet) => mqttPacket.generate(packet, { protocolVersion: version }));
}

export function connectPacket(clientId: string, version: Version): mqttPacket.IConnectPacket {
  return {
    cmd: 'connect',
    clientId,
    protocolId: 'MQTT',
    protocolVersion: version,
    clean: true,
    keepalive: 60,
    ...(version === 5 && { properties: PROPERTIES.connect }),
  };
}

function publishPacket(topic: string, qos: 0 | 1 | 2, isFive: boolean): Packet {
  return {
    cmd: 'publish',
    topic,
    payload: 'payload',
    qos,
    dup: false,
    retain: false,
    ...(qos > 0 && { messageId: 5 }),
    ...(isFive && { properties: PROPERTIES.publish }),
  };
}

export function encode(packet: Packet, version: Version): Buffer {
  return mqttPacket.generate(packet, { protocolVersion: version });
}
