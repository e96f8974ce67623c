import { parseCases } from '../../scenario.ts';

/** MQTT 3.1.1: SUBSCRIBE, UNSUBSCRIBE, PINGREQ and DISCONNECT (3.8 to 3.14). */
export const subscribeCases = parseCases(`
[MQTT-3.8.1-1] [MQTT-2.2.2-1] [MQTT-2.2.2-2] SUBSCRIBE with wrong flags closes the connection
  connect
  > 80 .. 0001 "a/x" 00
  < closed

[MQTT-2.3.1-1] SUBSCRIBE with the packet identifier 0 closes the connection
  connect
  > 82 .. 0000 "a/x" 00
  < closed

[MQTT-3.8.3-1] [MQTT-1.5.3-1] a topic filter that is no UTF-8 closes the connection
  connect
  > 82 .. 0001 0003 'a' c328 00
  < closed

[MQTT-1.5.3-2] [MQTT-4.7.3-2] a topic filter with U+0000 closes the connection
  connect
  > 82 .. 0001 0003 'a/' 00 00
  < closed

[MQTT-3.8.3-1] a topic filter that is cut off closes the connection
  connect
  > 82 .. 0001 0005 'a/x' 00
  < closed

[MQTT-3.8.3-3] SUBSCRIBE without a topic filter closes the connection
  connect
  > 82 02 0001
  < closed

[MQTT-3.8.3-3] a topic filter without its QoS closes the connection
  connect
  > 82 .. 0001 "a/x"
  < closed

[MQTT-3.8.3-4] reserved bits beside the QoS close the connection
  connect
  > 82 .. 0001 "a/x" 04
  < closed

[MQTT-3.8.3-4] QoS 3 closes the connection
  connect
  > 82 .. 0001 "a/x" 03
  < closed

[MQTT-3.8.4-1] [MQTT-3.8.4-2] [MQTT-2.3.1-7] SUBACK answers with the identifier of SUBSCRIBE
  connect
  > 82 .. abcd "a/x" 00
  < 90 03 abcd 00

[MQTT-3.8.4-3] the same filter again replaces the subscription
  connect
  > 82 .. 0001 "a/x" 00
  < 90 03 0001 00
  > 82 .. 0002 "a/x" 01
  < 90 03 0002 01
  peer connect
  peer > 32 .. "a/x" 0001 'x'
  < 32 .. "a/x" 0001 'x'
  < nothing

[MQTT-3.8.4-4] [MQTT-3.8.4-5] [MQTT-3.9.3-1] many filters are answered at once, in their order
  connect
  > 82 .. 0001 "c/1" 01 "a/1" 01 "c/2" 00 "a/2" 00
  < 90 06 0001 80 01 80 00
  > 30 .. "a/1" 'x'
  < 30 .. "a/1" 'x'
  > 30 .. "a/2" 'y'
  < 30 .. "a/2" 'y'

[MQTT-3.8.4-5] [MQTT-3.9.3-2] QoS 2 is asked for, QoS 1 is granted
  connect
  > 82 .. 0001 "a/x" 02
  < 90 03 0001 01

[MQTT-3.9.3-2] every refusal is 0x80: not permitted, shared, and too long
  connect
  > 82 .. 0001 "c/y" 00 "$share/g/a/x" 00 0102 'a/' 78*256 00
  < 90 05 0001 80 80 80
  < nothing

[MQTT-3.8.4-6] what was published at QoS 0 is delivered at QoS 0
  connect
  > 82 .. 0001 "a/x" 01
  < 90 03 0001 01
  > 30 .. "a/x" 'x'
  < 30 .. "a/x" 'x'

[MQTT-3.8.4-6] what was granted at QoS 0 is delivered at QoS 0
  connect
  > 82 .. 0001 "a/x" 00
  < 90 03 0001 00
  peer connect
  peer > 32 .. "a/x" 0001 'x'
  < 30 .. "a/x" 'x'

[MQTT-3.10.1-1] [MQTT-2.2.2-2] UNSUBSCRIBE with wrong flags closes the connection
  connect
  > a0 .. 0001 "a/x"
  < closed

[MQTT-2.3.1-1] UNSUBSCRIBE with the packet identifier 0 closes the connection
  connect
  > a2 .. 0000 "a/x"
  < closed

[MQTT-3.10.3-1] a topic filter to unsubscribe from that is no UTF-8 closes the connection
  connect
  > a2 .. 0001 0003 'a' eda0
  < closed

[MQTT-3.10.3-2] UNSUBSCRIBE without a topic filter closes the connection
  connect
  > a2 02 0001
  < closed

[MQTT-3.10.4-1] only the very filter is unsubscribed from, whatever it matches
  connect
  > 82 .. 0001 "a/+" 00
  < 90 03 0001 00
  > a2 .. 0002 "a/#"
  < b0 02 0002
  > 30 .. "a/x" 'still'
  < 30 .. "a/x" 'still'

[MQTT-3.10.4-2] [MQTT-3.10.4-4] [MQTT-2.3.1-7] after UNSUBACK nothing new is delivered
  connect
  > 82 .. 0001 "a/x" 00
  < 90 03 0001 00
  > a2 .. 0102 "a/x"
  < b0 02 0102
  > 30 .. "a/x" 'x'
  < nothing

[MQTT-3.10.4-3] what was sent before is delivered to its end
  connect persistent
  > 82 .. 0001 "a/x" 01
  < 90 03 0001 01
  peer connect
  peer > 32 .. "a/x" 0001 'x'
  < 32 .. "a/x" 0001 'x'
  > a2 .. 0002 "a/x"
  < b0 02 0002
  drop
  open
  > 10 .. "MQTT" 04 00 003c "dev"
  < 20 02 01 00
  < 3a .. "a/x" 0001 'x'

[MQTT-3.10.4-5] a filter that was not subscribed to is answered too
  connect
  > a2 .. 0001 "a/never"
  < b0 02 0001

[MQTT-3.10.4-6] many filters to unsubscribe from get one UNSUBACK
  connect
  > 82 .. 0001 "a/1" 00 "a/2" 00
  < 90 04 0001 00 00
  > a2 .. 0002 "a/1" "a/2" "a/3"
  < b0 02 0002
  > 30 .. "a/1" 'x'
  > 30 .. "a/2" 'x'
  < nothing

[MQTT-3.12.4-1] PINGREQ is answered with PINGRESP
  connect
  > c0 00
  < d0 00

[MQTT-4.8.0-1] PINGREQ that holds bytes closes the connection
  connect
  > c0 01 00
  < closed

[MQTT-2.2.2-2] PINGREQ with a reserved flag closes the connection
  connect
  > c1 00
  < closed

[MQTT-3.14.1-1] DISCONNECT with a reserved flag closes the connection
  connect
  > e1 00
  < closed

[MQTT-4.8.0-1] DISCONNECT that holds bytes closes the connection
  connect
  > e0 01 00
  < closed

[MQTT-4.8.0-1] packets that only servers send close the connection: SUBACK
  connect
  > 90 03 0001 00
  < closed

[MQTT-4.8.0-1] packets that only servers send close the connection: UNSUBACK
  connect
  > b0 02 0001
  < closed

[MQTT-4.8.0-1] packets that only servers send close the connection: PINGRESP
  connect
  > d0 00
  < closed

[MQTT-4.8.0-1] packets that only servers send close the connection: CONNACK
  connect
  > 20 02 00 00
  < closed

[MQTT-4.8.0-1] the packet types that MQTT 3.1.1 does not know close the connection: 0
  connect
  > 00 00
  < closed

[MQTT-4.8.0-1] the packet types that MQTT 3.1.1 does not know close the connection: 15
  connect
  > f0 00
  < closed
`);
