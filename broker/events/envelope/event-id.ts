import type { RoutedMessage } from '../routed-message.ts';

const STORE_BITS = 32;
const NUMBER_BITS = 42;

/**
 * The id of a message's event, the same whenever and however often it is made: receivers know by
 * it what they have already seen. A UUID of version 8 (RFC 9562, 5.8): 48 bits of time, as in
 * version 7, so that it sorts, 32 of the store and 42 of the message's number. Numbers of QoS 0
 * messages may come again, but not in the same millisecond.
 */
export function eventId(message: RoutedMessage, storeId: number): string {
  const time = wholeNumber(message.receivedAtMs, 2 ** 48);
  const store = wholeNumber(storeId, 2 ** STORE_BITS);
  const number = wholeNumber(message.number, 2 ** NUMBER_BITS);
  // Twelve bits of the store follow the version, fourteen the variant, and six the hyphen.
  return [
    hex(Math.floor(time / 2 ** 16), 8),
    hex(time % 2 ** 16, 4),
    `8${hex(store >>> 20, 3)}`,
    hex(0x8000 | ((store >>> 6) & 0x3fff), 4),
    hex((store & 0x3f) * 2 ** NUMBER_BITS + number, 12),
  ].join('-');
}

/** From 0 to below `modulus`, whatever a damaged store says. */
function wholeNumber(value: number, modulus: number): number {
  return Number.isFinite(value) ? Math.floor(Math.abs(value)) % modulus : 0;
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0');
}
