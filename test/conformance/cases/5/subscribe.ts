import { parseCases } from '../../scenario.ts';

/** MQTT 5: SUBSCRIBE, UNSUBSCRIBE and PINGREQ (3.8 to 3.12). */
export const subscribeCases = parseCases(`
[MQTT-3.8.1-1] SUBSCRIBE with wrong flags is malformed
  connect
  > 80 .. 0001 () "a/x" 00
  < e0 .. 81 *
  < closed

[MQTT-3.8.3-1] a topic filter that is no UTF-8 is malformed
  connect
  > 82 .. 0001 () 0002 c328 00
  < e0 .. 81 *
  < closed

[MQTT-3.8.3-1] a topic filter that is cut off is malformed
  connect
  > 82 .. 0001 () 0005 'a/x' 00
  < e0 .. 81 *
  < closed

[MQTT-3.8.3-2] SUBSCRIBE without a topic filter is a protocol error
  connect
  > 82 .. 0001 ()
  < e0 .. 82 *
  < closed

[MQTT-3.8.3-2] a topic filter without its options is malformed
  connect
  > 82 .. 0001 () "a/x"
  < e0 .. 81 *
  < closed

[MQTT-3.8.3-3] with No Local a client does not get its own messages, and others' it does
  connect
  > 82 .. 0001 () "a/x" 04
  < 90 .. 0001 () 00
  > 30 .. "a/x" () 'own'
  < nothing
  peer connect
  peer > 30 .. "a/x" () 'of another'
  < 30 .. "a/x" () 'of another'

[MQTT-3.8.3-3] No Local is of one subscription: another may deliver
  connect
  > 82 .. 0001 () "a/x" 05 "a/#" 00
  < 90 .. 0001 () 01 00
  > 32 .. "a/x" 0001 () 'own'
  < 30 .. "a/x" () 'own'
  < 40 02 0001

[MQTT-3.8.3-4] No Local on a shared subscription is a protocol error
  connect
  > 82 .. 0001 () "$share/g/a/x" 04
  < e0 .. 82 *
  < closed

[MQTT-3.8.3-5] reserved bits of the options are malformed
  connect
  > 82 .. 0001 () "a/x" 40
  < e0 .. 81 *
  < closed

[MQTT-3.8.3-5] the other reserved bit is malformed, too
  connect
  > 82 .. 0001 () "a/x" 80
  < e0 .. 81 *
  < closed

[MQTT-4.13.1-1] a subscription with QoS 3 is a protocol error
  connect
  > 82 .. 0001 () "a/x" 03
  < e0 .. 82 *
  < closed

[MQTT-4.13.1-1] a subscription with Retain Handling 3 is a protocol error
  connect
  > 82 .. 0001 () "a/x" 30
  < e0 .. 82 *
  < closed

[MQTT-4.13.1-1] a Subscription Identifier of 0 is a protocol error
  connect
  > 82 .. 0001 (0b 00) "a/x" 00
  < e0 .. 82 *
  < closed

[MQTT-4.13.1-1] Subscription Identifiers are refused with 0xA1
  connect
  > 82 .. 0001 (0b 01) "a/x" 00
  < e0 .. a1 *
  < closed

[MQTT-4.13.1-1] a Subscription Identifier that is there twice is a protocol error
  connect
  > 82 .. 0001 (0b 01 0b 02) "a/x" 00
  < e0 .. 82 *
  < closed

[MQTT-4.13.1-1] a property of another packet is malformed in SUBSCRIBE
  connect
  > 82 .. 0001 (11 00000000) "a/x" 00
  < e0 .. 81 *
  < closed

[MQTT-3.8.4-1] [MQTT-3.8.4-2] SUBACK answers, User Properties or not
  connect
  > 82 .. abcd (26 "k" "v" 26 "k" "v") "a/x" 00
  < 90 .. abcd () 00

[MQTT-3.8.4-3] the same filter again replaces the subscription
  connect
  > 82 .. 0001 () "a/x" 04
  < 90 .. 0001 () 00
  > 82 .. 0002 () "a/x" 01
  < 90 .. 0002 () 01
  > 32 .. "a/x" 0001 () 'x'
  < 32 .. "a/x" 0001 () 'x'
  < 40 02 0001
  < nothing

[MQTT-3.8.4-4] no message is lost while a subscription is replaced
  connect
  > 82 .. 0001 () "a/x" 00
  < 90 .. 0001 () 00
  > 30 07 "a/x" () '1' 82 09 0002 () "a/x" 00 30 07 "a/x" () '2'
  < 30 .. "a/x" () '1'
  < 90 .. 0002 () 00
  < 30 .. "a/x" () '2'

[MQTT-3.8.4-5] [MQTT-3.8.4-6] [MQTT-3.8.4-7] [MQTT-3.9.3-1] many filters, one answer, in order
  connect
  > 82 .. 0001 () "c/1" 01 "a/1" 01 "c/2" 00 "a/2" 00
  < 90 .. 0001 ?? ?? 1f *
  > 30 .. "a/1" () 'x'
  < 30 .. "a/1" () 'x'
  > 30 .. "a/2" () 'y'
  < 30 .. "a/2" () 'y'

[MQTT-3.8.4-7] [MQTT-3.9.3-2] what is refused says why, filter by filter
  open
  > 10 .. "MQTT" 05 02 003c (17 00) "dev"
  < 20 .. 00 00 *
  > 82 .. 0001 () "c/1" 01 "a/1" 02 "$share/g/a/x" 00 0102 'a/' 78*256 00 "a/2" 00
  < 90 .. 0001 () 87 01 9e 8f 00

[MQTT-3.8.4-8] the QoS of a delivery is the lower one of publication and subscription
  connect
  > 82 .. 0001 () "a/0" 00 "a/1" 01
  < 90 .. 0001 () 00 01
  peer connect
  peer > 32 .. "a/0" 0001 () 'x'
  < 30 .. "a/0" () 'x'
  peer > 30 .. "a/1" () 'x'
  < 30 .. "a/1" () 'x'
  peer > 32 .. "a/1" 0001 () 'x'
  < 32 .. "a/1" 0001 () 'x'

[MQTT-3.9.2-1] a Reason String is left out of SUBACK where it does not fit
  open
  > 10 .. "MQTT" 05 02 003c (27 00000028) "dev"
  < 20 .. 00 00 *
  > 82 .. 0001 () "c/y" 00
  < 90 04 0001 00 87

[MQTT-4.8.2-1] [MQTT-4.8.2-2] shared subscriptions are refused with 0x9E, malformed ones too
  open
  > 10 .. "MQTT" 05 02 003c (17 00) "dev"
  < 20 .. 00 00 *
  > 82 .. 0001 () "$share/g/a" 00 "$share/" 00 "$share//x" 00 "$share" 00
  < 90 .. 0001 () 9e 9e 9e 9e
  > 82 .. 0002 () "$share/+/x" 00 "$share/#" 00 "$share/g" 00 "$share/g/" 00
  < 90 .. 0002 () 9e 9e 9e 9e
  < nothing

[MQTT-3.10.1-1] UNSUBSCRIBE with wrong flags is malformed
  connect
  > a0 .. 0001 () "a/x"
  < e0 .. 81 *
  < closed

[MQTT-3.10.3-1] a topic filter to unsubscribe from that is no UTF-8 is malformed
  connect
  > a2 .. 0001 () 0001 ff
  < e0 .. 81 *
  < closed

[MQTT-3.10.3-2] UNSUBSCRIBE without a topic filter is a protocol error
  connect
  > a2 .. 0001 ()
  < e0 .. 82 *
  < closed

[MQTT-4.13.1-1] a property of another packet is malformed in UNSUBSCRIBE
  connect
  > a2 .. 0001 (0b 01) "a/x"
  < e0 .. 81 *
  < closed

[MQTT-3.10.4-1] only the very filter is unsubscribed from, whatever it matches
  connect
  > 82 .. 0001 () "a/+" 00
  < 90 .. 0001 () 00
  > a2 .. 0002 () "a/#"
  < b0 .. 0002 () 11
  > 30 .. "a/x" () 'still'
  < 30 .. "a/x" () 'still'

[MQTT-3.10.4-2] [MQTT-3.10.4-4] after UNSUBACK nothing new is delivered
  connect
  > 82 .. 0001 () "a/x" 00
  < 90 .. 0001 () 00
  > a2 .. 0102 (26 "k" "v") "a/x"
  < b0 .. 0102 () 00
  > 30 .. "a/x" () 'x'
  < nothing

[MQTT-3.10.4-3] what was sent before is delivered to its end
  connect persistent
  > 82 .. 0001 () "a/x" 01
  < 90 .. 0001 () 01
  peer connect
  peer > 32 .. "a/x" 0001 () 'x'
  < 32 .. "a/x" 0001 () 'x'
  > a2 .. 0002 () "a/x"
  < b0 .. 0002 () 00
  drop
  connect persistent
  < 3a .. "a/x" 0001 () 'x'

[MQTT-3.10.4-5] [MQTT-3.11.3-2] a filter that was not subscribed to is answered with 0x11
  connect
  > a2 .. 0001 () "a/never"
  < b0 .. 0001 () 11

[MQTT-3.10.4-6] [MQTT-3.11.3-1] many filters to unsubscribe from get one answer, in order
  connect
  > 82 .. 0001 () "a/1" 00 "a/2" 00
  < 90 .. 0001 () 00 00
  > a2 .. 0002 () "a/1" "a/3" "a/2"
  < b0 .. 0002 () 00 11 00
  > 30 .. "a/1" () 'x'
  > 30 .. "a/2" () 'x'
  < nothing

[MQTT-3.12.4-1] PINGREQ is answered with PINGRESP
  connect
  > c0 00
  < d0 00

[MQTT-4.13.1-1] PINGREQ that holds bytes is malformed
  connect
  > c0 01 00
  < e0 .. 81 *
  < closed
`);
