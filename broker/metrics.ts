/** What the broker counts, by plain increments: nothing is formatted unless somebody asks. */
export interface Metrics {
  connectionsOpened: number;
  connectionsRefused: number;
  publishesReceived: number;
  publishesRefused: number;
  messagesDelivered: number;
  subscriptionsGranted: number;
  subscriptionsRefused: number;
  /** CONNECT packets over `connectsPerSecond`, refused. */
  throttledConnects: number;
  /** Topic filters in SUBSCRIBE packets over `subscribesPerSecond`, refused. */
  throttledSubscribes: number;
  /**
   * How often a publisher was over `inboundMessagesPerSecondPerConnection`: a message was refused,
   * or it was waited with.
   */
  throttledInboundConnection: number;
  /** The same for `inboundMessagesPerSecond`. */
  throttledInboundNamespace: number;
  /** How often deliveries to a client waited for `outboundMessagesPerSecondPerConnection`. */
  throttledOutboundConnection: number;
  /** The same for `outboundMessagesPerSecond`. */
  throttledOutboundNamespace: number;
  /** Packets over `messageBytes`, or 64 KiB before CONNECT; each ended its connection. */
  exceededMessageBytes: number;
  /** Topic names and topic filters over `topicBytes`, refused. */
  exceededTopicBytes: number;
  /** Topic Aliases over `topicAliases`; each ended its connection. */
  exceededTopicAliases: number;
  /** Topic filters over `subscriptionsPerConnection`, refused. */
  exceededSubscriptionsPerConnection: number;
  /**
   * Topic filters that would have given a topic of a LowFanout topic space too many subscribers.
   */
  exceededLowFanout: number;
  /** Messages over `inFlightMessages` at once from a publisher; each ended its connection. */
  exceededInFlightMessages: number;
  /** QoS 1 messages refused because the outbox of events is full (`RejectPublish`). */
  exceededEventOutbox: number;
  /** Connections closed before or during their handshake: too many, or too slow for the others. */
  handshakesDropped: number;
  /** Handshakes that failed by themselves. */
  handshakesFailed: number;
  /** Connections of clients that do not read what they are sent, ended. */
  slowConsumersEnded: number;
  /** Connections refused because the client connects again and again. */
  flappingConnectionsRefused: number;
  sessionsTakenOver: number;
  sessionsExpired: number;
  /** Sessions ended because their queue reached its bound. */
  sessionsOverflowed: number;
  /** QoS 0 messages not sent because the client does not read fast enough. */
  messagesDroppedSlowConsumer: number;
  /** QoS 0 messages not sent because too many of them wait for the outbound rates. */
  messagesDroppedOutboundRate: number;
  /** Messages not sent because their Message Expiry Interval passed. */
  messagesDroppedExpired: number;
  /** Messages not sent because the client's Maximum Packet Size is smaller [MQTT-3.1.2-25]. */
  messagesDroppedPacketTooLarge: number;
  /** Queued messages taken back because the client may no longer receive them. */
  messagesDroppedNotAuthorized: number;
  /** Accepted messages that went on to become events. */
  messagesRouted: number;
  /** QoS 0 messages that did not, or not all the way: there was too much to deliver. */
  messagesRouteDropped: number;
  /** Messages that left the outbox at its bound, before all EventSubscriptions were done. */
  messagesRouteGivenUp: number;
}

export function newMetrics(): Metrics {
  return {
    connectionsOpened: 0,
    connectionsRefused: 0,
    publishesReceived: 0,
    publishesRefused: 0,
    messagesDelivered: 0,
    subscriptionsGranted: 0,
    subscriptionsRefused: 0,
    throttledConnects: 0,
    throttledSubscribes: 0,
    throttledInboundConnection: 0,
    throttledInboundNamespace: 0,
    throttledOutboundConnection: 0,
    throttledOutboundNamespace: 0,
    exceededMessageBytes: 0,
    exceededTopicBytes: 0,
    exceededTopicAliases: 0,
    exceededSubscriptionsPerConnection: 0,
    exceededLowFanout: 0,
    exceededInFlightMessages: 0,
    exceededEventOutbox: 0,
    handshakesDropped: 0,
    handshakesFailed: 0,
    slowConsumersEnded: 0,
    flappingConnectionsRefused: 0,
    sessionsTakenOver: 0,
    sessionsExpired: 0,
    sessionsOverflowed: 0,
    messagesDroppedSlowConsumer: 0,
    messagesDroppedOutboundRate: 0,
    messagesDroppedExpired: 0,
    messagesDroppedPacketTooLarge: 0,
    messagesDroppedNotAuthorized: 0,
    messagesRouted: 0,
    messagesRouteDropped: 0,
    messagesRouteGivenUp: 0,
  };
}
