import type { ClientAccess } from '../domain/access.ts';
import type { PresentedCertificate } from './access/presented-certificates.ts';
import type { ProtocolVersion } from './packets/packet-type.ts';
import type { Session } from './session/session.ts';

/** What CONNECT settled for the rest of the connection. */
export interface ConnectedState {
  readonly version: ProtocolVersion;
  readonly session: Session;
  readonly access: ClientAccess;
  readonly certificate: PresentedCertificate;
  readonly keepAliveMs: number;
  readonly sessionExpirySeconds: number;
  readonly receiveMaximum: number;
  readonly maximumPacketBytes: number;
  /** Whether Reason Strings may be sent where the client can forbid them [MQTT-3.1.2-29]. */
  readonly problemInformation: boolean;
}
