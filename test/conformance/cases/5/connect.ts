import { parseCases } from '../../scenario.ts';

/** MQTT 5: CONNECT (3.1). */
export const connectCases = parseCases(`
[MQTT-3.1.0-1] a first packet that is not CONNECT closes the connection
  open
  > 30 .. "a/x" () 'hello'
  < closed

[MQTT-3.1.0-1] [MQTT-3.14.0-1] nothing is told to who sent no CONNECT
  open
  > f0 00
  < closed

[MQTT-3.1.0-2] [MQTT-3.2.0-2] a second CONNECT is a protocol error
  connect
  > 10 .. "MQTT" 05 02 003c () "dev"
  < e0 .. 82 *
  < closed

[MQTT-3.1.2-1] another protocol's name closes the connection
  open
  > 10 .. "HTTP" 05 02 003c () "dev"
  < closed

[MQTT-3.1.2-2] an unknown version is refused in the words of MQTT 3.1.1
  open
  > 10 .. "MQTT" 06 02 003c () "dev"
  < 20 02 00 01
  < closed

[MQTT-3.1.2-3] the reserved connect flag is malformed
  open
  > 10 .. "MQTT" 05 03 003c () "dev"
  < 20 .. 00 81 *
  < closed

[MQTT-3.1.2-4] [MQTT-3.1.4-4] [MQTT-3.2.2-2] a clean start ends the session that there was
  connect persistent
  > 82 .. 0001 () "a/x" 01
  < 90 .. 0001 () 01
  leave
  open
  > 10 .. "MQTT" 05 02 003c (11 00000e10) "dev"
  < 20 .. 00 00 *
  > 30 .. "a/x" () 'nobody listens'
  < nothing

[MQTT-3.1.2-5] [MQTT-3.2.2-3] without a clean start the session goes on
  connect persistent
  > 82 .. 0001 () "a/x" 00
  < 90 .. 0001 () 00
  drop
  open
  > 10 .. "MQTT" 05 00 003c () "dev"
  < 20 .. 01 00 *
  > 30 .. "a/x" () 'x'
  < 30 .. "a/x" () 'x'

[MQTT-3.1.2-6] [MQTT-3.2.2-3] without a session there is a new one, that was not present
  open
  > 10 .. "MQTT" 05 00 003c (11 00000e10) "dev"
  < 20 .. 00 00 *
  < nothing

[MQTT-3.1.2-9] the will flag without a will is malformed
  open
  > 10 .. "MQTT" 05 06 003c () "dev"
  < 20 .. 00 81 *
  < closed

[MQTT-3.1.2-9] a will is refused with 0x83 when it is complete
  open
  > 10 .. "MQTT" 05 06 003c () "dev" () "a/x" "gone"
  < 20 .. 00 83 *
  < closed

[MQTT-3.1.2-11] a QoS of the will without a will is malformed
  open
  > 10 .. "MQTT" 05 12 003c () "dev"
  < 20 .. 00 81 *
  < closed

[MQTT-3.1.2-12] a will with QoS 3 is malformed
  open
  > 10 .. "MQTT" 05 1e 003c () "dev" () "a/x" "gone"
  < 20 .. 00 81 *
  < closed

[MQTT-3.1.2-13] a retained will without a will is malformed
  open
  > 10 .. "MQTT" 05 22 003c () "dev"
  < 20 .. 00 81 *
  < closed

[MQTT-3.1.2-16] a username without its flag is malformed
  open
  > 10 .. "MQTT" 05 02 003c () "dev" "dev"
  < 20 .. 00 81 *
  < closed

[MQTT-3.1.2-17] the flag of a username without one is malformed
  open
  > 10 .. "MQTT" 05 82 003c () "dev"
  < 20 .. 00 81 *
  < closed

[MQTT-3.1.2-18] a password without its flag is malformed
  open
  > 10 .. "MQTT" 05 82 003c () "dev" "dev" "secret"
  < 20 .. 00 81 *
  < closed

[MQTT-3.1.2-19] the flag of a password without one is malformed
  open
  > 10 .. "MQTT" 05 c2 003c () "dev" "dev"
  < 20 .. 00 81 *
  < closed

[MQTT-3.1.2-19] a password may come without a username in MQTT 5
  open
  > 10 .. "MQTT" 05 42 003c () "dev" "secret"
  < 20 .. 00 00 *

[MQTT-3.1.2-22] [MQTT-3.2.2-22] the client's keep alive holds, one and a half times
  open
  > 10 .. "MQTT" 05 02 000a () "dev"
  < 20 .. 00 00 *
  wait 14 s
  < nothing
  wait 16 s
  < e0 .. 8d *
  < closed

[MQTT-3.1.2-22] without a keep alive, the server's own holds, which the client is told
  open
  > 10 .. "MQTT" 05 02 0000 () "dev"
  < 20 .. 00 00 (21 0064 24 01 25 00 27 00080000 22 000a 28 01 29 00 2a 00 13 0488)
  wait 1741 s
  < e0 .. 8d *
  < closed

[MQTT-3.1.2-23] [MQTT-4.1.0-2] a session is kept for 3600 seconds, whatever was asked for
  open
  > 10 .. "MQTT" 05 02 003c (11 00000001) "dev"
  < 20 .. 00 00 (21 0064 24 01 25 00 27 00080000 22 000a 28 01 29 00 2a 00 11 00000e10)
  drop
  wait 3599 s
  open
  > 10 .. "MQTT" 05 00 003c (11 ffffffff) "dev"
  < 20 .. 01 00 *
  drop
  wait 3601 s
  open
  > 10 .. "MQTT" 05 00 003c () "dev"
  < 20 .. 00 00 *

[MQTT-3.1.2-23] [MQTT-4.1.0-2] with a Session Expiry Interval of 0 it ends with the connection
  open
  > 10 .. "MQTT" 05 02 003c (11 00000000) "dev"
  < 20 .. 00 00 *
  drop
  open
  > 10 .. "MQTT" 05 00 003c () "dev"
  < 20 .. 00 00 *

[MQTT-3.1.2-24] [MQTT-3.1.2-25] a message too large for the client is not sent, and is over
  open
  > 10 .. "MQTT" 05 02 003c (27 00000028 21 0001) "dev"
  < 20 .. 00 00 *
  > 82 .. 0001 () "a/x" 01
  < 90 .. 0001 () 01
  peer connect
  peer > 32 .. "a/x" 0001 () 78*40
  peer < 40 02 0001
  peer > 32 .. "a/x" 0002 () 'small'
  < 32 .. "a/x" 0001 () 'small'

[MQTT-3.1.2-24] a CONNACK that would be too large is none: 0x95 fits
  open
  > 10 .. "MQTT" 05 02 003c (27 00000014) "dev"
  < 20 03 00 95 00
  < closed

[MQTT-3.1.2-24] where no CONNACK fits, the connection closes without one
  open
  > 10 .. "MQTT" 05 02 003c (27 00000004) "dev"
  < closed

[MQTT-3.1.2-24] a SUBACK that would be too large ends the connection instead
  open
  > 10 .. "MQTT" 05 02 003c (27 00000028) "dev"
  < 20 .. 00 00 *
  > 82 .. 0001 () 00017800*40
  < e0 02 95 00
  < closed

[MQTT-3.1.2-26] [MQTT-3.1.2-27] [MQTT-3.3.2-11] no Topic Alias is ever sent to a client
  open
  > 10 .. "MQTT" 05 02 003c (22 000a) "dev"
  < 20 .. 00 00 *
  > 82 .. 0001 () "a/x" 00
  < 90 .. 0001 () 00
  > 30 .. "a/x" (23 0003) '1'
  < 30 .. "a/x" () '1'
  > 30 .. "" (23 0003) '2'
  < 30 .. "a/x" () '2'

[MQTT-3.1.2-28] no Response Information is sent, whether it is asked for or not
  open
  > 10 .. "MQTT" 05 02 003c (19 01) "dev"
  < 20 .. 00 00 (21 0064 24 01 25 00 27 00080000 22 000a 28 01 29 00 2a 00)
  rival open
  rival > 10 .. "MQTT" 05 02 003c (19 00) "dev"
  rival < 20 .. 00 00 (21 0064 24 01 25 00 27 00080000 22 000a 28 01 29 00 2a 00)

[MQTT-3.1.2-29] without Request Problem Information there is no Reason String but in DISCONNECT
  open
  > 10 .. "MQTT" 05 02 003c (17 00) "dev"
  < 20 .. 00 00 *
  > 82 .. 0001 () "c/y" 00
  < 90 .. 0001 () 87
  > 32 .. "c/y" 0002 () 'x'
  < 40 .. 0002 87 ()
  < e0 .. 87 ?? 1f *
  < closed

[MQTT-3.1.2-29] with it, SUBACK and PUBACK say why
  connect
  > 82 .. 0001 () "c/y" 00
  < 90 .. 0001 ?? ?? 1f *
  > 32 .. "c/y" 0002 () 'x'
  < 40 .. 0002 87 ?? 1f *
  < e0 .. 87 ?? 1f *
  < closed

[MQTT-3.1.3-1] [MQTT-3.1.4-5] client identifier, username and password are read in this order
  open
  > 10 .. "MQTT" 05 c2 003c () "dev" "dev" "secret"
  < 20 .. 00 00 *

[MQTT-3.1.3-2] a session belongs to the client identifier that it was made with
  connect persistent
  leave
  peer open
  peer > 10 .. "MQTT" 05 00 003c () "peer"
  peer < 20 .. 00 00 *
  open
  > 10 .. "MQTT" 05 00 003c () "dev"
  < 20 .. 01 00 *

[MQTT-3.1.3-3] a CONNECT without a client identifier is malformed
  open
  > 10 .. "MQTT" 05 02 003c ()
  < 20 .. 00 81 *
  < closed

[MQTT-3.1.3-4] a client identifier that is no UTF-8 is malformed
  open
  > 10 .. "MQTT" 05 02 003c () 0001 ff
  < 20 .. 00 81 *
  < closed

[MQTT-3.1.3-5] a client identifier of 23 letters and digits is accepted
  long open
  long > 10 .. "MQTT" 05 02 003c () "0123456789ABCDEFGHIJxyz"
  long < 20 .. 00 00 *

[MQTT-3.1.3-8] [MQTT-3.2.2-6] [MQTT-3.2.2-7] an empty client identifier is refused with 0x85
  open
  > 10 .. "MQTT" 05 02 003c () ""
  < 20 .. 00 85 *
  < closed

[MQTT-3.1.3-11] a will topic that is no UTF-8 is malformed
  open
  > 10 .. "MQTT" 05 06 003c () "dev" () 0001 ff "gone"
  < 20 .. 00 81 *
  < closed

[MQTT-3.1.3-12] a username that is no UTF-8 is malformed
  open
  > 10 .. "MQTT" 05 82 003c () "dev" 0001 ff
  < 20 .. 00 81 *
  < closed

[MQTT-3.1.4-1] bytes left over are malformed
  open
  > 10 .. "MQTT" 05 02 003c () "dev" 00
  < 20 .. 00 81 *
  < closed

[MQTT-3.1.4-1] properties that are cut off are malformed
  open
  > 10 .. "MQTT" 05 02 003c 05 11 0000
  < 20 .. 00 81 *
  < closed

[MQTT-3.1.4-1] a property that is cut off is malformed
  open
  > 10 .. "MQTT" 05 02 003c (11 0000) "dev"
  < 20 .. 00 81 *
  < closed

[MQTT-3.1.4-1] a property of no known meaning is malformed
  open
  > 10 .. "MQTT" 05 02 003c (04 01) "dev"
  < 20 .. 00 81 *
  < closed

[MQTT-3.1.4-1] a property of another packet is malformed
  open
  > 10 .. "MQTT" 05 02 003c (23 0001) "dev"
  < 20 .. 00 81 *
  < closed

[MQTT-3.1.4-1] a property of a will that belongs to CONNECT is malformed
  open
  > 10 .. "MQTT" 05 06 003c () "dev" (21 0001) "a/x" "gone"
  < 20 .. 00 81 *
  < closed

[MQTT-3.1.4-1] a property that is there twice is a protocol error
  open
  > 10 .. "MQTT" 05 02 003c (11 00000001 11 00000001) "dev"
  < 20 .. 00 82 *
  < closed

[MQTT-3.1.4-1] a Receive Maximum of 0 is a protocol error
  open
  > 10 .. "MQTT" 05 02 003c (21 0000) "dev"
  < 20 .. 00 82 *
  < closed

[MQTT-3.1.4-1] a Maximum Packet Size of 0 is a protocol error
  open
  > 10 .. "MQTT" 05 02 003c (27 00000000) "dev"
  < 20 .. 00 82 *
  < closed

[MQTT-3.1.4-1] a Request Problem Information of 2 is a protocol error
  open
  > 10 .. "MQTT" 05 02 003c (17 02) "dev"
  < 20 .. 00 82 *
  < closed

[MQTT-3.1.4-1] a Request Response Information of 2 is a protocol error
  open
  > 10 .. "MQTT" 05 02 003c (19 02) "dev"
  < 20 .. 00 82 *
  < closed

[MQTT-3.1.4-1] every property of CONNECT that is fine is taken, and User Properties are let be
  open
  > 10 .. "MQTT" 05 02 003c (11 00000e10 21 000a 27 00010000 22 0005 19 00 17 01 26 "k" "v") "dev"
  < 20 .. 00 00 *

[MQTT-3.1.4-2] a client that is not known is refused with 0x87
  open
  > 10 .. "MQTT" 05 02 003c () "nobody"
  < 20 .. 00 87 *
  < closed

[MQTT-3.1.4-3] a newer connection of a client ends the older one with 0x8E
  connect
  rival open
  rival > 10 .. "MQTT" 05 02 003c () "dev"
  rival < 20 .. 00 00 *
  < e0 .. 8e ?? 1f *
  < closed
  rival < nothing

[MQTT-3.1.4-6] what follows a refused CONNECT is not processed
  peer connect
  peer > 82 .. 0001 () "a/x" 00
  peer < 90 .. 0001 () 00
  open
  > 10 12 "MQTT" 05 02 003c () "other" 30 0c "a/x" () 'secret'
  < 20 .. 00 87 *
  < closed
  peer < nothing
`);
