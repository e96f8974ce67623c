/** The folder that stands for Secrets: `FOLDER/SECRET/KEY`, as Kubernetes would mount them. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { SECRET_KEYS, secretsOf, type SecretUse } from '../domain/destination-secrets.ts';
import type { Destination, EventSubscriptionSpec } from '../domain/resources.ts';
import { quote } from '../domain/text.ts';
import type { FieldPath, Violation } from '../domain/violation.ts';

/** One Secret that a destination names. */
interface Need {
  readonly field: FieldPath;
  readonly secret: string;
  /** Sets of keys of which one is enough, each with what it is for; the first is proposed. */
  readonly choices: readonly (readonly string[])[];
  /** What the Secret has of use, in words. */
  readonly contents: string;
}

const CONTENTS: { readonly [Use in SecretUse]: string } = {
  Authorities: 'certificates of authorities, PEM',
  WebhookAuthorization:
    'a token (or a whole header in authorization, or a key to sign with in hmacKey)',
  KafkaLogin: 'the SASL mechanism, the username and the password',
};

/** What most have is proposed first. */
const PROPOSED_KEY = 'token';

function choicesOf(use: SecretUse): readonly (readonly string[])[] {
  const { keys, required } = SECRET_KEYS[use];
  if (required === 'All') return [keys];
  return [PROPOSED_KEY, ...keys.filter((key) => key !== PROPOSED_KEY)].map((key) => [key]);
}

function needsOf(field: FieldPath, destination: Destination | undefined): readonly Need[] {
  return secretsOf(destination ?? {}).map(({ field: path, secret, use }) => {
    const [choices, contents] = [choicesOf(use), CONTENTS[use]];
    return { field: [...field, ...path], secret, choices, contents };
  });
}

function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    // It is not there, or out of reach, which is the same to who delivers.
    return false;
  }
}

/** Those of the choice that is nearest; none: the Secret has what it must. */
function missingFiles(folder: string, { secret, choices }: Need): readonly string[] {
  const missing = choices.map((keys) =>
    keys.map((key) => join(folder, secret, key)).filter((path) => !isFile(path)),
  );
  return missing.sort((left, right) => left.length - right.length)[0] ?? [];
}

/**
 * What the destinations of an EventSubscription need and the folder has not. Its events wait
 * meanwhile: it is delivered as soon as the files are there.
 */
export function missingSecrets(
  folder: string,
  { destination, deadLetter }: EventSubscriptionSpec,
): readonly Violation[] {
  const needs = [
    ...needsOf(['spec', 'destination'], destination),
    ...needsOf(['spec', 'deadLetter'], deadLetter),
  ];
  return needs.flatMap((need) => {
    const files = missingFiles(folder, need);
    if (files.length === 0) return [];
    const message = `names the Secret ${quote(need.secret)}, which is to have ${need.contents}`;
    const remedy = `write ${files.join(', ')}`;
    return [{ field: need.field, reason: 'RefNotFound', message, remedy }];
  });
}
