import { parseCases } from '../../scenario.ts';

/** MQTT 3.1.1: sessions, delivery, topics and errors (4). */
export const operationCases = parseCases(`
[MQTT-4.1.0-1] [MQTT-3.1.2-4] the subscriptions of a session outlive its connection
  connect persistent
  > 82 .. 0001 "a/x" 00
  < 90 03 0001 00
  drop
  connect persistent
  > 30 .. "a/x" 'x'
  < 30 .. "a/x" 'x'

[MQTT-4.1.0-2] a session lasts as long as its connection, however long that is
  connect
  > 82 .. 0001 "a/x" 00
  < 90 03 0001 00
  wait 80 s
  < nothing
  wait 80 s
  > 30 .. "a/x" 'x'
  < 30 .. "a/x" 'x'

[MQTT-3.1.2-5] [MQTT-4.5.0-1] QoS 1 messages wait for a session that is kept, QoS 0 does not
  connect persistent
  > 82 .. 0001 "a/x" 01
  < 90 03 0001 01
  drop
  peer connect
  peer > 32 .. "a/x" 0001 '1'
  peer < 40 02 0001
  peer > 30 .. "a/x" 'lost'
  peer > 32 .. "b/x" 0002 'not subscribed'
  peer < 40 02 0002
  peer > 32 .. "a/x" 0003 '2'
  peer < 40 02 0003
  connect persistent
  < 32 .. "a/x" 0001 '1'
  < 32 .. "a/x" 0002 '2'
  < nothing

[MQTT-4.3.2-1] a message counts as delivered with its PUBACK and not before
  connect persistent
  > 82 .. 0001 "a/x" 01
  < 90 03 0001 01
  peer connect
  peer > 32 .. "a/x" 0001 '1'
  peer > 32 .. "a/x" 0002 '2'
  < 32 .. "a/x" 0001 '1'
  < 32 .. "a/x" 0002 '2'
  > 40 02 0002
  < nothing
  drop
  connect persistent
  < 3a .. "a/x" 0001 '1'
  < nothing

[MQTT-4.3.2-2] an identifier that was acknowledged names a new message, DUP or not
  connect
  > 82 .. 0001 "a/x" 00
  < 90 03 0001 00
  > 32 .. "a/x" 0005 '1'
  < 30 .. "a/x" '1'
  < 40 02 0005
  > 3a .. "a/x" 0005 '2'
  < 30 .. "a/x" '2'
  < 40 02 0005

[MQTT-4.4.0-1] [MQTT-4.6.0-1] messages come again in their order and with their identifiers
  connect persistent
  > 82 .. 0001 "a/#" 01
  < 90 03 0001 01
  peer connect
  peer > 32 .. "a/x" 0001 '1'
  peer > 32 .. "a/y" 0002 '2'
  peer > 32 .. "a/x" 0003 '3'
  < 32 .. "a/x" 0001 '1'
  < 32 .. "a/y" 0002 '2'
  < 32 .. "a/x" 0003 '3'
  > 40 02 0002
  < nothing
  drop
  connect persistent
  < 3a .. "a/x" 0001 '1'
  < 3a .. "a/x" 0003 '3'
  < nothing

[MQTT-4.6.0-2] PUBACKs come in the order of the messages
  connect
  > 32 08 "a/x" 0003 '1' 32 08 "a/x" 0001 '2' 32 08 "a/x" 0002 '3'
  < 40 02 0003
  < 40 02 0001
  < 40 02 0002

[MQTT-4.6.0-5] [MQTT-4.6.0-6] the messages of a publisher on a topic keep their order
  connect
  > 82 .. 0001 "a/x" 01
  < 90 03 0001 01
  peer connect
  peer > 32 .. "a/x" 0001 '1'
  peer > 32 .. "a/x" 0002 '2'
  peer > 32 .. "a/x" 0003 '3'
  peer < 40 02 0001
  peer < 40 02 0002
  peer < 40 02 0003
  < 32 .. "a/x" 0001 '1'
  < 32 .. "a/x" 0002 '2'
  < 32 .. "a/x" 0003 '3'

[MQTT-4.7.1-2] # that is not the last character closes the connection
  connect
  > 82 .. 0001 "a/#/b" 00
  < closed

[MQTT-4.7.1-2] # that is a part of a level closes the connection
  connect
  > 82 .. 0001 "a/b#" 00
  < closed

[MQTT-4.7.1-2] # matches its parent and all below it
  connect
  > 82 .. 0001 "a/b/#" 00
  < 90 03 0001 00
  > 30 .. "a/b" '1'
  < 30 .. "a/b" '1'
  > 30 .. "a/b/c/d" '2'
  < 30 .. "a/b/c/d" '2'
  > 30 .. "a/bc" '3'
  < nothing

[MQTT-4.7.1-3] + that is a part of a level closes the connection
  connect
  > 82 .. 0001 "a/+b" 00
  < closed

[MQTT-4.7.1-3] + is a whole level: the first, the last, an empty one
  connect
  > 82 .. 0001 "+/x" 00 "a/+" 00
  < 90 04 0001 00 00
  > 30 .. "b/x" '1'
  < 30 .. "b/x" '1'
  > 30 .. "a/" '2'
  < 30 .. "a/" '2'
  > 30 .. "a/b/c" '3'
  < nothing

[MQTT-4.7.2-1] a filter that begins with + matches no topic that begins with $
  connect
  > 82 .. 0001 "+/x" 00
  < 90 03 0001 00
  > 30 .. "$data/x" '1'
  < nothing

[MQTT-4.7.2-1] a filter that begins with $ does
  connect
  > 82 .. 0001 "$data/#" 00
  < 90 03 0001 00
  > 30 .. "$data/x" '1'
  < 30 .. "$data/x" '1'

[MQTT-4.7.3-1] an empty topic name closes the connection
  connect
  > 30 .. "" 'x'
  < closed

[MQTT-4.7.3-1] an empty topic filter closes the connection
  connect
  > 82 .. 0001 "" 00
  < closed

[MQTT-4.7.3-1] an empty filter to unsubscribe from closes the connection
  connect
  > a2 .. 0001 ""
  < closed

[MQTT-4.7.3-4] letters and empty levels count as they are
  connect
  > 82 .. 0001 "a/b" 00 "a//b" 00
  < 90 04 0001 00 00
  > 30 .. "A/b" '1'
  > 30 .. "a/b/" '2'
  < nothing

[MQTT-4.7.3-4] a character and the same one put together are two topics
  connect
  > 82 .. 0001 0004 c3bc '/x' 00
  < 90 03 0001 00
  > 30 .. 0004 c3bc '/x' '1'
  < 30 .. 0004 c3bc '/x' '1'
  > 30 .. 0005 75cc88 '/x' '2'
  < nothing

[MQTT-4.8.0-2] a packet that nothing here could hold closes the connection
  connect
  > 30 ff ff ff 7f "a/x"
  < closed

[MQTT-4.8.0-1] a Remaining Length of five bytes closes the connection
  connect
  > 30 ff ff ff ff 01
  < closed
`);
