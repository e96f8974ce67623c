/** What goes wrong on the way to Kafka, in words for the person who must act. */
import { MalformedResponse } from './response-reader.ts';

/**
 * `Unreachable`: nobody answered. `Refused`: somebody did, and did not take it. `Rejected`: these
 * events will never be taken as they are.
 */
export type KafkaFault = 'Unreachable' | 'Refused' | 'Rejected';

export class KafkaFailure extends Error {
  readonly fault: KafkaFault;
  /** Nothing was written, and it is another broker that would: worth a look at the metadata. */
  readonly isStale: boolean;

  constructor(fault: KafkaFault, message: string, isStale = false) {
    super(message);
    this.fault = fault;
    this.isStale = isStale;
  }
}

export function asKafkaFailure(broker: string, error: unknown): KafkaFailure {
  if (error instanceof KafkaFailure) return error;
  if (error instanceof MalformedResponse) return notKafka(broker, error.message);
  return new KafkaFailure('Unreachable', `${broker} ${networkWords(error)}`);
}

export function notKafka(broker: string, what: string): KafkaFailure {
  return new KafkaFailure(
    'Refused',
    `${broker} answered with what is not Kafka's protocol (${what}): is it the port of a broker?`,
  );
}

const UNTRUSTED =
  'shows a certificate of an authority that is not trusted: put that authority as ca.crt into the' +
  ' Secret that tls.caSecretName names';

const NETWORK_WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'refuses connections',
  ECONNRESET: 'closed the connection (is one of the two set to TLS, and the other not?)',
  EPIPE: 'closed the connection',
  EHOSTUNREACH: 'cannot be reached: there is no route',
  ENETUNREACH: 'cannot be reached: there is no route',
  ETIMEDOUT: 'does not answer',
  ENOTFOUND: 'has a name that DNS does not know',
  EAI_AGAIN: 'has a name that DNS cannot say at the moment',
  EPROTO: 'does not speak TLS as we do (is it a port without TLS?)',
  ERR_SSL_WRONG_VERSION_NUMBER: 'does not speak TLS: is it a port without?',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNTRUSTED,
  UNABLE_TO_GET_ISSUER_CERT: UNTRUSTED,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNTRUSTED,
  SELF_SIGNED_CERT_IN_CHAIN: UNTRUSTED,
  DEPTH_ZERO_SELF_SIGNED_CERT: UNTRUSTED,
  CERT_SIGNATURE_FAILURE: UNTRUSTED,
  CERT_HAS_EXPIRED: 'shows a certificate that has expired',
  CERT_NOT_YET_VALID: 'shows a certificate that is not valid yet',
  ERR_TLS_CERT_ALTNAME_INVALID: 'shows a certificate for another name than it is reached by',
};

function networkWords(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
  if (code.startsWith('ERR_OSSL')) return 'cannot be verified: ca.crt is not PEM, or TLS fails';
  return NETWORK_WORDS[code] ?? `cannot be talked to (${code})`;
}

interface CodeWords {
  readonly fault?: KafkaFault;
  readonly isStale?: true;
  readonly words: string;
}

/** Kafka's protocol guide, "Error Codes": those that a producer meets. `Refused` by default. */
const CODES: ReadonlyMap<number, CodeWords> = new Map<number, CodeWords>([
  [2, { words: 'what arrived is not what was sent (CORRUPT_MESSAGE)' }],
  [
    3,
    {
      isStale: true,
      words:
        'the topic does not exist (UNKNOWN_TOPIC_OR_PARTITION), and the brokers do not make' +
        ' topics by themselves: create it',
    },
  ],
  [5, { isStale: true, words: 'a partition has no leader at the moment (LEADER_NOT_AVAILABLE)' }],
  [6, { isStale: true, words: 'a partition has another leader by now (NOT_LEADER_OR_FOLLOWER)' }],
  [7, { words: 'replicas did not confirm in time (REQUEST_TIMED_OUT)' }],
  [
    10,
    {
      fault: 'Rejected',
      words: 'larger than the topic takes (MESSAGE_TOO_LARGE): raise its max.message.bytes',
    },
  ],
  [17, { words: 'that is no name of a topic that may be written to (INVALID_TOPIC_EXCEPTION)' }],
  [
    18,
    {
      fault: 'Rejected',
      words: "larger than a segment of the topic's log (RECORD_LIST_TOO_LARGE)",
    },
  ],
  [
    19,
    {
      words:
        'fewer replicas are in sync than min.insync.replicas says (NOT_ENOUGH_REPLICAS): bring' +
        ' brokers back, or lower it',
    },
  ],
  [20, { words: 'fewer replicas than min.insync.replicas (NOT_ENOUGH_REPLICAS_AFTER_APPEND)' }],
  [
    29,
    {
      words:
        'this user may not write to the topic (TOPIC_AUTHORIZATION_FAILED): allow it Describe and' +
        ' Write',
    },
  ],
  [31, { words: 'this user may not use the cluster (CLUSTER_AUTHORIZATION_FAILED)' }],
  [34, { words: 'the brokers want SASL (ILLEGAL_SASL_STATE): name a saslSecretName' }],
  [35, { words: 'the brokers know no version of the request that we do (UNSUPPORTED_VERSION)' }],
  [44, { words: "the brokers' policy forbids it (POLICY_VIOLATION)" }],
  [56, { isStale: true, words: 'the disk of a broker fails (KAFKA_STORAGE_ERROR)' }],
  [74, { isStale: true, words: 'a partition has another leader by now (FENCED_LEADER_EPOCH)' }],
  [87, { fault: 'Rejected', words: 'the brokers do not take a record (INVALID_RECORD)' }],
  [89, { words: 'more is written than the quota allows (THROTTLING_QUOTA_EXCEEDED)' }],
]);

export function codeFailure(code: number): KafkaFailure {
  const { fault, isStale, words } = CODES.get(code) ?? { words: `Kafka's error ${code}` };
  return new KafkaFailure(fault ?? 'Refused', words, isStale ?? false);
}
