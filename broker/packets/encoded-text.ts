import { isUtf8 } from 'node:buffer';

const SPACE = 0x20;
const DELETE = 0x7f;
// Control characters and code points that never will be characters.
const UNWANTED = /[\p{Cc}\p{Noncharacter_Code_Point}]/u;

/**
 * What is wrong with a UTF-8 Encoded String, or undefined. Ill-formed UTF-8 and U+0000 must not be
 * [MQTT-1.5.4-1] [MQTT-1.5.4-2]; control characters and non-characters should not, and a receiver
 * may refuse them (section 1.5.4): here they are, since no name, topic or log needs them.
 */
export function findTextFault(bytes: Buffer, start: number, end: number): string | undefined {
  for (let at = start; at < end; at++) {
    const byte = bytes[at]!;
    if (byte >= 0x80) return findUnicodeFault(bytes.subarray(start, end));
    if (byte < SPACE || byte === DELETE) return describeControl(byte);
  }
  return undefined;
}

function findUnicodeFault(text: Buffer): string | undefined {
  if (!isUtf8(text)) return 'is not well-formed UTF-8';
  const unwanted = UNWANTED.exec(text.toString())?.[0];
  return unwanted === undefined ? undefined : describeControl(unwanted.codePointAt(0)!);
}

function describeControl(codePoint: number): string {
  const hex = codePoint.toString(16).toUpperCase().padStart(4, '0');
  return `contains U+${hex}, which is no character that MQTT strings may hold`;
}
