/** What the patterns of the schemas mean, for people; a test finds each pattern here. */
import { DNS_LABEL, DNS_SUBDOMAIN } from './metadata-schema.ts';

export interface Form {
  readonly inWords: string;
  readonly remedy: string;
  /** The value is kept out of messages: a URL often carries a token. */
  readonly mayBeSecret?: true;
}

const KUBERNETES_NAME: Form = {
  inWords:
    'a Kubernetes name: lower-case letters, digits, hyphens and dots, and a letter or digit at ' +
    'both ends',
  remedy: 'write a name of that form',
};

const QUANTITY: Form = {
  inWords: 'a Kubernetes quantity',
  remedy: 'write a number with or without a unit, such as 10Gi, 500m or 2',
};

const FORMS: ReadonlyMap<string, Form> = new Map([
  [DNS_SUBDOMAIN, KUBERNETES_NAME],
  [
    DNS_LABEL,
    {
      inWords:
        'the name of a Kubernetes namespace: lower-case letters, digits and hyphens, and a ' +
        'letter or digit at both ends',
      remedy: 'remove it, or name a Kubernetes namespace',
    },
  ],
  ['^[0-9]+(\\.[0-9]+)?(m|k|Ki|M|Mi|G|Gi|T|Ti|P|Pi|E|Ei)?$', QUANTITY],
  [
    '^[0-9A-Fa-f]{2}(:?[0-9A-Fa-f]{2}){19}((:?[0-9A-Fa-f]{2}){12})?$',
    {
      inWords: 'a thumbprint, which has 40 (SHA-1) or 64 (SHA-256) hexadecimal digits',
      remedy: 'write what openssl x509 -fingerprint -sha256 prints behind the equals sign',
    },
  ],
  [
    '^[A-Za-z]{2}$',
    {
      inWords: 'a country code, which has two letters',
      remedy: 'write the two letters that the certificate has as C',
    },
  ],
  [
    '^https?://[^ /?#@]+([/?#][^ ]*)?$',
    {
      inWords: 'an http or https URL without a user name or password',
      remedy: 'write the URL that takes the events, such as https://events.example.com/mqtt',
      mayBeSecret: true,
    },
  ],
  [
    '^([A-Za-z0-9._-]+|\\[[0-9A-Fa-f:.]+\\]):[0-9]{1,5}$',
    { inWords: 'a host and port', remedy: 'write it as HOST:PORT, such as kafka-0.kafka:9092' },
  ],
  [
    '^([A-Za-z0-9]+|[Dd][Aa][Tt][Aa](\\.[^.]+){1,16})$',
    {
      inWords: 'the key of an attribute, or of a member of the data',
      remedy: 'write subject, type, source, another attribute, or data.<member>',
    },
  ],
  [
    '^[A-Za-z0-9._-]+$',
    {
      inWords:
        'the name of a Kafka topic, which has letters, digits, dots, underscores and hyphens',
      remedy: 'write the name of a Kafka topic',
    },
  ],
]);

export function isKnownPattern(pattern: string): boolean {
  return FORMS.has(pattern);
}

export function formOf(pattern: string): Form {
  return (
    FORMS.get(pattern) ?? { inWords: `of the form ${pattern}`, remedy: 'write it in that form' }
  );
}
