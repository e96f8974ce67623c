/** Which Secrets a destination of events names, and what each of them has to hold. */
import type { Destination } from './resources.ts';
import type { FieldPath } from './violation.ts';

export type SecretUse = 'Authorities' | 'WebhookAuthorization' | 'KafkaLogin';

/** The keys that are read. `One` of them is enough, or `All` have to be there. */
export const SECRET_KEYS = {
  Authorities: { keys: ['ca.crt'], required: 'All' },
  WebhookAuthorization: { keys: ['authorization', 'token', 'hmacKey'], required: 'One' },
  KafkaLogin: { keys: ['mechanism', 'username', 'password'], required: 'All' },
} as const satisfies {
  readonly [Use in SecretUse]: {
    readonly keys: readonly string[];
    readonly required: 'One' | 'All';
  };
};

export interface NamedSecret {
  /** Below the destination. */
  readonly field: FieldPath;
  readonly secret: string;
  readonly use: SecretUse;
}

export function secretsOf({ webhook, kafka }: Destination): readonly NamedSecret[] {
  const named = [
    [['webhook', 'caSecretName'], webhook?.caSecretName, 'Authorities'],
    [['webhook', 'authSecretName'], webhook?.authSecretName, 'WebhookAuthorization'],
    [['kafka', 'tls', 'caSecretName'], kafka?.tls?.caSecretName, 'Authorities'],
    [['kafka', 'saslSecretName'], kafka?.saslSecretName, 'KafkaLogin'],
  ] as const;
  return named.flatMap(([field, secret, use]) => {
    return secret === undefined ? [] : [{ field, secret, use }];
  });
}
