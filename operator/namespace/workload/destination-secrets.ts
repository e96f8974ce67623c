/**
 * What destinations of events authenticate with: named by EventSubscriptions, read from Secrets of
 * the user's, and handed to the brokers in one Secret, which their pods have as a file.
 */
import { SECRET_KEYS, secretsOf } from '../../../domain/destination-secrets.ts';
import type { Destination } from '../../../domain/resources.ts';
import type { SnapshotEventSubscription } from '../../../domain/snapshot.ts';
import { quote } from '../../../domain/text.ts';
import type { FieldPath, Violation } from '../../../domain/violation.ts';
import type { Secret } from '../../authority/authority-secret.ts';
import type { Subject } from './applier.ts';
import { ownedMetadata } from './labels.ts';

export const DESTINATION_SECRETS_FILE = 'secrets.json';

/** Kubernetes' bound on what a Secret holds (MaxSecretSize). */
const SECRET_BYTES_MAX = 1024 * 1024;

/** One Secret that one EventSubscription names. */
export interface SecretUse {
  readonly subscription: string;
  readonly field: FieldPath;
  readonly secret: string;
  /** Of each, at least one has to be there. */
  readonly anyOf: readonly (readonly string[])[];
  /** All that are read. */
  readonly keys: readonly string[];
}

export function secretUses(subscriptions: readonly SnapshotEventSubscription[]): SecretUse[] {
  return subscriptions.flatMap(({ name, destination, deadLetter }) => [
    ...usesOf(name, 'destination', destination),
    ...usesOf(name, 'deadLetter', deadLetter),
  ]);
}

function usesOf(
  subscription: string,
  part: 'destination' | 'deadLetter',
  destination: Destination | undefined,
): SecretUse[] {
  return secretsOf(destination ?? {}).map(({ field, secret, use }) => {
    const { keys, required } = SECRET_KEYS[use];
    const anyOf = required === 'One' ? [keys] : keys.map((key) => [key]);
    return { subscription, field: ['spec', part, ...field], secret, anyOf, keys };
  });
}

export interface DestinationSecrets {
  /** The text of the file: `{ SECRET: { KEY: base64 } }`, the same for the same content. */
  readonly file: string;
  /** By EventSubscription: what it names in vain. */
  readonly violations: ReadonlyMap<string, readonly Violation[]>;
}

/** @param secrets what there is, by name */
export function destinationSecrets(
  uses: readonly SecretUse[],
  secrets: ReadonlyMap<string, Secret>,
): DestinationSecrets {
  const content = new Map<string, Map<string, string>>();
  const violations = new Map<string, Violation[]>();
  let bytes = '{}'.length;
  for (const use of uses) {
    const data = secrets.get(use.secret)?.data;
    const read = use.keys.flatMap((key) => {
      const value = data?.[key];
      return value === undefined ? [] : [[key, value] as const];
    });
    const known = content.get(use.secret) ?? new Map<string, string>();
    const added = read.filter(([key]) => !known.has(key));
    // Names and keys need no escapes in JSON; twelve bytes hold all that is around them.
    const size = added.reduce((sum, [key, value]) => sum + key.length + value.length + 12, 0);
    const room = bytes + size + use.secret.length + 12 <= SECRET_BYTES_MAX;
    const fault = missing(use, secrets.get(use.secret)) ?? (room ? undefined : tooLarge(use));
    if (fault !== undefined) {
      violations.set(use.subscription, [...(violations.get(use.subscription) ?? []), fault]);
    }
    if (!room || read.length === 0) continue;
    bytes += size + use.secret.length + 12;
    content.set(use.secret, new Map([...known, ...added]));
  }
  return { file: printed(content), violations };
}

function printed(content: ReadonlyMap<string, ReadonlyMap<string, string>>): string {
  const sorted = <Value>(map: ReadonlyMap<string, Value>): [string, Value][] => {
    return [...map].sort(([left], [right]) => (left < right ? -1 : 1));
  };
  const entries = sorted(content).map(([name, keys]) => [name, Object.fromEntries(sorted(keys))]);
  return JSON.stringify(Object.fromEntries(entries));
}

function missing(use: SecretUse, secret: Secret | undefined): Violation | undefined {
  const { field } = use;
  const name = quote(use.secret);
  if (secret === undefined) {
    const message = `names the Secret ${name}, which does not exist in this Kubernetes namespace`;
    return { field, reason: 'RefNotFound', message, remedy: 'create it, or name one that exists' };
  }
  const lacking = use.anyOf.find((keys) => keys.every((key) => !secret.data?.[key]));
  if (lacking === undefined) return undefined;
  const keys = lacking.join(', ').replace(/, ([^,]*)$/, ' or $1');
  const message = `names the Secret ${name}, which has no key ${keys}`;
  return { field, reason: 'RefNotFound', message, remedy: 'add it to the Secret' };
}

function tooLarge({ field, secret }: SecretUse): Violation {
  return {
    field,
    reason: 'LimitExceeded',
    message:
      `names the Secret ${quote(secret)}, and what destinations of one MqttNamespace read of ` +
      `Secrets is more than the ${SECRET_BYTES_MAX} bytes that Kubernetes lets one Secret hold`,
    remedy: 'keep fewer certificate authorities in these Secrets, or share one Secret',
  };
}

export function destinationSecretsObject({ owner, names }: Subject, file: string): Secret {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: ownedMetadata(owner, names, names.destinationSecrets),
    type: 'Opaque',
    data: { [DESTINATION_SECRETS_FILE]: Buffer.from(file).toString('base64') },
  };
}
