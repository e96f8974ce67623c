/** What a normative statement of an MQTT specification is here. */
export interface Statement {
  /** `MQTT-3.1.0-1`. */
  readonly id: string;
  /** What it is about, in our words. */
  readonly says: string;
  /** Why there is nothing for this server to show; undefined: there must be a case. */
  readonly exempt: string | undefined;
}

/** Reasons for which a statement needs no case. A case may show it all the same. */
export const Exempt = {
  client: 'binds clients',
  will: 'profile: a Will Message is refused',
  retain: 'profile: retained messages are refused',
  qos2: 'profile: QoS 2 is refused',
  shared: 'profile: shared subscriptions are refused',
  subscriptionIdentifier: 'profile: Subscription Identifiers are refused',
  assigned: 'profile: no client identifier is assigned',
  authentication: 'profile: enhanced authentication is refused',
  userProperty: 'this server sends no User Properties of its own',
  noAnswerReason: 'this server sends no Reason String in that packet',
  wildcards: 'wildcards are supported',
  length: 'a length of two bytes cannot say more',
  webSocket: 'there is no WebSocket listener',
  whole: 'every case shows it',
  noOutbound: 'this server opens no MQTT connections',
} as const;

/** Number within the section, what it says, and why it needs no case. */
export type Row = readonly [number: number, says: string, exempt?: string];

export function section(name: string, rows: readonly Row[]): Statement[] {
  return rows.map(([number, says, exempt]) => ({ id: `MQTT-${name}-${number}`, says, exempt }));
}
