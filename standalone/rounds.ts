/** What differs between two rounds, as events. */
import { isDeepStrictEqual } from 'node:util';
import type { Located } from '../manifests/located.ts';
import type { Endpoints, ObjectStatus, StandaloneEvent } from './standalone-events.ts';

/** Everything that is known after the folder was read and the brokers run it. */
export interface Round {
  readonly notices: readonly string[];
  readonly violations: readonly Located[];
  readonly statuses: ReadonlyMap<string, ObjectStatus>;
  /** By key, of every object that was not refused for its shape. */
  readonly specs: ReadonlyMap<string, unknown>;
  readonly endpoints: Endpoints;
}

export const NO_ROUND: Round = {
  notices: [],
  violations: [],
  statuses: new Map(),
  specs: new Map(),
  endpoints: new Map(),
};

/** Without line and column: a violation that moved is the same. */
function identityOf({ file, object, violation }: Located): string {
  const { field, reason, message } = violation;
  return JSON.stringify([file, object, field, reason, message]);
}

function byIdentity(violations: readonly Located[]): Map<string, Located> {
  return new Map(violations.map((located) => [identityOf(located), located]));
}

function violationEvents(before: Round, after: Round): StandaloneEvent[] {
  const [old, now] = [byIdentity(before.violations), byIdentity(after.violations)];
  const arisen = [...now].filter(([identity]) => !old.has(identity));
  const mended = [...old].filter(([identity]) => !now.has(identity));
  return [
    ...arisen.map(([, located]) => ({ event: 'violation', located }) as const),
    ...mended.map(([, located]) => ({ event: 'resolved', located }) as const),
  ];
}

function changeEvents(before: Round, after: Round): StandaloneEvent[] {
  const events: StandaloneEvent[] = [];
  for (const [object, spec] of after.specs) {
    if (!before.specs.has(object)) events.push({ event: 'change', change: 'Added', object });
    else if (!isDeepStrictEqual(before.specs.get(object), spec)) {
      events.push({ event: 'change', change: 'Modified', object });
    }
  }
  for (const object of before.specs.keys()) {
    if (!after.specs.has(object)) events.push({ event: 'change', change: 'Removed', object });
  }
  return events;
}

function conditionEvents(before: Round, after: Round): StandaloneEvent[] {
  return [...after.statuses.values()]
    .filter((status) => !isDeepStrictEqual(before.statuses.get(status.key), status))
    .map((status) => ({ event: 'condition', status }));
}

/** In the order that `StandaloneEvent` promises. `first` leaves out what is then no change. */
export function eventsBetween(before: Round, after: Round, first: boolean): StandaloneEvent[] {
  const notices = after.notices.filter((notice) => !before.notices.includes(notice));
  const { endpoints } = after;
  const moved = !first && !isDeepStrictEqual(before.endpoints, endpoints);
  return [
    ...notices.map((message) => ({ event: 'notice', message }) as const),
    ...violationEvents(before, after),
    ...(first ? [] : changeEvents(before, after)),
    ...conditionEvents(before, after),
    ...(moved ? [{ event: 'endpoints', endpoints } as const] : []),
  ];
}
