import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ReasonCode } from '../../domain/reason-codes.ts';
import type { PacketFault } from './packet-fault.ts';
import { Owner, PropertyCursor } from './properties.ts';

/** A value that is fine for each property that MQTT 5 has: section 2.2.2.2. */
const VALUES: ReadonlyMap<number, string> = new Map([
  [0x01, '01'],
  [0x02, '00000001'],
  [0x03, '000161'],
  [0x08, '000161'],
  [0x09, '0001ff'],
  [0x0b, '8001'],
  [0x11, '00000001'],
  [0x12, '000161'],
  [0x13, '0001'],
  [0x15, '000161'],
  [0x16, '0001ff'],
  [0x17, '01'],
  [0x18, '00000001'],
  [0x19, '01'],
  [0x1a, '000161'],
  [0x1c, '000161'],
  [0x1f, '000161'],
  [0x21, '0001'],
  [0x22, '0001'],
  [0x23, '0001'],
  [0x24, '01'],
  [0x25, '01'],
  [0x26, '000161000162'],
  [0x27, '00000001'],
  [0x28, '01'],
  [0x29, '01'],
  [0x2a, '01'],
]);

/** What each may carry when a client sends it: table 2-4, less what only servers send. */
const ALLOWED: { readonly [Name in keyof typeof Owner]: readonly number[] } = {
  CONNECT: [0x11, 0x15, 0x16, 0x17, 0x19, 0x21, 0x22, 0x26, 0x27],
  WILL: [0x01, 0x02, 0x03, 0x08, 0x09, 0x18, 0x26],
  PUBLISH: [0x01, 0x02, 0x03, 0x08, 0x09, 0x23, 0x26],
  PUBACK: [0x1f, 0x26],
  SUBSCRIBE: [0x0b, 0x26],
  UNSUBSCRIBE: [0x26],
  DISCONNECT: [0x11, 0x1f, 0x26],
  AUTH: [0x15, 0x16, 0x1f, 0x26],
};
/** What servers send in a packet that clients send, too. */
const SERVERS = new Set(['PUBLISH 11', 'DISCONNECT 28']);
const USER_PROPERTY = 0x26;

function read(hex: string, owner: Owner): PacketFault | undefined {
  const properties = Buffer.from(hex, 'hex');
  const bytes = Buffer.concat([Buffer.from([properties.length]), properties]);
  const cursor = new PropertyCursor();
  if (!cursor.begin(bytes, 0, bytes.length, owner)) return cursor.fault;
  while (cursor.next());
  return cursor.fault;
}

function hexOf(identifier: number): string {
  return identifier.toString(16).padStart(2, '0');
}

for (const [name, owner] of Object.entries(Owner)) {
  test(`${name} takes the properties it has, once, and no others`, () => {
    for (let identifier = 0; identifier < 0x80; identifier++) {
      const value = VALUES.get(identifier);
      const property = hexOf(identifier) + (value ?? '00');
      const once = read(property, owner)?.code;
      const allowed = ALLOWED[name as keyof typeof Owner].includes(identifier);
      const wrong = SERVERS.has(`${name} ${identifier}`)
        ? ReasonCode.ProtocolError
        : ReasonCode.MalformedPacket;
      assert.equal(once, allowed ? undefined : wrong, hexOf(identifier));
      if (!allowed) continue;
      const twice = identifier === USER_PROPERTY ? undefined : ReasonCode.ProtocolError;
      assert.equal(read(property + property, owner)?.code, twice, hexOf(identifier));
    }
  });

  test(`${name} takes no property that is cut off, wherever that is`, () => {
    for (const identifier of ALLOWED[name as keyof typeof Owner]) {
      const property = hexOf(identifier) + VALUES.get(identifier)!;
      for (let length = 2; length < property.length; length += 2) {
        const fault = read(property.slice(0, length), owner);
        assert.equal(fault?.code, ReasonCode.MalformedPacket, property.slice(0, length));
      }
    }
  });
}

test('what is wrong is said by name', () => {
  assert.match(read('210000', Owner.CONNECT)?.reason ?? '', /Receive Maximum is 0/);
  assert.match(read('1f000161', Owner.SUBSCRIBE)?.reason ?? '', /Reason String does not belong/);
  assert.match(read('7f00', Owner.CONNECT)?.reason ?? '', /0x7f is no property/);
});
