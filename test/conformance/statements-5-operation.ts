import type { Statement } from './statements.ts';
import { Exempt, section } from './statements.ts';

const { client, qos2, shared, authentication, webSocket } = Exempt;

/** MQTT 5, sections 4 to 7. */
export const statements5Operation: readonly Statement[] = [
  ...section('4.1.0', [
    [1, 'a session is not discarded while there is a connection'],
    [2, 'a session is discarded when it expires without a connection'],
  ]),
  ...section('4.2.0', [[1, 'an ordered, lossless transport is supported', Exempt.whole]]),
  ...section('4.3.1', [[1, 'QoS 0 is sent without the duplicate flag']]),
  ...section('4.3.2', [
    [1, 'QoS 1: a new message has an identifier that is not in use'],
    [2, 'QoS 1: it is sent without the duplicate flag at first'],
    [3, 'QoS 1: it is unacknowledged until PUBACK'],
    [4, 'QoS 1: PUBACK once the message is owned'],
    [5, 'QoS 1: after PUBACK the identifier names a new message'],
  ]),
  ...section('4.3.3', [
    [1, 'QoS 2: a new message has an identifier that is not in use', qos2],
    [2, 'QoS 2: it is sent without the duplicate flag at first', qos2],
    [3, 'QoS 2: it is unacknowledged until PUBREC', qos2],
    [4, 'QoS 2: PUBREC is answered with PUBREL', qos2],
    [5, 'QoS 2: PUBREL is unacknowledged until PUBCOMP', qos2],
    [6, 'QoS 2: PUBLISH is not sent again after PUBREL', qos2],
    [7, 'QoS 2: a message that was sent does not expire', qos2],
    [8, 'QoS 2: PUBLISH is answered with PUBREC', qos2],
    [9, 'QoS 2: after a refusal the identifier is free', qos2],
    [10, 'QoS 2: a PUBLISH again is answered again and delivered once', qos2],
    [11, 'QoS 2: PUBREL is answered with PUBCOMP', qos2],
    [12, 'QoS 2: after PUBCOMP the identifier is free', qos2],
    [13, 'QoS 2: expiry does not break the sequence', qos2],
  ]),
  ...section('4.4.0', [
    [1, 'on resuming, and only then, the unacknowledged is sent again'],
    [2, 'what was answered with an error code is acknowledged'],
  ]),
  ...section('4.5.0', [
    [1, 'a message is added to the sessions whose subscriptions match'],
    [2, 'a client acknowledges what it receives', client],
  ]),
  ...section('4.6.0', [
    [1, 'a client sends again in order', client],
    [2, 'a client sends PUBACKs in order', client],
    [3, 'a client sends PUBRECs in order', client],
    [4, 'a client sends PUBRELs in order', client],
    [5, 'on an ordered topic messages are delivered in the order they came in'],
    [6, 'every topic is ordered for subscriptions that are not shared'],
  ]),
  ...section('4.7.0', [[1, 'wildcards are for filters']]),
  ...section('4.7.1', [
    [1, '# is the last character, and a level of its own'],
    [2, '+ is a level of its own'],
  ]),
  ...section('4.7.2', [[1, 'a leading wildcard does not match a leading $']]),
  ...section('4.7.3', [
    [1, 'topic names and filters have at least one character'],
    [2, 'topic names and filters have no U+0000'],
    [3, 'topic names and filters have at most 65,535 bytes', Exempt.length],
    [4, 'topics are not normalized'],
  ]),
  ...section('4.8.2', [
    [1, 'a shared subscription has a share name', shared],
    [2, 'a share name has no wildcards, and a filter after it', shared],
    [3, 'the granted QoS holds', shared],
    [4, 'QoS 2 is completed with the chosen client', shared],
    [5, 'QoS 2 goes to no other client', shared],
    [6, 'what a client refuses goes to no other', shared],
  ]),
  ...section('4.9.0', [
    [1, 'the first send quota is at most the Receive Maximum, and not 0'],
    [2, 'nothing above QoS 0 is sent once the quota is used up'],
    [3, 'all other packets are processed all the same'],
  ]),
  ...section('4.12.0', [
    [1, 'an Authentication Method that is not supported is closed, with 0x8C perhaps'],
    [2, 'the server goes on with AUTH 0x18', authentication],
    [3, 'the client goes on with AUTH 0x18', client],
    [4, 'the server may reject at any point, and closes', authentication],
    [5, 'all AUTH packets name the same method', authentication],
    [6, 'without a method the server sends no AUTH, and no method in CONNACK'],
    [7, 'without a method the client sends no AUTH', client],
  ]),
  ...section('4.12.1', [
    [1, 'authenticating again is with the same method', client],
    [2, 'where that fails the connection closes', authentication],
  ]),
  ...section('4.13.1', [[1, 'a malformed packet or protocol error closes the connection']]),
  ...section('4.13.2', [[1, 'a CONNACK or DISCONNECT with an error code closes the connection']]),
  ...section('6.0.0', [
    [1, 'WebSocket frames are binary', webSocket],
    [2, 'packets need not be aligned with WebSocket frames', webSocket],
    [3, 'a client offers the subprotocol mqtt', client],
    [4, 'the server selects the subprotocol mqtt', webSocket],
  ]),
];
