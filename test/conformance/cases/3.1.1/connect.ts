import { parseCases } from '../../scenario.ts';

/** MQTT 3.1.1: CONNECT and CONNACK (3.1, 3.2). */
export const connectCases = parseCases(`
[MQTT-3.1.0-1] a first packet that is PUBLISH closes the connection
  open
  > 30 .. "a/x" 'hello'
  < closed

[MQTT-3.1.0-1] a first packet that is PINGREQ closes the connection
  open
  > c0 00
  < closed

[MQTT-3.1.0-1] a first packet that only servers send closes the connection
  open
  > 20 02 00 00
  < closed

[MQTT-3.1.0-2] [MQTT-4.8.0-1] a second CONNECT closes the connection
  connect
  > 10 .. "MQTT" 04 02 003c "dev"
  < closed

[MQTT-3.1.2-1] another protocol's name closes the connection
  open
  > 10 .. "MQTX" 04 02 003c "dev"
  < closed

[MQTT-3.1.2-1] a protocol name in other letters is another name
  open
  > 10 .. "mqtt" 04 02 003c "dev"
  < closed

[MQTT-3.1.2-2] [MQTT-3.2.2-4] [MQTT-3.2.2-5] MQTT 3.1 is answered with return code 1
  open
  > 10 .. "MQIsdp" 03 02 003c "dev"
  < 20 02 00 01
  < closed

[MQTT-3.1.2-2] an unknown protocol level is answered with return code 1
  open
  > 10 .. "MQTT" 06 02 003c "dev"
  < 20 02 00 01
  < closed

[MQTT-3.1.2-2] the level of a bridge, with its highest bit set, is unknown
  open
  > 10 .. "MQTT" 84 02 003c "dev"
  < 20 02 00 01
  < closed

[MQTT-3.1.2-3] [MQTT-3.1.4-1] the reserved connect flag closes the connection without CONNACK
  open
  > 10 .. "MQTT" 04 03 003c "dev"
  < closed

[MQTT-3.1.2-11] [MQTT-3.1.2-13] a QoS of the will without a will closes the connection
  open
  > 10 .. "MQTT" 04 0a 003c "dev"
  < closed

[MQTT-3.1.2-11] [MQTT-3.1.2-15] a retained will without a will closes the connection
  open
  > 10 .. "MQTT" 04 22 003c "dev"
  < closed

[MQTT-3.1.2-11] will fields without the will flag are bytes too many
  open
  > 10 .. "MQTT" 04 02 003c "dev" "a/x" "gone"
  < closed

[MQTT-3.1.2-12] without a will nothing is published when the connection breaks
  peer connect
  peer > 82 .. 0001 "a/#" 00
  peer < 90 03 0001 00
  connect
  drop
  peer < nothing

[MQTT-3.1.2-14] a will with QoS 3 closes the connection
  open
  > 10 .. "MQTT" 04 1e 003c "dev" "a/x" "gone"
  < closed

[MQTT-3.2.2-6] no return code says that a will is not supported, so there is no CONNACK
  open
  > 10 .. "MQTT" 04 06 003c "dev" "a/x" "gone"
  < closed

[MQTT-3.1.2-18] a username without its flag closes the connection
  open
  > 10 .. "MQTT" 04 02 003c "dev" "dev"
  < closed

[MQTT-3.1.2-19] the flag of a username without one closes the connection
  open
  > 10 .. "MQTT" 04 82 003c "dev"
  < closed

[MQTT-3.1.2-20] a password without its flag closes the connection
  open
  > 10 .. "MQTT" 04 82 003c "dev" "dev" "secret"
  < closed

[MQTT-3.1.2-21] the flag of a password without one closes the connection
  open
  > 10 .. "MQTT" 04 c2 003c "dev" "dev"
  < closed

[MQTT-3.1.2-22] a password without a username closes the connection
  open
  > 10 .. "MQTT" 04 42 003c "dev" "secret"
  < closed

[MQTT-3.1.2-24] a client silent for one and a half times its keep alive is disconnected
  open
  > 10 .. "MQTT" 04 02 000a "dev"
  < 20 02 00 00
  wait 14 s
  < nothing
  wait 16 s
  < closed

[MQTT-3.1.2-24] without a keep alive, the server's own of 1160 seconds holds
  open
  > 10 .. "MQTT" 04 02 0000 "dev"
  < 20 02 00 00
  wait 1739 s
  < nothing
  wait 1741 s
  < closed

[MQTT-3.1.3-1] [MQTT-3.1.4-4] client identifier, username and password are read in this order
  open
  > 10 .. "MQTT" 04 c2 003c "dev" "dev" "secret"
  < 20 02 00 00
  < nothing

[MQTT-3.1.3-2] a session belongs to the client identifier that it was made with
  connect persistent
  leave
  peer open
  peer > 10 .. "MQTT" 04 00 003c "peer"
  peer < 20 02 00 00
  open
  > 10 .. "MQTT" 04 00 003c "dev"
  < 20 02 01 00

[MQTT-3.1.3-3] a CONNECT without a client identifier closes the connection
  open
  > 10 .. "MQTT" 04 02 003c
  < closed

[MQTT-3.1.3-3] a client identifier that is cut off closes the connection
  open
  > 10 .. "MQTT" 04 02 003c 0004 'dev'
  < closed

[MQTT-1.5.3-1] [MQTT-3.1.3-4] a client identifier that is no UTF-8 closes the connection
  open
  > 10 .. "MQTT" 04 02 003c 0003 eda080
  < closed

[MQTT-1.5.3-2] a client identifier with U+0000 closes the connection
  open
  > 10 .. "MQTT" 04 02 003c 0003 64 00 76
  < closed

[MQTT-1.5.3-1] a client identifier with a control character closes the connection
  open
  > 10 .. "MQTT" 04 02 003c 0003 64 07 76
  < closed

[MQTT-3.1.3-5] a client identifier of 23 letters and digits is accepted
  long open
  long > 10 .. "MQTT" 04 02 003c "0123456789ABCDEFGHIJxyz"
  long < 20 02 00 00
  long < nothing

[MQTT-3.1.3-8] [MQTT-3.2.2-4] [MQTT-3.2.2-5] an empty client identifier and a session to keep: 2
  open
  > 10 .. "MQTT" 04 00 003c ""
  < 20 02 00 02
  < closed

[MQTT-3.1.3-9] an empty client identifier is refused with 2, since none is assigned
  open
  > 10 .. "MQTT" 04 02 003c ""
  < 20 02 00 02
  < closed

[MQTT-3.1.3-11] a username that is no UTF-8 closes the connection
  open
  > 10 .. "MQTT" 04 82 003c "dev" 0002 c328
  < closed

[MQTT-3.1.4-1] bytes left over in CONNECT close the connection without CONNACK
  open
  > 10 .. "MQTT" 04 02 003c "dev" 00
  < closed

[MQTT-3.1.4-1] a CONNECT that is cut off closes the connection without CONNACK
  open
  > 10 .. "MQTT" 04 02 00
  < closed

[MQTT-3.1.4-2] a newer connection of a client ends the older one
  connect
  rival open
  rival > 10 .. "MQTT" 04 02 003c "dev"
  rival < 20 02 00 00
  < closed
  rival < nothing

[MQTT-3.1.4-5] what follows a refused CONNECT is not processed
  peer connect
  peer > 82 .. 0001 "a/x" 00
  peer < 90 03 0001 00
  open
  > 10 11 "MQTT" 04 02 003c "other" 30 0b "a/x" 'secret'
  < 20 02 00 05
  < closed
  peer < nothing

[MQTT-3.2.0-1] CONNACK comes before what waited for the session
  connect persistent
  > 82 .. 0001 "a/x" 01
  < 90 03 0001 01
  leave
  peer connect
  peer > 32 .. "a/x" 0001 'waits'
  peer < 40 02 0001
  open
  > 10 .. "MQTT" 04 00 003c "dev"
  < 20 02 01 00
  < 32 .. "a/x" 0001 'waits'

[MQTT-3.2.2-1] [MQTT-3.1.2-6] [MQTT-3.1.4-3] a clean session is told that there was none
  connect persistent
  > 82 .. 0001 "a/x" 01
  < 90 03 0001 01
  leave
  open
  > 10 .. "MQTT" 04 02 003c "dev"
  < 20 02 00 00
  > 30 .. "a/x" 'nobody listens'
  < nothing

[MQTT-3.1.2-6] [MQTT-3.2.2-3] a clean session is over with its connection
  connect
  leave
  open
  > 10 .. "MQTT" 04 00 003c "dev"
  < 20 02 00 00

[MQTT-3.2.2-2] [MQTT-3.1.2-4] a session that was kept is present
  connect persistent
  drop
  open
  > 10 .. "MQTT" 04 00 003c "dev"
  < 20 02 01 00

[MQTT-3.2.2-3] [MQTT-3.1.2-4] without a session one is made, and it was not present
  open
  > 10 .. "MQTT" 04 00 003c "dev"
  < 20 02 00 00
  < nothing

[MQTT-3.2.2-5] a client that is not known is refused with 5, and the connection closes
  open
  > 10 .. "MQTT" 04 02 003c "nobody"
  < 20 02 00 05
  < closed
`);
