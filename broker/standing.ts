import { maySubscribe, type ClientAccess } from '../domain/access.ts';
import type { Subscription } from './session/session.ts';

/** What a subscription is permitted through. */
export type Standing = 'Nothing' | 'LowFanout' | 'HighFanout';

export function standingOf(access: ClientAccess, { filter }: Subscription): Standing {
  const grant = maySubscribe(access, filter);
  if (grant === undefined) return 'Nothing';
  return grant.subscriptionSupport === 'LowFanout' ? 'LowFanout' : 'HighFanout';
}

export function currentStanding({ permitted, lowFanout }: Subscription): Standing {
  if (!permitted) return 'Nothing';
  return lowFanout ? 'LowFanout' : 'HighFanout';
}
