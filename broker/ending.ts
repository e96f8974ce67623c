import type { ReasonCode } from '../domain/reason-codes.ts';
import type { DisconnectionReason } from './diagnostics/disconnection-reason.ts';
import type { ProtocolVersion } from './packets/packet-type.ts';

/** Why a connection ends: the code for MQTT 5's DISCONNECT, and words for client and log. */
export interface Ending {
  readonly code: ReasonCode;
  readonly reason: string;
  /** For the log, where it is more than the client may know. */
  readonly cause?: string;
  /** For the log, where it is more exact than the code. */
  readonly disconnection?: DisconnectionReason;
}

/** What a CONNECT that is refused says of itself. */
export interface ClaimedIdentity {
  /** As it may be written to the log. */
  readonly client: string | undefined;
  readonly version: ProtocolVersion;
}
