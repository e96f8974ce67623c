import assert from 'node:assert/strict';
import type { Destination as Declared } from '../../../domain/resources.ts';
import type { Clock } from '../../clock.ts';
import type { Secrets } from '../secrets.ts';
import type { Destination } from './destination.ts';
import { openFile } from './file.ts';
import { openKafka } from './kafka.ts';
import { openWebhook } from './webhook.ts';

export interface DestinationParts {
  readonly secrets: Secrets;
  readonly clock: Clock;
  /** From 0 up to 1. */
  readonly random: () => number;
}

/** Waits for nothing: what is wrong with a destination is told by its first delivery. */
export function openDestination(declared: Declared, parts: DestinationParts): Destination {
  if (declared.webhook !== undefined) return openWebhook(declared.webhook, parts);
  if (declared.kafka !== undefined) return openKafka(declared.kafka, parts);
  if (declared.file !== undefined) return openFile(declared.file);
  assert.fail('a destination that was not validated: it is none of those there are');
}
