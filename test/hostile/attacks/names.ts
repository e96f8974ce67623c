/** Names that trip programs up: of objects' own members, of no UTF-8, of very many levels. */
import type { Assault } from '../hostile-socket.ts';
import { besides, HostileSocket, pause } from '../hostile-socket.ts';
import { HOSTILE_TEXTS } from '../hostile-texts.ts';
import { variableByteInteger, withLength } from '../mutate.ts';
import { connectPacket, encode } from '../valid-packets.ts';

const ILL_FORMED = ['ff', 'c080', 'eda080', 'f4908080', '00', 'e282'].map((hex) =>
  Buffer.from(hex, 'hex'),
);

function text(bytes: Buffer): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

function userProperty(name: Buffer, value: Buffer): Buffer {
  const property = Buffer.concat([Buffer.from([0x26]), text(name), text(value)]);
  return Buffer.concat([variableByteInteger(property.length), property]);
}

const IDENTIFIER = Buffer.from([0, 9]);
const NO_PROPERTIES: Buffer = Buffer.from([0]);

function publish(topic: Buffer, properties = NO_PROPERTIES): Buffer {
  return withLength(0x32, Buffer.concat([text(topic), IDENTIFIER, properties, Buffer.from('x')]));
}

function subscribe(filter: Buffer, properties = NO_PROPERTIES): Buffer {
  const options = Buffer.from([1]);
  return withLength(0x82, Buffer.concat([IDENTIFIER, properties, text(filter), options]));
}

function unsubscribe(filter: Buffer): Buffer {
  return withLength(0xa2, Buffer.concat([IDENTIFIER, NO_PROPERTIES, text(filter)]));
}

function connectAs(client: Buffer): Buffer {
  const rest = Buffer.from([5, 2, 0, 60, 0]);
  return withLength(0x10, Buffer.concat([text(Buffer.from('MQTT')), rest, text(client)]));
}

function packetsFor(name: Buffer): Buffer[] {
  const below = Buffer.concat([Buffer.from('hostile/'), name]);
  return [
    subscribe(name),
    subscribe(below),
    publish(below),
    publish(Buffer.from('hostile/x'), userProperty(name, name)),
    subscribe(Buffer.from('hostile/x'), userProperty(name, name)),
    unsubscribe(below),
    publish(name),
  ];
}

/** Deep ones within the limit of a topic's length, and beyond it. */
const DEEP = [128, 248, 65000].flatMap((levels) => [
  Buffer.from('/'.repeat(levels)),
  Buffer.from(`hostile${'/+'.repeat(levels / 2)}`),
  Buffer.from(`hostile${'/a'.repeat(levels / 2)}`),
]);

const NAMES = [...HOSTILE_TEXTS.map((each) => Buffer.from(each)), ...ILL_FORMED, ...DEEP];

export async function hostileNames(assault: Assault): Promise<void> {
  const { target, random } = assault;
  await besides(2, assault, async () => {
    const name = random.pick(NAMES);
    const socket = await HostileSocket.tls(assault);
    if (socket === undefined) return pause(assault, 5);
    const client = random.pick([
      ...target.clients.slice(0, 20).map((each) => Buffer.from(each)),
      name,
    ]);
    socket.read().write(connectAs(client));
    for (let count = 4; count > 0; count--) socket.write(random.pick(packetsFor(name)));
    await socket.untilClosed(20);
    socket.destroy();
  });
}

/** Filters of many wildcards that match one deep topic in many ways. */
export async function deepTopics(assault: Assault): Promise<void> {
  const { target, random } = assault;
  await besides(1, assault, async () => {
    const socket = await HostileSocket.tls(assault);
    if (socket === undefined) return pause(assault, 5);
    socket.read().write(encode(connectPacket(random.pick(target.clients), 5), 5));
    for (let filters = 0; filters < 50; filters++) {
      const levels = Array.from({ length: 100 }, () => random.pick(['a', '+']));
      socket.write(subscribe(Buffer.from(`hostile/${levels.join('/')}/#`)));
    }
    const topic = publish(Buffer.from(`hostile${'/a'.repeat(120)}`));
    for (let messages = 0; messages < 100; messages++) socket.write(topic);
    await socket.untilClosed(100);
    socket.destroy();
  });
}
