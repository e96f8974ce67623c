import type { ClientAccess } from '../domain/access.ts';
import { maySubscribe } from '../domain/access.ts';
import { ReasonCode } from '../domain/reason-codes.ts';
import { filterMatches, splitLevels } from '../domain/topic-filter.ts';
import { refuseCertificate } from './access/authentication.ts';
import type { BrokerCore } from './broker-core.ts';
import type { Connection, Ending } from './connection.ts';
import type { Session, Subscription } from './session/session.ts';

/**
 * Judges all sessions and connections by the policy that is in force now: ARCHITECTURE, "The live
 * change". Those whom the change does not concern cost a look each.
 */
export function judgeAll(core: BrokerCore, authoritiesChanged: boolean): void {
  for (const session of core.sessions.values()) judgeSession(core, session);
  for (const connection of core.connections) judgeConnection(core, connection, authoritiesChanged);
}

/** Suspends subscriptions whose permission is gone, and lets those come back that have one. */
export function judgeSession(core: BrokerCore, session: Session): void {
  const access = core.policy.clientAccess(session.client);
  if (access === undefined) {
    const connection = session.receiver as Connection | undefined;
    core.sessions.end(session);
    connection?.close(notAuthentic('this Client was deleted'));
    return;
  }
  if (session.judgedBy === access) return;
  session.judgedBy = access;
  let lost = false;
  for (const subscription of session.subscriptions.values()) {
    const wasPermitted = subscription.permitted;
    judgeSubscription(core, access, subscription);
    lost ||= wasPermitted && !subscription.permitted;
  }
  if (lost) withdrawWhatIsLost(session);
}

function judgeSubscription(
  { router }: BrokerCore,
  access: ClientAccess,
  subscription: Subscription,
): void {
  const grant = maySubscribe(access, subscription.filter);
  const permitted = grant !== undefined;
  const lowFanout = grant?.subscriptionSupport === 'LowFanout';
  if (permitted === subscription.permitted && lowFanout === subscription.lowFanout) return;
  if (subscription.permitted) router.remove(subscription);
  subscription.permitted = permitted;
  subscription.lowFanout = lowFanout;
  if (permitted) router.add(subscription);
}

function withdrawWhatIsLost(session: Session): void {
  const remaining = [...session.subscriptions.values()].filter(({ permitted }) => permitted);
  session.withdraw((message) => {
    const topic = splitLevels(message.topic);
    return remaining.some(({ levels }) => filterMatches(levels, topic));
  });
}

function judgeConnection(
  core: BrokerCore,
  connection: Connection,
  authoritiesChanged: boolean,
): void {
  const { connected } = connection;
  if (connected === undefined) return;
  const access = core.policy.clientAccess(connected.session.client);
  const judged = access === connected.access && !authoritiesChanged;
  const refusal = judged ? undefined : refuseConnected(core, connection);
  if (access !== undefined && refusal === undefined) connection.authorize(access);
  else connection.close(refusal ?? notAuthentic('this Client was deleted'));
}

function refuseConnected(core: BrokerCore, connection: Connection): Ending | undefined {
  const { session, chain } = connection.connected!;
  const client = core.policy.clientAccess(session.client)?.client;
  if (client === undefined) return notAuthentic('this Client was deleted');
  if (client.state !== 'Enabled') return notAuthentic('this Client was disabled');
  const refusal = refuseCertificate(client, chain, core.authorities, core.clock.nowMs());
  if (refusal === undefined) return undefined;
  const reason = "this Client's certificate is no longer accepted";
  return { ...notAuthentic(reason), cause: `${reason}: ${refusal}` };
}

/** The client is not, or no longer, who it must be. */
export function notAuthentic(reason: string): Ending {
  return { code: ReasonCode.NotAuthorized, reason, disconnection: 'ClientAuthenticationError' };
}
