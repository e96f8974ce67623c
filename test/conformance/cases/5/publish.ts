import { parseCases } from '../../scenario.ts';

/** MQTT 5: PUBLISH (3.3). */
export const publishCases = parseCases(`
[MQTT-3.3.1-1] [MQTT-4.4.0-1] [MQTT-4.3.2-3] an unacknowledged message comes again, as duplicate
  connect persistent
  > 82 .. 0001 () "a/x" 01
  < 90 .. 0001 () 01
  peer connect
  peer > 32 .. "a/x" 0001 () 'once'
  < 32 .. "a/x" 0001 () 'once'
  drop
  connect persistent
  < 3a .. "a/x" 0001 () 'once'
  > 40 02 0001
  < nothing

[MQTT-3.3.1-2] the duplicate flag at QoS 0 is malformed
  connect
  > 38 .. "a/x" () 'x'
  < e0 .. 81 *
  < closed

[MQTT-3.3.1-3] the duplicate flag of a publisher is not passed on
  connect
  > 82 .. 0001 () "a/x" 01
  < 90 .. 0001 () 01
  peer connect
  peer > 3a .. "a/x" 0001 () 'x'
  < 32 .. "a/x" 0001 () 'x'

[MQTT-3.3.1-4] QoS 3 is malformed
  connect
  > 36 .. "a/x" 0001 () 'x'
  < e0 .. 81 *
  < closed

[MQTT-3.3.1-8] a message without RETAIN is not kept for later subscribers
  connect
  > 30 .. "a/x" () 'x'
  > 82 .. 0001 () "a/x" 00
  < 90 .. 0001 () 00
  < nothing

[MQTT-3.3.1-11] every Retain Handling is accepted, and nothing is retained to be sent
  connect
  > 82 .. 0001 () "a/1" 00 "a/2" 10 "a/3" 20
  < 90 .. 0001 () 00 00 00
  < nothing

[MQTT-3.3.1-12] [MQTT-3.3.1-13] the RETAIN flag is 0, with and without Retain As Published
  connect
  > 82 .. 0001 () "a/1" 00 "a/2" 08
  < 90 .. 0001 () 00 00
  > 30 .. "a/1" () 'x'
  < 30 .. "a/1" () 'x'
  > 30 .. "a/2" () 'x'
  < 30 .. "a/2" () 'x'

[MQTT-3.3.2-1] a PUBLISH without a topic name is malformed
  connect
  > 30 00
  < e0 .. 81 *
  < closed

[MQTT-3.3.2-1] a topic name that is cut off is malformed
  connect
  > 30 .. 0009 'a/x' 00
  < e0 .. 81 *
  < closed

[MQTT-3.3.2-2] [MQTT-4.7.0-1] a topic name with + is malformed
  connect
  > 32 .. "a/+" 0001 () 'x'
  < e0 .. 81 *
  < closed

[MQTT-3.3.2-2] [MQTT-4.7.0-1] a topic name with # is malformed
  connect
  > 30 .. "#" () 'x'
  < e0 .. 81 *
  < closed

[MQTT-3.3.2-3] what is delivered has the topic name it was published with
  connect
  > 82 .. 0001 () "a/+/c" 00
  < 90 .. 0001 () 00
  > 30 .. "a/b/c" () 'x'
  > 30 .. "a/b/d" () 'x'
  < 30 .. "a/b/c" () 'x'
  < nothing

[MQTT-3.3.2-4] [MQTT-3.3.2-15] [MQTT-3.3.2-16] [MQTT-3.3.2-20] properties are passed on as they came
  connect
  > 82 .. 0001 () "a/x" 00
  < 90 .. 0001 () 00
  > 30 .. "a/x" (01 01 08 "a/answers" 09 0003 00ff7f 03 "text/plain") 'x'
  < 30 .. "a/x" (01 01 08 "a/answers" 09 0003 00ff7f 03 "text/plain") 'x'

[MQTT-3.3.2-4] a Payload Format Indicator of 0 is passed on too
  connect
  > 82 .. 0001 () "a/x" 00
  < 90 .. 0001 () 00
  > 30 .. "a/x" (01 00) ff
  < 30 .. "a/x" (01 00) ff

[MQTT-3.3.2-4] a Payload Format Indicator of 2 is a protocol error
  connect
  > 30 .. "a/x" (01 02) 'x'
  < e0 .. 82 *
  < closed

[MQTT-3.3.2-4] a payload that is not the UTF-8 it says costs a message at QoS 1
  connect
  > 32 .. "a/x" 0001 (01 01) c328
  < 40 .. 0001 99 ?? 1f *
  < nothing

[MQTT-3.3.2-4] a payload that is not the UTF-8 it says costs the connection at QoS 0
  connect
  > 30 .. "a/x" (01 01) c328
  < e0 .. 99 *
  < closed

[MQTT-3.3.2-5] a message is not delivered once its expiry has passed
  connect persistent
  > 82 .. 0001 () "a/x" 01
  < 90 .. 0001 () 01
  drop
  peer connect
  peer > 32 .. "a/x" 0001 (02 0000000a) 'old'
  peer < 40 02 0001
  peer > 32 .. "a/x" 0002 () 'lasts'
  peer < 40 02 0002
  wait 11 s
  connect persistent
  < 32 .. "a/x" 0001 () 'lasts'
  < nothing

[MQTT-3.3.2-6] the expiry that is passed on is what is left of it
  connect persistent
  > 82 .. 0001 () "a/x" 01
  < 90 .. 0001 () 01
  drop
  peer connect
  peer > 32 .. "a/x" 0001 (26 "a" "b" 02 0000000a 03 "c") 'x'
  peer < 40 02 0001
  wait 4 s
  connect persistent
  < 32 .. "a/x" 0001 (26 "a" "b" 02 00000006 03 "c") 'x'

[MQTT-3.3.2-7] a Topic Alias means nothing on the next connection
  connect persistent
  > 30 .. "a/x" (23 0001) 'x'
  < nothing
  drop
  connect persistent
  > 30 .. "" (23 0001) 'x'
  < e0 .. 82 *
  < closed

[MQTT-3.3.2-8] the Topic Alias 0 is refused with 0x94
  connect
  > 30 .. "a/x" (23 0000) 'x'
  < e0 .. 94 *
  < closed

[MQTT-3.3.2-9] a Topic Alias beyond the maximum is refused with 0x94
  connect
  > 30 .. "a/x" (23 000b) 'x'
  < e0 .. 94 *
  < closed

[MQTT-3.3.2-12] each Topic Alias up to the maximum is accepted, and may change its topic
  connect
  > 82 .. 0001 () "a/#" 00
  < 90 .. 0001 () 00
  > 30 .. "a/1" (23 0001) '1'
  < 30 .. "a/1" () '1'
  > 30 .. "a/2" (23 000a) '2'
  < 30 .. "a/2" () '2'
  > 30 .. "" (23 0001) '3'
  < 30 .. "a/1" () '3'
  > 30 .. "a/3" (23 0001) '4'
  < 30 .. "a/3" () '4'
  > 30 .. "" (23 0001) '5'
  < 30 .. "a/3" () '5'

[MQTT-3.3.2-12] an alias that was given no topic is a protocol error
  connect
  > 30 .. "" (23 0001) 'x'
  < e0 .. 82 *
  < closed

[MQTT-3.3.2-13] a Response Topic that is no UTF-8 is malformed
  connect
  > 30 .. "a/x" (08 0001 ff) 'x'
  < e0 .. 81 *
  < closed

[MQTT-3.3.2-14] a Response Topic with a wildcard is a protocol error
  connect
  > 30 .. "a/x" (08 "a/#") 'x'
  < e0 .. 82 *
  < closed

[MQTT-3.3.2-17] [MQTT-3.3.2-18] User Properties are passed on in their order, repeated ones too
  connect
  > 82 .. 0001 () "a/x" 00
  < 90 .. 0001 () 00
  > 30 .. "a/x" (26 "b" "1" 26 "2" "x" 26 "a" "2" 26 "b" "1" 26 "__proto__" "") 'x'
  < 30 .. "a/x" (26 "b" "1" 26 "2" "x" 26 "a" "2" 26 "b" "1" 26 "__proto__" "") 'x'

[MQTT-3.3.2-19] a Content Type that is no UTF-8 is malformed
  connect
  > 30 .. "a/x" (03 0001 ff) 'x'
  < e0 .. 81 *
  < closed

[MQTT-3.3.4-1] [MQTT-4.3.2-4] QoS 1 is answered with PUBACK, QoS 0 is not
  connect
  > 30 .. "a/x" () 'x'
  > 32 .. "a/x" 0001 () 'x'
  < 40 02 0001
  < nothing

[MQTT-3.3.4-2] overlapping subscriptions deliver at the highest QoS of them
  connect
  > 82 .. 0001 () "a/#" 00 "a/x" 01 "a/+" 00
  < 90 .. 0001 () 00 01 00
  peer connect
  peer > 32 .. "a/x" 0009 () 'x'
  < 32 .. "a/x" 0001 () 'x'
  < nothing

[MQTT-3.3.4-6] a Subscription Identifier from a client is a protocol error
  connect
  > 30 .. "a/x" (0b 01) 'x'
  < e0 .. 82 *
  < closed

[MQTT-3.3.4-9] [MQTT-4.9.0-1] [MQTT-4.9.0-2] no more is in flight than the client's Receive Maximum
  open
  > 10 .. "MQTT" 05 02 003c (21 0002) "dev"
  < 20 .. 00 00 *
  > 82 .. 0001 () "a/x" 01
  < 90 .. 0001 () 01
  peer connect
  peer > 32 .. "a/x" 0001 () '1'
  peer > 32 .. "a/x" 0002 () '2'
  peer > 32 .. "a/x" 0003 () '3'
  peer < 40 02 0001
  peer < 40 02 0002
  peer < 40 02 0003
  < 32 .. "a/x" 0001 () '1'
  < 32 .. "a/x" 0002 () '2'
  < nothing
  > 40 02 0001
  < 32 .. "a/x" 0003 () '3'

[MQTT-3.3.4-10] [MQTT-4.9.0-3] all else goes on while the Receive Maximum is used up
  open
  > 10 .. "MQTT" 05 02 003c (21 0001) "dev"
  < 20 .. 00 00 *
  > 82 .. 0001 () "a/x" 01
  < 90 .. 0001 () 01
  peer connect
  peer > 32 .. "a/x" 0001 () '1'
  < 32 .. "a/x" 0001 () '1'
  > c0 00
  < d0 00
  > 82 .. 0002 () "b/x" 00
  < 90 .. 0002 () 00
  peer > 30 .. "b/x" () 'at QoS 0'
  < 30 .. "b/x" () 'at QoS 0'

[MQTT-4.13.1-1] a property of PUBLISH that is there twice is a protocol error
  connect
  > 30 .. "a/x" (02 00000001 02 00000001) 'x'
  < e0 .. 82 *
  < closed

[MQTT-4.13.1-1] a property of PUBLISH that is cut off is malformed
  connect
  > 30 .. "a/x" (02 0000) 'x'
  < e0 .. 81 *
  < closed

[MQTT-4.13.1-1] a property of another packet is malformed in PUBLISH
  connect
  > 30 .. "a/x" (1f "why") 'x'
  < e0 .. 81 *
  < closed

[MQTT-3.4.2-1] [MQTT-3.4.2-2] a topic name that is too long costs a message at QoS 1
  connect
  > 32 .. 0102 'a/' 78*256 0001 () 'x'
  < 40 .. 0001 90 ?? ?? 1f *
  < nothing

[MQTT-3.4.2-2] a Reason String is left out of PUBACK where it does not fit
  open
  > 10 .. "MQTT" 05 02 003c (27 00000030) "dev"
  < 20 .. 00 00 *
  > 32 .. 0102 'a/' 78*256 0001 () 'x'
  < 40 04 0001 90 00

[MQTT-3.4.2-1] PUBACK may have a reason code and properties
  connect
  > 82 .. 0001 () "a/x" 01
  < 90 .. 0001 () 01
  peer connect
  peer > 32 .. "a/x" 0001 () '1'
  < 32 .. "a/x" 0001 () '1'
  > 40 .. 0001 00 (1f "taken" 26 "k" "v" 26 "k" "v")
  < nothing
  peer > 32 .. "a/x" 0001 () '2'
  < 32 .. "a/x" 0002 () '2'
  > 40 03 0002 10
  < nothing

[MQTT-3.4.2-1] PUBACK with a reason code that it does not have is a protocol error
  connect
  > 40 03 0001 01
  < e0 .. 82 *
  < closed

[MQTT-3.4.2-1] PUBACK with a property that it does not have is malformed
  connect
  > 40 .. 0001 00 (03 "x")
  < e0 .. 81 *
  < closed

[MQTT-3.4.2-1] PUBACK with bytes left over is malformed
  connect
  > 40 .. 0001 00 () 00
  < e0 .. 81 *
  < closed

[MQTT-3.6.1-1] PUBREL with wrong flags is malformed
  connect
  > 60 02 0001
  < e0 .. 81 *
  < closed

[MQTT-4.13.1-1] PUBREC, PUBREL and PUBCOMP belong to QoS 2: PUBREC
  connect
  > 50 02 0001
  < e0 .. 82 *
  < closed

[MQTT-4.13.1-1] PUBREC, PUBREL and PUBCOMP belong to QoS 2: PUBREL
  connect
  > 62 02 0001
  < e0 .. 82 *
  < closed

[MQTT-4.13.1-1] PUBREC, PUBREL and PUBCOMP belong to QoS 2: PUBCOMP
  connect
  > 70 02 0001
  < e0 .. 82 *
  < closed
`);
