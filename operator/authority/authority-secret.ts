/** The authority as a Secret. */
import { issuedFromPem } from '../../certificates/issued.ts';
import type { Issued } from '../../certificates/issue.ts';
import type { KubeObject, ResourceType } from '../../kube/kube-api.ts';
import { trustPem } from './authority-state.ts';
import type { AuthorityState } from './authority-state.ts';

export const AUTHORITY_SECRET = 'mqttgrid-authority';

export const SECRETS: ResourceType = {
  apiVersion: 'v1',
  kind: 'Secret',
  plural: 'secrets',
  namespaced: true,
};

export type Secret = KubeObject & {
  readonly type?: string;
  readonly data?: Readonly<Record<string, string>>;
};

export function authoritySecret(namespace: string, state: AuthorityState): Secret {
  const { current, next, previous } = state;
  const texts = {
    'current.crt': current.certificatePem,
    'current.key': current.privateKeyPem,
    ...(next && { 'next.crt': next.certificatePem, 'next.key': next.privateKeyPem }),
    ...(previous && { 'previous.crt': previous }),
    // Nobody of ours reads it: it is what people copy for clients.
    'ca.crt': trustPem(state),
  };
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      name: AUTHORITY_SECRET,
      namespace,
      labels: {
        'app.kubernetes.io/name': 'mqttgrid-operator',
        'app.kubernetes.io/managed-by': 'mqttgrid',
      },
    },
    type: 'Opaque',
    data: encoded(texts),
  };
}

/** @throws where it does not hold an authority: somebody changed it */
export function readAuthority(secret: Secret): AuthorityState {
  const { data = {} } = secret;
  return {
    current: readPair(data, 'current'),
    next: data['next.crt'] === undefined ? undefined : readPair(data, 'next'),
    previous: data['previous.crt'] === undefined ? undefined : decoded(data['previous.crt']),
  };
}

type Data = NonNullable<Secret['data']>;

function readPair(data: Data, name: 'current' | 'next'): Issued {
  return issuedFromPem(decoded(data[`${name}.crt`]), decoded(data[`${name}.key`]));
}

/** A Secret's data, from texts. */
export function encoded(texts: Readonly<Record<string, string>>): Record<string, string> {
  const entries = Object.entries(texts);
  return Object.fromEntries(entries.map(([key, text]) => [key, toBase64(text)]));
}

export function toBase64(text: string): string {
  return Buffer.from(text).toString('base64');
}

/** The text of an entry of a Secret; empty where there is none. */
export function decoded(base64: string | undefined): string {
  return Buffer.from(base64 ?? '', 'base64').toString();
}
