/** The names under which a Prometheus server finds what a broker counts. They are API. */
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { Broker } from '../broker/broker.ts';
import type { Metrics } from '../broker/metrics.ts';
import type { SnapshotVersion } from '../control/messages.ts';
import { addDeliveryMetrics } from './delivery-metrics.ts';

/** `mqttgrid_broker_<name>_total`, and what it counts. */
const COUNTERS: { readonly [Name in keyof Metrics]: readonly [name: string, help: string] } = {
  connectionsOpened: ['connections_opened', 'CONNECT packets that were accepted.'],
  connectionsRefused: ['connections_refused', 'CONNECT packets that were refused.'],
  publishesReceived: ['publishes_received', 'PUBLISH packets from clients.'],
  publishesRefused: ['publishes_refused', 'PUBLISH packets that were refused.'],
  messagesDelivered: ['messages_delivered', 'Messages sent to subscribers.'],
  subscriptionsGranted: ['subscriptions_granted', 'Topic filters that were granted.'],
  subscriptionsRefused: ['subscriptions_refused', 'Topic filters that were refused.'],
  throttledConnects: ['throttled_connects', 'CONNECT packets over connectsPerSecond.'],
  throttledSubscribes: ['throttled_subscribes', 'Topic filters over subscribesPerSecond.'],
  throttledInboundConnection: [
    'throttled_inbound_connection',
    'Times that a publisher was over inboundMessagesPerSecondPerConnection.',
  ],
  throttledInboundNamespace: [
    'throttled_inbound_namespace',
    'Times that publishers were over inboundMessagesPerSecond.',
  ],
  throttledOutboundConnection: [
    'throttled_outbound_connection',
    'Times that a client was over outboundMessagesPerSecondPerConnection.',
  ],
  throttledOutboundNamespace: [
    'throttled_outbound_namespace',
    'Times that clients were over outboundMessagesPerSecond.',
  ],
  exceededMessageBytes: ['exceeded_message_bytes', 'Packets over messageBytes.'],
  exceededTopicBytes: ['exceeded_topic_bytes', 'Topics over topicBytes.'],
  exceededTopicAliases: ['exceeded_topic_aliases', 'Topic aliases over topicAliases.'],
  exceededSubscriptionsPerConnection: [
    'exceeded_subscriptions_per_connection',
    'Topic filters over subscriptionsPerConnection.',
  ],
  exceededLowFanout: ['exceeded_low_fanout', 'Topic filters over what LowFanout allows.'],
  exceededInFlightMessages: ['exceeded_in_flight_messages', 'Messages over inFlightMessages.'],
  exceededEventOutbox: [
    'exceeded_event_outbox',
    'QoS 1 messages refused since the outbox of events was full.',
  ],
  handshakesDropped: ['handshakes_dropped', 'TLS handshakes given up: too many, or too slow.'],
  handshakesFailed: ['handshakes_failed', 'TLS handshakes that failed by themselves.'],
  slowConsumersEnded: ['slow_consumers_ended', 'Connections of clients that do not read.'],
  flappingConnectionsRefused: [
    'flapping_connections_refused',
    'CONNECT packets of clients that connect again and again.',
  ],
  sessionsTakenOver: ['sessions_taken_over', 'Sessions that went to a newer connection.'],
  sessionsExpired: ['sessions_expired', 'Sessions that expired.'],
  sessionsOverflowed: ['sessions_overflowed', 'Sessions that ended since their queue was full.'],
  messagesDroppedSlowConsumer: [
    'messages_dropped_slow_consumer',
    'QoS 0 messages for clients that do not read fast enough.',
  ],
  messagesDroppedOutboundRate: [
    'messages_dropped_outbound_rate',
    'QoS 0 messages of which too many waited for outbound rates.',
  ],
  messagesDroppedExpired: ['messages_dropped_expired', 'Messages that expired.'],
  messagesDroppedPacketTooLarge: [
    'messages_dropped_packet_too_large',
    "Messages over the receiver's Maximum Packet Size.",
  ],
  messagesDroppedNotAuthorized: [
    'messages_dropped_not_authorized',
    'Queued messages that their client may no longer receive.',
  ],
  messagesRouted: ['messages_routed', 'Messages that went on to become events.'],
  messagesRouteDropped: [
    'messages_route_dropped',
    'QoS 0 messages that were not routed: there was too much to deliver.',
  ],
  messagesRouteGivenUp: [
    'messages_route_given_up',
    'Messages that left the outbox at its bound, undelivered.',
  ],
};

export interface Observed {
  /** Undefined: none listens yet. */
  readonly broker: Broker | undefined;
  readonly isReady: boolean;
  readonly isOperatorConnected: boolean;
  readonly version: SnapshotVersion | undefined;
}

/** Everything is looked up when somebody asks. */
export function newRegistry(observe: () => Observed): Registry {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  for (const [field, [name, help]] of Object.entries(COUNTERS)) {
    new Counter({
      name: `mqttgrid_broker_${name}_total`,
      help,
      registers,
      collect() {
        this.reset();
        this.inc(observe().broker?.metrics[field as keyof Metrics] ?? 0);
      },
    });
  }
  const gauge = (name: string, help: string, value: (observed: Observed) => number): void => {
    new Gauge({
      name: `mqttgrid_broker_${name}`,
      help,
      registers,
      collect() {
        this.set(value(observe()));
      },
    });
  };
  gauge('connections', 'Connections of clients.', ({ broker }) => broker?.connections ?? 0);
  gauge('ready', '1: /readyz answers 200.', ({ isReady }) => Number(isReady));
  gauge('operator_connected', '1: the stream to the operator is open.', (observed) => {
    return Number(observed.isOperatorConnected);
  });
  gauge('snapshot_epoch', 'Of the version that is run.', ({ version }) => version?.epoch ?? 0);
  gauge('snapshot_counter', 'Of the version that is run.', ({ version }) => version?.counter ?? 0);
  addDeliveryMetrics(registry, () => observe().broker?.deliveries ?? []);
  return registry;
}
