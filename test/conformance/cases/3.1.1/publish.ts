import { parseCases } from '../../scenario.ts';

/** MQTT 3.1.1: PUBLISH and its acknowledgements (3.3 to 3.7). */
export const publishCases = parseCases(`
[MQTT-3.3.1-1] [MQTT-4.4.0-1] [MQTT-2.3.1-4] an unacknowledged message comes again, as duplicate
  connect persistent
  > 82 .. 0001 "a/x" 01
  < 90 03 0001 01
  peer connect
  peer > 32 .. "a/x" 0001 'once'
  peer < 40 02 0001
  < 32 .. "a/x" 0001 'once'
  drop
  open
  > 10 .. "MQTT" 04 00 003c "dev"
  < 20 02 01 00
  < 3a .. "a/x" 0001 'once'
  > 40 02 0001
  < nothing

[MQTT-3.3.1-2] the duplicate flag at QoS 0 closes the connection
  connect
  > 38 .. "a/x" 'x'
  < closed

[MQTT-3.3.1-3] the duplicate flag of a publisher is not passed on
  connect
  > 82 .. 0001 "a/x" 01
  < 90 03 0001 01
  peer connect
  peer > 3a .. "a/x" 0001 'x'
  peer < 40 02 0001
  < 32 .. "a/x" 0001 'x'

[MQTT-3.3.1-4] QoS 3 closes the connection
  connect
  > 36 .. "a/x" 0001 'x'
  < closed

[MQTT-3.3.1-9] the RETAIN flag of a message to an established subscription is 0
  connect
  > 82 .. 0001 "a/x" 00
  < 90 03 0001 00
  > 30 .. "a/x" 'x'
  < 30 .. "a/x" 'x'

[MQTT-3.3.1-12] a message without RETAIN is not kept for later subscribers
  connect
  > 30 .. "a/x" 'x'
  > 82 .. 0001 "a/x" 00
  < 90 03 0001 00
  < nothing

[MQTT-3.3.2-1] a PUBLISH without a topic name closes the connection
  connect
  > 30 00
  < closed

[MQTT-3.3.2-1] a topic name that is cut off closes the connection
  connect
  > 30 .. 0009 'a/x'
  < closed

[MQTT-3.3.2-1] [MQTT-1.5.3-1] a topic name that is no UTF-8 closes the connection
  connect
  > 30 .. 0005 'a/' eda080 'x'
  < closed

[MQTT-1.5.3-1] an overlong form of a character is no UTF-8
  connect
  > 30 .. 0004 'a/' c0af 'x'
  < closed

[MQTT-1.5.3-2] [MQTT-4.7.3-2] a topic name with U+0000 closes the connection
  connect
  > 30 .. 0004 'a/' 00 'x'
  < closed

[MQTT-1.5.3-3] U+FEFF is a character of a topic, and stays in it
  connect
  > 82 .. 0001 0006 efbbbf 'a/x' 00
  < 90 03 0001 00
  > 30 .. "a/x" 'other'
  > 30 .. 0006 efbbbf 'a/x' 'same'
  < 30 .. 0006 efbbbf 'a/x' 'same'
  < nothing

[MQTT-3.3.2-2] [MQTT-4.7.1-1] a topic name with # closes the connection
  connect
  > 30 .. "a/#" 'x'
  < closed

[MQTT-3.3.2-2] [MQTT-4.7.1-1] a topic name with + closes the connection
  connect
  > 32 .. "a/+" 0001 'x'
  < closed

[MQTT-3.3.2-3] what is delivered has the topic name it was published with
  connect
  > 82 .. 0001 "a/+/c" 00
  < 90 03 0001 00
  > 30 .. "a/b/c" 'x'
  > 30 .. "a/b/d" 'x'
  < 30 .. "a/b/c" 'x'
  < nothing

[MQTT-3.3.4-1] [MQTT-4.3.2-2] [MQTT-2.3.1-6] QoS 1 is answered with PUBACK and its identifier
  connect
  > 32 .. "a/x" abcd 'x'
  < 40 02 abcd
  < nothing

[MQTT-3.3.4-1] QoS 0 is not answered
  connect
  > 30 .. "a/x" 'x'
  < nothing

[MQTT-3.3.4-1] QoS 2 is not supported, and closes the connection
  connect
  > 34 .. "a/x" 0001 'x'
  < closed

[MQTT-3.3.5-1] overlapping subscriptions deliver at the highest QoS of them
  connect
  > 82 .. 0001 "a/#" 00 "a/x" 01 "a/+" 00
  < 90 05 0001 00 01 00
  > 32 .. "a/x" 0009 'x'
  < 32 .. "a/x" 0001 'x'
  < 40 02 0009
  < nothing

[MQTT-3.3.5-2] a PUBLISH that is not permitted closes the connection
  connect
  > 32 .. "c/y" 0001 'x'
  < closed

[MQTT-2.3.1-1] a QoS 1 PUBLISH with the packet identifier 0 closes the connection
  connect
  > 32 .. "a/x" 0000 'x'
  < closed

[MQTT-2.3.1-1] a QoS 1 PUBLISH without a packet identifier closes the connection
  connect
  > 32 .. "a/x" 01
  < closed

[MQTT-2.3.1-5] [MQTT-4.3.1-1] a delivery at QoS 0 has no packet identifier, and no duplicate flag
  connect
  > 82 .. 0001 "a/x" 00
  < 90 03 0001 00
  > 32 .. "a/x" 0007 'x'
  < 30 .. "a/x" 'x'
  < 40 02 0007

[MQTT-2.3.1-4] [MQTT-4.3.2-1] each delivery at QoS 1 has an identifier that is not in use
  connect
  > 82 .. 0001 "a/x" 01
  < 90 03 0001 01
  peer connect
  peer > 32 .. "a/x" 0001 '1'
  peer > 32 .. "a/x" 0002 '2'
  < 32 .. "a/x" 0001 '1'
  < 32 .. "a/x" 0002 '2'
  > 40 02 0001
  peer > 32 .. "a/x" 0003 '3'
  < 32 .. "a/x" 0003 '3'

[MQTT-2.2.2-2] PUBACK with a reserved flag closes the connection
  connect
  > 41 02 0001
  < closed

[MQTT-2.3.1-6] a PUBACK of what is not in flight closes the connection
  connect
  > 40 02 0001
  < closed

[MQTT-2.3.1-6] a PUBACK with the identifier 0 closes the connection
  connect
  > 40 02 0000
  < closed

[MQTT-4.8.0-1] a PUBACK with more bytes than MQTT 3.1.1 knows closes the connection
  connect
  > 40 03 0001 00
  < closed

[MQTT-4.8.0-1] a PUBACK without a whole identifier closes the connection
  connect
  > 40 01 00
  < closed

[MQTT-4.8.0-1] PUBREC for a QoS 1 message closes the connection
  connect
  > 82 .. 0001 "a/x" 01
  < 90 03 0001 01
  peer connect
  peer > 32 .. "a/x" 0001 'x'
  < 32 .. "a/x" 0001 'x'
  > 50 02 0001
  < closed

[MQTT-3.6.1-1] PUBREL with wrong flags closes the connection
  connect
  > 60 02 0001
  < closed

[MQTT-4.8.0-1] PUBREL of nothing closes the connection
  connect
  > 62 02 0001
  < closed

[MQTT-4.8.0-1] PUBCOMP of nothing closes the connection
  connect
  > 70 02 0001
  < closed
`);
