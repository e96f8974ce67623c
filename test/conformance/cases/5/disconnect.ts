import { parseCases } from '../../scenario.ts';

/** MQTT 5: DISCONNECT (3.14), and what has no place in a connection (4.13). */
export const disconnectCases = parseCases(`
[MQTT-3.14.1-1] DISCONNECT with a reserved flag is malformed
  connect
  > e1 00
  < e0 .. 81 *
  < closed

[MQTT-3.14.2-1] DISCONNECT may leave out its reason code
  connect
  > e0 00
  < closed

[MQTT-3.14.2-1] DISCONNECT may have a reason code and properties
  connect
  > e0 .. 04 (11 00000000 1f "going home" 26 "k" "v")
  < closed

[MQTT-3.14.2-1] a reason code that only servers send is a protocol error
  connect
  > e0 01 8b
  < e0 .. 82 *
  < closed

[MQTT-3.14.2-1] a Server Reference of a client is a protocol error
  connect
  > e0 .. 00 (1c "elsewhere")
  < e0 .. 82 *
  < closed

[MQTT-4.13.1-1] a Session Expiry Interval that keeps a session that was not to be kept: 0x82
  connect
  > e0 .. 00 (11 00000e10)
  < e0 .. 82 *
  < closed

[MQTT-4.1.0-2] a Session Expiry Interval of 0 on DISCONNECT ends the session
  connect persistent
  > e0 .. 00 (11 00000000)
  < closed
  open
  > 10 .. "MQTT" 05 00 003c () "dev"
  < 20 .. 00 00 *

[MQTT-4.13.1-1] a property of DISCONNECT that is there twice is a protocol error
  connect
  > e0 .. 00 (1f "a" 1f "b")
  < e0 .. 82 *
  < closed

[MQTT-4.13.1-1] a DISCONNECT that is cut off is malformed
  connect
  > e0 02 00 05
  < e0 .. 81 *
  < closed

[MQTT-4.13.1-1] a DISCONNECT with bytes left over is malformed
  connect
  > e0 03 00 00 00
  < e0 .. 81 *
  < closed

[MQTT-3.14.2-2] the server's DISCONNECT holds a Reason String and no Session Expiry Interval
  connect persistent
  rival connect persistent
  < e0 .. 8e (1f "another connection of this client took the session over")
  < closed

[MQTT-3.14.2-3] a Reason String is left out of DISCONNECT where it does not fit
  open
  > 10 .. "MQTT" 05 02 003c (27 00000028) "dev"
  < 20 .. 00 00 *
  rival connect
  < e0 02 8e 00
  < closed

[MQTT-3.14.4-1] [MQTT-3.14.4-2] after its DISCONNECT the server sends no more and closes
  connect
  > 82 .. 0001 () "a/x" 00
  < 90 .. 0001 () 00
  > c1 00 30 06 "a/x" () c0 00
  < e0 .. 81 *
  < closed

[MQTT-4.13.1-1] packets that only servers send are a protocol error: CONNACK
  connect
  > 20 03 00 00 00
  < e0 .. 82 *
  < closed

[MQTT-4.13.1-1] packets that only servers send are a protocol error: SUBACK
  connect
  > 90 .. 0001 () 00
  < e0 .. 82 *
  < closed

[MQTT-4.13.1-1] packets that only servers send are a protocol error: UNSUBACK
  connect
  > b0 .. 0001 () 00
  < e0 .. 82 *
  < closed

[MQTT-4.13.1-1] packets that only servers send are a protocol error: PINGRESP
  connect
  > d0 00
  < e0 .. 82 *
  < closed

[MQTT-4.13.1-1] the packet type 0 is malformed
  connect
  > 00 00
  < e0 .. 81 *
  < closed

[MQTT-4.13.2-1] a PUBACK with an error code ends the connection
  connect
  > 82 .. 0001 () "a/x" 01
  < 90 .. 0001 () 01
  peer connect
  peer > 32 .. "a/x" 0001 () '1'
  < 32 .. "a/x" 0001 () '1'
  > 40 03 0001 97
  < e0 .. 80 *
  < closed

[MQTT-4.13.2-1] a CONNACK with an error code ends the connection
  open
  > 10 .. "MQTT" 05 02 003c () "nobody"
  < 20 .. 00 87 *
  < closed
`);
