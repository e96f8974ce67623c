/** Files of events whose paths are relative: they are where the rest of a broker's data is. */
import { resolve } from 'node:path';
import type { Destination } from '../../domain/resources.ts';
import type { SnapshotEventSubscription } from '../../domain/snapshot.ts';

/** The same, with each file's path absolute: within `folder` unless it was absolute already. */
export function withFilesIn(
  folder: string,
  subscriptions: readonly SnapshotEventSubscription[],
): readonly SnapshotEventSubscription[] {
  return subscriptions.map((subscription) => {
    const { destination, deadLetter } = subscription;
    return {
      ...subscription,
      destination: fileIn(folder, destination),
      ...(deadLetter === undefined ? {} : { deadLetter: fileIn(folder, deadLetter) }),
    };
  });
}

function fileIn(folder: string, destination: Destination): Destination {
  const { file } = destination;
  if (file === undefined) return destination;
  return { file: { ...file, path: resolve(folder, file.path) } };
}
