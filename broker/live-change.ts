import type { X509Certificate } from 'node:crypto';
import type { ClientAccess, Policy } from '../domain/access.ts';
import { ReasonCode } from '../domain/reason-codes.ts';
import { filterMatches, splitLevels } from '../domain/topic-filter.ts';
import { refuseCertificate } from './access/authentication.ts';
import type { BrokerCore } from './broker-core.ts';
import type { Connection } from './connection.ts';
import type { Ending } from './ending.ts';
import type { PreparedChange } from './prepared-change.ts';
import type { Session, Subscription } from './session/session.ts';
import { currentStanding, standingOf, type Standing } from './standing.ts';

/**
 * Judges all sessions and connections by the policy that is in force now: ARCHITECTURE, "The live
 * change". Those whom the change does not concern cost a look each, and so do those for whom it was
 * prepared, but for what changes.
 */
export function judgeAll(core: BrokerCore, change: PreparedChange): void {
  for (const session of core.sessions.values()) judgeSession(core, session, change);
  for (const connection of core.connections) judgeConnection(core, connection, change);
}

/** Suspends subscriptions whose permission is gone, and lets those come back that have one. */
export function judgeSession(core: BrokerCore, session: Session, change?: PreparedChange): void {
  const access = core.policy.clientAccess(session.client);
  if (access === undefined) return endDeleted(core, session);
  const prepared = change?.changedOf(session);
  session.preparedFor = undefined;
  if (session.judgedBy === access) return;
  session.judgedBy = access;
  const standings = prepared ?? standingsOf(session, access);
  let lost = false;
  for (const [subscription, standing] of standings) {
    lost = judgeSubscription(core, subscription, standing) || lost;
  }
  if (lost) withdrawWhatIsLost(session);
}

function* standingsOf(
  { subscriptions }: Session,
  access: ClientAccess,
): Generator<readonly [Subscription, Standing]> {
  for (const subscription of subscriptions.values()) {
    yield [subscription, standingOf(access, subscription)];
  }
}

function endDeleted(core: BrokerCore, session: Session): void {
  const connection = session.receiver as Connection | undefined;
  core.sessions.end(session);
  connection?.close(notAuthentic('this Client was deleted'));
}

/** True: what it let through is permitted no more. */
function judgeSubscription(
  { router }: BrokerCore,
  subscription: Subscription,
  standing: Standing,
): boolean {
  if (standing === currentStanding(subscription)) return false;
  // It may have been left, or replaced, since the change was prepared.
  const { filter, session } = subscription;
  if (session.subscriptions.get(filter) !== subscription) return false;
  const wasPermitted = subscription.permitted;
  if (wasPermitted) router.remove(subscription);
  subscription.permitted = standing !== 'Nothing';
  subscription.lowFanout = standing === 'LowFanout';
  if (subscription.permitted) router.add(subscription);
  return wasPermitted && !subscription.permitted;
}

function withdrawWhatIsLost(session: Session): void {
  const remaining = [...session.subscriptions.values()].filter(({ permitted }) => permitted);
  session.withdraw((message) => {
    const topic = splitLevels(message.topic);
    return remaining.some(({ levels }) => filterMatches(levels, topic));
  });
}

function judgeConnection(core: BrokerCore, connection: Connection, change: PreparedChange): void {
  const { connected } = connection;
  if (connected === undefined) return;
  const access = core.policy.clientAccess(connected.session.client);
  const refusal = change.concerns(connection) ? change.refusal(core, connection) : undefined;
  if (access !== undefined && refusal === undefined) connection.authorize(access);
  else connection.close(refusal ?? notAuthentic('this Client was deleted'));
}

/** Who is connected, by the policy and the authorities that are, or will be, in force. */
export interface Judges {
  readonly policy: Policy;
  readonly authorities: readonly X509Certificate[];
}

export function refuseConnected(
  { clock }: BrokerCore,
  connection: Connection,
  { policy, authorities }: Judges,
): Ending | undefined {
  const { session, certificate } = connection.connected!;
  const client = policy.clientAccess(session.client)?.client;
  if (client === undefined) return notAuthentic('this Client was deleted');
  if (client.state !== 'Enabled') return notAuthentic('this Client was disabled');
  const leaf = connection.socket.getPeerX509Certificate();
  const judgement = { authorities, nowMs: clock.nowMs() };
  const refusal =
    leaf === undefined
      ? 'the TLS connection is gone'
      : refuseCertificate(client, leaf, certificate, judgement);
  if (refusal === undefined) return undefined;
  const reason = "this Client's certificate is no longer accepted";
  return { ...notAuthentic(reason), cause: `${reason}: ${refusal}` };
}

/** The client is not, or no longer, who it must be. */
export function notAuthentic(reason: string): Ending {
  return { code: ReasonCode.NotAuthorized, reason, disconnection: 'ClientAuthenticationError' };
}
