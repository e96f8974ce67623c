/** From one snapshot of a MqttNamespace to the next, in steps that can travel one by one. */
import type { Limits } from './limits.ts';
import type { Snapshot } from './snapshot.ts';

/** The lists of a snapshot, each of things with a name. */
export const SNAPSHOT_LISTS = [
  'caCertificates',
  'clients',
  'clientGroups',
  'topicSpaces',
  'permissionBindings',
] as const;
export type SnapshotList = (typeof SNAPSHOT_LISTS)[number];

export type SnapshotChange =
  | { readonly change: 'SetNamespace'; readonly name: string; readonly limits: Limits }
  | {
      [List in SnapshotList]: {
        readonly change: 'Set';
        readonly list: List;
        readonly value: Snapshot[List][number];
      };
    }[SnapshotList]
  | { readonly change: 'Remove'; readonly list: SnapshotList; readonly name: string };
