/** Bytes that came, as far as the parts of a packet. */
import type { IPublishPacket, Packet } from 'mqtt-packet';
import mqttPacket from 'mqtt-packet';
import { decodePuback, readShortPuback } from '../../../broker/packets/answer-decoder.ts';
import { decodeConnect, readProtocol } from '../../../broker/packets/connect-decoder.ts';
import type { Frame, FrameReceiver } from '../../../broker/packets/frame-reader.ts';
import { FrameReader } from '../../../broker/packets/frame-reader.ts';
import type { ProtocolVersion } from '../../../broker/packets/packet-type.ts';
import { decodePublish, emptyPublishParts } from '../../../broker/packets/publish-decoder.ts';
import { FrameCutter } from '../frames.ts';
import type { Benchmark, Operation, Plain, Prepared } from './benchmark.ts';
import { aPublish, PACKET_IDENTIFIER, PAYLOAD, PROPERTIES, TOPIC } from './samples.ts';

const PACKET_BYTES_MAX = 65536;
const BURST_PACKETS = 32;

/** The same reader for one chunk after another, as a connection has it. */
function reading(chunks: readonly Buffer[], onFrame: (frame: Frame) => number): Operation {
  const reader = new FrameReader(PACKET_BYTES_MAX);
  let sum = 0;
  const receiver: FrameReceiver = {
    open: true,
    receive: (frame) => void (sum += onFrame(frame)),
  };
  return () => {
    sum = 0;
    for (const chunk of chunks) reader.push(chunk, receiver);
    return sum;
  };
}

function cutting(chunks: readonly Buffer[]): Plain {
  const cutter = new FrameCutter();
  let sum = 0;
  return {
    what: "the floor's cutter",
    operate() {
      sum = 0;
      for (const chunk of chunks)
        cutter.push(chunk, (_bytes, start, _body, end) => (sum += end - start));
      return sum;
    },
  };
}

/** mqtt-packet's parser takes a stream and makes objects of what it finds. */
function parsing(chunk: Buffer, level: ProtocolVersion, look: (packet: Packet) => number): Plain {
  const parser = mqttPacket.parser({ protocolVersion: level });
  let found = 0;
  parser.on('packet', (packet) => (found = look(packet)));
  return {
    what: 'mqtt-packet',
    operate() {
      found = 0;
      parser.parse(chunk);
      return found;
    },
  };
}

function framesOf(chunks: readonly Buffer[]): Prepared {
  const bytes = chunks.reduce((sum, { length }) => sum + length, 0);
  const operate = reading(chunks, ({ start, end }) => end - start);
  return { operate, plain: cutting(chunks), yields: bytes };
}

function publishOf(level: ProtocolVersion, packet: IPublishPacket): Prepared {
  const chunk = mqttPacket.generate(packet, { protocolVersion: level });
  const parts = emptyPublishParts();
  const operate = reading([chunk], (frame) => {
    if (decodePublish(frame, level, parts) !== undefined) return -1;
    const { topicStart, topicEnd, payloadStart, packetIdentifier } = parts;
    return topicEnd - topicStart + (frame.end - payloadStart) + packetIdentifier;
  });
  const plain = parsing(chunk, level, (found) => {
    const { topic, payload, messageId = 0 } = found as IPublishPacket;
    return topic.length + payload.length + messageId;
  });
  const yields = TOPIC.length + PAYLOAD.length + (packet.messageId ?? 0);
  return { operate, plain, yields };
}

const CLIENT_IDENTIFIER = 'press-17';
const KEEP_ALIVE_SECONDS = 60;
const RECEIVE_MAXIMUM = 20;

function connectOf(level: ProtocolVersion): Prepared {
  const chunk = mqttPacket.generate(
    {
      cmd: 'connect',
      protocolVersion: level,
      clientId: CLIENT_IDENTIFIER,
      keepalive: KEEP_ALIVE_SECONDS,
      clean: true,
      ...(level === 5 && {
        properties: { receiveMaximum: RECEIVE_MAXIMUM, sessionExpiryInterval: 3600 },
      }),
    },
    { protocolVersion: level },
  );
  const operate = reading([chunk], (frame) => {
    if (readProtocol(frame) !== level) return -1;
    const decoded = decodeConnect(frame, level);
    if (!decoded.ok) return -1;
    const { clientIdentifier, keepAliveSeconds, receiveMaximum = 0 } = decoded.value;
    return clientIdentifier.length + keepAliveSeconds + receiveMaximum;
  });
  const plain = parsing(chunk, level, (packet) => {
    if (packet.cmd !== 'connect') return -1;
    const { clientId, keepalive = 0, properties } = packet;
    return clientId.length + keepalive + (properties?.receiveMaximum ?? 0);
  });
  const receiveMaximum = level === 5 ? RECEIVE_MAXIMUM : 0;
  return { operate, plain, yields: CLIENT_IDENTIFIER.length + KEEP_ALIVE_SECONDS + receiveMaximum };
}

function pubackOf(level: ProtocolVersion): Prepared {
  const packet = { cmd: 'puback', messageId: PACKET_IDENTIFIER } as const;
  const chunk = mqttPacket.generate(packet, { protocolVersion: 4 });
  const operate = reading([chunk], (frame) => {
    const identifier = readShortPuback(frame);
    if (identifier > 0) return identifier;
    const decoded = decodePuback(frame, level);
    return decoded.ok ? decoded.value.packetIdentifier : -1;
  });
  const plain = parsing(chunk, level, ({ messageId = -1 }) => messageId);
  return { operate, plain, yields: PACKET_IDENTIFIER };
}

const ONE = mqttPacket.generate(aPublish(1));

export const PARSE: readonly Benchmark[] = [
  {
    group: 'parse',
    name: `frames of a chunk of ${BURST_PACKETS}`,
    units: BURST_PACKETS,
    prepare: () => framesOf([Buffer.concat(Array<Buffer>(BURST_PACKETS).fill(ONE))]),
  },
  {
    group: 'parse',
    name: 'a frame that came in two chunks',
    prepare: () => framesOf([ONE.subarray(0, 20), ONE.subarray(20)]),
  },
  { group: 'parse', name: 'PUBLISH, QoS 0', prepare: () => publishOf(4, aPublish(0)) },
  { group: 'parse', name: 'PUBLISH, QoS 1', prepare: () => publishOf(4, aPublish(1)) },
  { group: 'parse', name: 'PUBLISH, QoS 1, level 5', prepare: () => publishOf(5, aPublish(1)) },
  {
    group: 'parse',
    name: 'PUBLISH, QoS 1, level 5, five properties',
    prepare: () => publishOf(5, aPublish(1, PROPERTIES)),
  },
  { group: 'parse', name: 'PUBACK', prepare: () => pubackOf(4) },
  { group: 'parse', name: 'CONNECT', prepare: () => connectOf(4) },
  { group: 'parse', name: 'CONNECT, level 5', prepare: () => connectOf(5) },
];
