import { ReasonCode } from '../../domain/reason-codes.ts';

/** Why a connection ended, in the words of Event Grid's `disconnectionReason`. */
export type DisconnectionReason =
  | 'ClientAuthenticationError'
  | 'ClientAuthorizationError'
  | 'ClientError'
  | 'ClientInitiatedDisconnect'
  | 'ConnectionLost'
  | 'QuotaExceeded'
  | 'ServerError'
  | 'ServerInitiatedDisconnect'
  | 'SessionOverflow'
  | 'SessionTakenOver';

const REASONS: ReadonlyMap<ReasonCode, DisconnectionReason> = new Map<
  ReasonCode,
  DisconnectionReason
>([
  // Nobody is told a code when nobody is there.
  [ReasonCode.Success, 'ConnectionLost'],
  [ReasonCode.KeepAliveTimeout, 'ConnectionLost'],
  [ReasonCode.NotAuthorized, 'ClientAuthorizationError'],
  [ReasonCode.SessionTakenOver, 'SessionTakenOver'],
  [ReasonCode.ServerShuttingDown, 'ServerInitiatedDisconnect'],
  [ReasonCode.AdministrativeAction, 'ServerInitiatedDisconnect'],
  [ReasonCode.ServerUnavailable, 'ServerError'],
  [ReasonCode.ReceiveMaximumExceeded, 'QuotaExceeded'],
  [ReasonCode.MessageRateTooHigh, 'QuotaExceeded'],
  [ReasonCode.QuotaExceeded, 'QuotaExceeded'],
  [ReasonCode.ConnectionRateExceeded, 'QuotaExceeded'],
]);

/** What a code means where the ending says nothing more exact; all else is the client's doing. */
export function disconnectionReasonOf(code: ReasonCode): DisconnectionReason {
  return REASONS.get(code) ?? 'ClientError';
}
