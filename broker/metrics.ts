/** What the broker counts, by plain increments: nothing is formatted unless somebody asks. */
export interface Metrics {
  connectionsOpened: number;
  connectionsRefused: number;
  publishesReceived: number;
  publishesRefused: number;
  messagesDelivered: number;
  subscriptionsGranted: number;
  subscriptionsRefused: number;
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
  /** Messages not sent because their Message Expiry Interval passed. */
  messagesDroppedExpired: number;
  /** Messages not sent because the client's Maximum Packet Size is smaller [MQTT-3.1.2-25]. */
  messagesDroppedPacketTooLarge: number;
  /** Queued messages taken back because the client may no longer receive them. */
  messagesDroppedNotAuthorized: number;
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
    handshakesDropped: 0,
    handshakesFailed: 0,
    slowConsumersEnded: 0,
    flappingConnectionsRefused: 0,
    sessionsTakenOver: 0,
    sessionsExpired: 0,
    sessionsOverflowed: 0,
    messagesDroppedSlowConsumer: 0,
    messagesDroppedExpired: 0,
    messagesDroppedPacketTooLarge: 0,
    messagesDroppedNotAuthorized: 0,
  };
}
