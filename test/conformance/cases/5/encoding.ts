import { parseCases } from '../../scenario.ts';

/** MQTT 5: data representation and the format of packets (1.5, 2). */
export const encodingCases = parseCases(`
[MQTT-1.5.4-1] a topic name that is no UTF-8 is malformed
  connect
  > 30 .. 0004 'a/' c328 () 'x'
  < e0 .. 81 *
  < closed

[MQTT-1.5.4-1] a surrogate is no UTF-8
  connect
  > 30 .. 0005 'a/' eda080 () 'x'
  < e0 .. 81 *
  < closed

[MQTT-1.5.4-1] a character outside the first plane is one
  connect
  > 82 .. 0001 () 0006 'a/' f0aa9b94 00
  < 90 .. 0001 () 00

[MQTT-1.5.4-1] a control character is refused, as a receiver may
  connect
  > 30 .. 0003 'a/' 1f () 'x'
  < e0 .. 81 *
  < closed

[MQTT-1.5.4-1] a control character of two bytes is refused
  connect
  > 30 .. 0004 'a/' c29f () 'x'
  < e0 .. 81 *
  < closed

[MQTT-1.5.4-1] a code point that is no character is refused
  connect
  > 30 .. 0005 'a/' efbfbf () 'x'
  < e0 .. 81 *
  < closed

[MQTT-1.5.4-2] [MQTT-4.7.3-2] U+0000 in a topic name is malformed
  connect
  > 30 .. 0003 'a/' 00 () 'x'
  < e0 .. 81 *
  < closed

[MQTT-1.5.4-2] U+0000 in a property is malformed
  connect
  > 30 .. "a/x" (03 0003 'a' 00 'b') 'x'
  < e0 .. 81 *
  < closed

[MQTT-1.5.4-3] U+FEFF is a character of a topic, and stays in it
  connect
  > 82 .. 0001 () 0006 efbbbf 'a/x' 00
  < 90 .. 0001 () 00
  > 30 .. "a/x" () 'other'
  > 30 .. 0006 efbbbf 'a/x' () 'same'
  < 30 .. 0006 efbbbf 'a/x' () 'same'
  < nothing

[MQTT-1.5.5-1] a Remaining Length in more bytes than it needs is malformed
  connect
  > c0 80 00
  < e0 .. 81 *
  < closed

[MQTT-1.5.5-1] a Remaining Length of five bytes is malformed
  connect
  > 30 ff ff ff ff 01
  < e0 .. 81 *
  < closed

[MQTT-1.5.5-1] a Property Length in more bytes than it needs is malformed
  connect
  > 30 .. "a/x" 80 00 'x'
  < e0 .. 81 *
  < closed

[MQTT-1.5.5-1] a Property Length of five bytes is malformed
  connect
  > 30 .. "a/x" 80 80 80 80 01 'x'
  < e0 .. 81 *
  < closed

[MQTT-1.5.5-1] a Subscription Identifier in more bytes than it needs is malformed
  connect
  > 82 .. 0001 (0b 81 00) "a/x" 00
  < e0 .. 81 *
  < closed

[MQTT-1.5.7-1] the name of a User Property is UTF-8
  connect
  > 30 .. "a/x" (26 0002 c328 "v") 'x'
  < e0 .. 81 *
  < closed

[MQTT-1.5.7-1] the value of a User Property is UTF-8
  connect
  > 30 .. "a/x" (26 "n" 0001 ff) 'x'
  < e0 .. 81 *
  < closed

[MQTT-1.5.7-1] a User Property needs its value
  connect
  > 30 .. "a/x" (26 "n") 'x'
  < e0 .. 81 *
  < closed

[MQTT-1.5.7-1] name and value may be empty
  connect
  > 82 .. 0001 (26 "" "") "a/x" 00
  < 90 .. 0001 () 00

[MQTT-2.1.3-1] PINGREQ with a reserved flag is malformed
  connect
  > c1 00
  < e0 .. 81 *
  < closed

[MQTT-2.1.3-1] PUBACK with a reserved flag is malformed
  connect
  > 41 02 0001
  < e0 .. 81 *
  < closed

[MQTT-2.1.3-1] CONNECT with a reserved flag closes the connection
  open
  > 11 .. "MQTT" 05 02 003c () "dev"
  < closed

[MQTT-2.2.1-2] a delivery at QoS 0 has no packet identifier
  connect
  > 82 .. 0001 () "a/x" 00
  < 90 .. 0001 () 00
  > 32 .. "a/x" 0007 () 'x'
  < 30 .. "a/x" () 'x'
  < 40 02 0007

[MQTT-2.2.1-3] a QoS 1 PUBLISH with the identifier 0 is a protocol error
  connect
  > 32 .. "a/x" 0000 () 'x'
  < e0 .. 82 *
  < closed

[MQTT-2.2.1-3] SUBSCRIBE with the identifier 0 is a protocol error
  connect
  > 82 .. 0000 () "a/x" 00
  < e0 .. 82 *
  < closed

[MQTT-2.2.1-3] UNSUBSCRIBE with the identifier 0 is a protocol error
  connect
  > a2 .. 0000 () "a/x"
  < e0 .. 82 *
  < closed

[MQTT-2.2.1-4] [MQTT-4.3.2-1] [MQTT-4.3.2-2] deliveries have identifiers that are not in use
  connect
  > 82 .. 0001 () "a/x" 01
  < 90 .. 0001 () 01
  peer connect
  peer > 32 .. "a/x" 0007 () '1'
  peer > 32 .. "a/x" 0007 () '2'
  < 32 .. "a/x" 0001 () '1'
  < 32 .. "a/x" 0002 () '2'
  > 40 02 0001
  peer > 32 .. "a/x" 0007 () '3'
  < 32 .. "a/x" 0003 () '3'

[MQTT-2.2.1-5] PUBACK has the identifier of PUBLISH
  connect
  > 32 .. "a/x" abcd () 'x'
  < 40 02 abcd

[MQTT-2.2.1-5] a PUBACK of what is not in flight is a protocol error
  connect
  > 40 02 0001
  < e0 .. 82 *
  < closed

[MQTT-2.2.1-5] a second PUBACK of the same message is one of nothing in flight
  connect
  > 82 .. 0001 () "a/x" 01
  < 90 .. 0001 () 01
  peer connect
  peer > 32 .. "a/x" 0007 () '1'
  < 32 .. "a/x" 0001 () '1'
  > 40 02 0001
  < nothing
  > 40 02 0001
  < e0 .. 82 *
  < closed

[MQTT-2.2.1-6] SUBACK and UNSUBACK have the identifiers of SUBSCRIBE and UNSUBSCRIBE
  connect
  > 82 .. abcd () "a/x" 00
  < 90 .. abcd () 00
  > a2 .. ef01 () "a/x"
  < b0 .. ef01 () 00

[MQTT-2.2.2-1] a packet without properties has a Property Length of 0
  connect
  > 82 .. 0001 00 "a/x" 00
  < 90 04 0001 00 00
  > 30 .. "a/x" 00 'x'
  < 30 07 "a/x" 00 'x'

[MQTT-2.2.2-1] a PUBLISH that has none, not even their length, is malformed
  connect
  > 30 .. "a/x"
  < e0 .. 81 *
  < closed
`);
