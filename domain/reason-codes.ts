/**
 * MQTT 5 reason codes that this broker sends or reads, by the names of the MQTT 5 specification,
 * section 2.4, and what MQTT 3.1.1 says instead (sections 3.2.2.3 and 3.9.3).
 */
export const ReasonCode = {
  Success: 0x00,
  GrantedQoS1: 0x01,
  NoMatchingSubscribers: 0x10,
  NoSubscriptionExisted: 0x11,
  UnspecifiedError: 0x80,
  MalformedPacket: 0x81,
  ProtocolError: 0x82,
  ImplementationSpecificError: 0x83,
  UnsupportedProtocolVersion: 0x84,
  ClientIdentifierNotValid: 0x85,
  BadUserNameOrPassword: 0x86,
  NotAuthorized: 0x87,
  ServerUnavailable: 0x88,
  ServerShuttingDown: 0x8b,
  BadAuthenticationMethod: 0x8c,
  KeepAliveTimeout: 0x8d,
  SessionTakenOver: 0x8e,
  TopicFilterInvalid: 0x8f,
  TopicNameInvalid: 0x90,
  PacketIdentifierInUse: 0x91,
  ReceiveMaximumExceeded: 0x93,
  TopicAliasInvalid: 0x94,
  PacketTooLarge: 0x95,
  MessageRateTooHigh: 0x96,
  QuotaExceeded: 0x97,
  AdministrativeAction: 0x98,
  PayloadFormatInvalid: 0x99,
  RetainNotSupported: 0x9a,
  QoSNotSupported: 0x9b,
  SharedSubscriptionsNotSupported: 0x9e,
  ConnectionRateExceeded: 0x9f,
  SubscriptionIdentifiersNotSupported: 0xa1,
} as const;
export type ReasonCode = (typeof ReasonCode)[keyof typeof ReasonCode];

/** CONNACK return codes of MQTT 3.1.1 [MQTT-3.2.2.3]. */
export const ConnectReturnCode = {
  Accepted: 0,
  UnacceptableProtocolVersion: 1,
  IdentifierRejected: 2,
  ServerUnavailable: 3,
  BadUserNameOrPassword: 4,
  NotAuthorized: 5,
} as const;
export type ConnectReturnCode = (typeof ConnectReturnCode)[keyof typeof ConnectReturnCode];

const RETURN_CODES = new Map<ReasonCode, ConnectReturnCode>([
  [ReasonCode.Success, ConnectReturnCode.Accepted],
  [ReasonCode.UnsupportedProtocolVersion, ConnectReturnCode.UnacceptableProtocolVersion],
  [ReasonCode.ClientIdentifierNotValid, ConnectReturnCode.IdentifierRejected],
  [ReasonCode.ServerUnavailable, ConnectReturnCode.ServerUnavailable],
  [ReasonCode.ConnectionRateExceeded, ConnectReturnCode.ServerUnavailable],
  [ReasonCode.BadUserNameOrPassword, ConnectReturnCode.BadUserNameOrPassword],
  [ReasonCode.BadAuthenticationMethod, ConnectReturnCode.NotAuthorized],
  [ReasonCode.NotAuthorized, ConnectReturnCode.NotAuthorized],
]);

/** What a 3.1.1 client is told in CONNACK; undefined: it has no word for it, so just close. */
export function connectReturnCode(code: ReasonCode): ConnectReturnCode | undefined {
  return RETURN_CODES.get(code);
}

const NAMES = new Map<number, string>(
  Object.entries(ReasonCode).map(([name, code]) => [code, name]),
);

/** For logs: `0x87 NotAuthorized`. */
export function describeReasonCode(code: number): string {
  const hex = `0x${code.toString(16).padStart(2, '0')}`;
  const name = NAMES.get(code);
  return name === undefined ? hex : `${hex} ${name}`;
}
