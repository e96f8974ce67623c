/** A published message on its way to become an event. */
export interface RoutedMessage {
  /**
   * Grows in the order in which messages were accepted; of one store, no two are equal, but after
   * a restart numbers of QoS 0 messages may come again.
   */
  readonly number: number;
  readonly qos: 0 | 1;
  readonly topic: string;
  readonly payload: Buffer;
  /** MQTT 5 properties as the client sent them, without their length and a Topic Alias. */
  readonly properties: Buffer;
  readonly receivedAtMs: number;
}
