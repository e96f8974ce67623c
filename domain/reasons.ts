/** Condition types and reasons. They are API: scripts match them, so none is ever renamed. */

export const CONDITION_TYPES = [
  'Accepted',
  'ResolvedRefs',
  'Programmed',
  'Delivering',
  'Ready',
  'Stalled',
] as const;
export type ConditionType = (typeof CONDITION_TYPES)[number];

/** What stands as `reason` beside a condition that is as it should be. */
export const GOOD_REASONS = [
  'Accepted',
  'ResolvedRefs',
  'Programmed',
  'Delivering',
  'Ready',
] as const;

/** Why an object is not in force, each with what it means to the person who declared it. */
export const FAULT_REASONS = {
  InvalidShape: 'the manifest does not have the shape of its kind: a field, a type, a bound',
  InvalidName: 'the name breaks the naming rule of its kind',
  InvalidAttributes: 'a client attribute has a key or value that the specification excludes',
  AttributesTooLarge: 'the attributes of a client exceed 4 KiB',
  InvalidAuthentication: 'a client states none or both of the ways to authenticate, or a bad one',
  InvalidCertificate: 'the text is not one CA certificate that is valid now',
  InvalidQuery: 'the query of a client group cannot be parsed',
  InvalidTemplate: 'a topic template cannot be parsed',
  InvalidLimit: 'a limit is outside of what the broker was designed for',
  InvalidSubscription: 'an event subscription states none or several destinations, or a bad one',
  InvalidFilter: 'an event filter has an operator, key or value that no event is compared by',
  UnsupportedValue: 'the value is reserved for a later version',
  Immutable: 'a field was changed that can only be set when the object is created',
  NameConflict: 'an older object of this kind has the same name',
  LimitExceeded: 'older objects use up what the namespace may hold of this kind',
  TemplateOverlap: 'a topic matches templates of two topic spaces that allow subscribing',
  SubscriptionNotSupported: 'a Subscriber binding to a topic space that is for publishing only',
  RefNotFound: 'the object names another object that does not exist',
  RefNotAccepted: 'the object names another object that is itself refused',
  RefLocationMismatch: 'the object names another object that states another location',
  Pending: 'not every broker runs it yet',
  BrokerUnavailable: 'no broker pod can run, or none is ready yet',
  DestinationUnreachable:
    'nobody answers where events are delivered; they wait, and are tried again',
  DestinationRefused: 'where events are delivered, somebody answers and does not take them',
  SnapshotRefused: 'a broker would not run the configuration that holds it, and says why',
} as const;

export type FaultReason = keyof typeof FAULT_REASONS;
export type Reason = FaultReason | (typeof GOOD_REASONS)[number];

/** Whether it may come right by itself: what is named and not there may still be declared. */
export function mayFollow(reason: Reason): boolean {
  return reason === 'RefNotFound';
}
