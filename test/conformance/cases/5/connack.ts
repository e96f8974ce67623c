import { parseCases } from '../../scenario.ts';

/** MQTT 5: CONNACK (3.2), and enhanced authentication, which is refused (4.12). */
export const connackCases = parseCases(`
[MQTT-3.2.0-1] CONNACK comes before what waited for the session
  connect persistent
  > 82 .. 0001 () "a/x" 01
  < 90 .. 0001 () 01
  leave
  peer connect
  peer > 32 .. "a/x" 0001 () 'waits'
  peer < 40 02 0001
  open
  > 10 .. "MQTT" 05 00 003c (11 00000e10) "dev"
  < 20 .. 01 00 *
  < 32 .. "a/x" 0001 () 'waits'

[MQTT-3.2.2-1] [MQTT-3.2.2-9] CONNACK says what the server allows
  open
  > 10 .. "MQTT" 05 02 003c () "dev"
  < 20 .. 00 00 (21 0064 24 01 25 00 27 00080000 22 000a 28 01 29 00 2a 00)

[MQTT-3.2.2-6] [MQTT-3.2.2-8] a refused client is not told of its session
  connect persistent
  leave
  open
  > 10 .. "MQTT" 05 04 003c (11 00000e10) "dev" () "a/x" "gone"
  < 20 .. 00 83 *
  < closed

[MQTT-3.2.2-10] a subscription may ask for QoS 2, and gets QoS 1
  connect
  > 82 .. 0001 () "a/x" 02
  < 90 .. 0001 () 01

[MQTT-3.2.2-12] a will with QoS 2 is refused
  open
  > 10 .. "MQTT" 05 16 003c () "dev" () "a/x" "gone"
  < 20 .. 00 83 *
  < closed

[MQTT-3.2.2-13] a retained will is refused
  open
  > 10 .. "MQTT" 05 26 003c () "dev" () "a/x" "gone"
  < 20 .. 00 83 *
  < closed

[MQTT-3.2.2-14] a retained message is refused with 0x9A
  connect
  > 31 .. "a/x" () 'x'
  < e0 .. 9a *
  < closed

[MQTT-3.2.2-11] a message at QoS 2 is refused with 0x9B
  connect
  > 34 .. "a/x" 0001 () 'x'
  < e0 .. 9b *
  < closed

[MQTT-3.2.2-15] a packet larger than the server allows is refused by its length alone
  connect
  > 30 fd ff 1f
  < e0 .. 95 *
  < closed

[MQTT-3.2.2-19] a Reason String is left out of CONNACK where it does not fit
  open
  > 10 .. "MQTT" 05 02 003c (27 00000014) "nobody"
  < 20 03 00 87 00
  < closed

[MQTT-3.2.2-19] a Reason String is in CONNACK where it fits
  open
  > 10 .. "MQTT" 05 02 003c () ""
  < 20 .. 00 85 ?? 1f *
  < closed

[MQTT-3.2.2-22] a keep alive within what the server allows stays the client's
  open
  > 10 .. "MQTT" 05 02 0488 () "dev"
  < 20 .. 00 00 (21 0064 24 01 25 00 27 00080000 22 000a 28 01 29 00 2a 00)

[MQTT-3.2.2-21] a keep alive beyond it is lowered, and the client is told
  open
  > 10 .. "MQTT" 05 02 ffff () "dev"
  < 20 .. 00 00 (21 0064 24 01 25 00 27 00080000 22 000a 28 01 29 00 2a 00 13 0488)

[MQTT-4.12.0-1] an Authentication Method is refused with 0x8C
  open
  > 10 .. "MQTT" 05 02 003c (15 "SCRAM-SHA-256") "dev"
  < 20 .. 00 8c *
  < closed

[MQTT-4.12.0-1] Authentication Data with a method is refused with 0x8C
  open
  > 10 .. "MQTT" 05 02 003c (15 "SCRAM-SHA-256" 16 0002 abcd) "dev"
  < 20 .. 00 8c *
  < closed

[MQTT-4.12.0-1] Authentication Data without a method is refused with 0x87
  open
  > 10 .. "MQTT" 05 02 003c (16 0002 abcd) "dev"
  < 20 .. 00 87 *
  < closed

[MQTT-4.12.0-6] [MQTT-4.12.0-7] AUTH of a client that named no method is a protocol error
  connect
  > f0 .. 18 (15 "SCRAM-SHA-256")
  < e0 .. 82 *
  < closed

[MQTT-4.12.0-7] AUTH without anything in it is a protocol error
  connect
  > f0 00
  < e0 .. 82 *
  < closed

[MQTT-3.15.1-1] AUTH with a reserved flag is malformed
  connect
  > f1 00
  < e0 .. 81 *
  < closed

[MQTT-3.15.2-1] AUTH with a reason code that it does not have is a protocol error
  connect
  > f0 .. 17 (15 "X")
  < e0 .. 82 *
  < closed

[MQTT-3.15.2-1] AUTH with a property that is cut off is malformed
  connect
  > f0 .. 18 (15 0005 'X')
  < e0 .. 81 *
  < closed
`);
