/** What goes wrong on the way to Kafka, in words for the person who must act. */
import type { StatedFailure } from './kafka-messages.ts';

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

/** What crosses to whoever told of the events. */
export function asStated(error: unknown): StatedFailure {
  const { fault, message } = asKafkaFailure(error);
  return { fault, words: message };
}

/** Errors within errors, as the client nests them; deeper or more is nobody's. */
const DEPTH_MAX = 8;
const ERRORS_MAX = 100;

/** `broker`: whom it was that failed, where that is known. */
export function asKafkaFailure(error: unknown, broker = 'a broker'): KafkaFailure {
  const failures = failuresIn(error, { broker, authenticating: false, depth: 0 });
  return foremost(failures) ?? clientFailure(error);
}

/** The client is at its end, in a way that was not foreseen. */
export function clientFailure(error: unknown, depth = 0): KafkaFailure {
  const inner = error instanceof Error ? (error as ClientError) : undefined;
  const cause: unknown = Array.isArray(inner?.errors) ? inner.errors[0] : inner?.cause;
  if (cause instanceof Error && depth < DEPTH_MAX) return clientFailure(cause, depth + 1);
  const text = inner?.message ?? String(error);
  const words = text.replace(/[^\x20-\x7e]+/g, ' ').slice(0, CLIENT_WORDS_MAX);
  return new KafkaFailure('Unreachable', `the Kafka client failed: ${words}`);
}

/** They may quote what a stranger answered. */
const CLIENT_WORDS_MAX = 200;

interface Place {
  readonly broker: string;
  readonly authenticating: boolean;
  readonly depth: number;
}

interface ClientError extends Error {
  readonly code?: unknown;
  readonly apiCode?: unknown;
  readonly errors?: unknown;
}

/** The causes at the bottom: what is around them only says what was going on. */
function failuresIn(error: unknown, place: Place): KafkaFailure[] {
  if (error instanceof KafkaFailure) return [error];
  if (!(error instanceof Error) || place.depth > DEPTH_MAX) return [];
  const { errors, code, message, cause } = error as ClientError;
  const within: Place = {
    broker:
      /^Connection to ([\w.:-]{1,261}) (?:failed|timed out)\.$/.exec(message)?.[1] ?? place.broker,
    authenticating: place.authenticating || code === 'PLT_KFK_AUTHENTICATION',
    depth: place.depth + 1,
  };
  const inner: unknown[] = Array.isArray(errors) ? errors.slice(0, ERRORS_MAX) : [];
  const causes = [...inner, cause].flatMap((each) => failuresIn(each, within));
  if (causes.length > 0) return causes;
  const own = failureOf(error, within);
  return own === undefined ? [] : [own];
}

function failureOf(
  error: ClientError,
  { broker, authenticating }: Place,
): KafkaFailure | undefined {
  const { apiCode, code, message } = error;
  if (typeof apiCode === 'number') {
    const ofSasl = saslFailure(apiCode, broker);
    if (ofSasl !== undefined) return ofSasl;
    return authenticating ? wrongUser(apiCode, broker) : codeFailure(apiCode);
  }
  const [, told] = MESSAGES.find(([words]) => words.test(message)) ?? [];
  if (told !== undefined) return told(broker);
  if (authenticating) return new KafkaFailure('Refused', `${broker} answers what is not of SCRAM`);
  const words = typeof code === 'string' ? networkWords(code) : undefined;
  return words === undefined ? undefined : new KafkaFailure('Unreachable', `${broker} ${words}`);
}

/** What is wrong with the destination comes before what is wrong with events. */
function foremost(failures: readonly KafkaFailure[]): KafkaFailure | undefined {
  const order = (failure: KafkaFailure): number =>
    failure.fault === 'Rejected' ? 2 : Number(failure.isStale);
  return failures.toSorted((a, b) => order(a) - order(b))[0];
}

export function notKafka(broker: string, what: string): KafkaFailure {
  return new KafkaFailure(
    'Refused',
    `${broker} answered with what is not Kafka's protocol (${what}): is it the port of a broker?`,
  );
}

function closedFailure(broker: string): KafkaFailure {
  return new KafkaFailure(
    'Unreachable',
    `${broker} closed the connection (as it does when it restarts; and at once, where one of` +
      ' the two is set to TLS or SASL and the other is not)',
  );
}

const UNKNOWN_TOPIC = 3;
const LEADER_NOT_AVAILABLE = 5;

/** What the client says in words alone, of its version 2.12. */
const MESSAGES: readonly (readonly [RegExp, (broker: string) => KafkaFailure])[] = [
  [/^Unknown topic /, () => codeFailure(UNKNOWN_TOPIC)],
  [/not available in the current cluster metadata/, () => codeFailure(LEADER_NOT_AVAILABLE)],
  [/^Broker requires TLS/, speaksTls],
  [/timed out/, (broker) => new KafkaFailure('Unreachable', `${broker} does not answer`)],
  [/^Connection closed/, closedFailure],
  [/^Out of bounds/, (broker) => notKafka(broker, 'cut off')],
  [/^Unsupported API|^No usable implementation/, tooOld],
];

function speaksTls(broker: string): KafkaFailure {
  return new KafkaFailure('Refused', `${broker} speaks TLS: state tls for this destination`);
}

function tooOld(broker: string): KafkaFailure {
  const words = `${broker} knows no version of a request that we do: it takes Kafka 1.0 or later`;
  return new KafkaFailure('Refused', words);
}

const UNSUPPORTED_MECHANISM = 33;
const ILLEGAL_SASL_STATE = 34;
const SASL_AUTHENTICATION_FAILED = 58;

function saslFailure(code: number, broker: string): KafkaFailure | undefined {
  if (code === SASL_AUTHENTICATION_FAILED) return wrongUser(code, broker);
  if (code === UNSUPPORTED_MECHANISM) {
    const words = `${broker} does not know SASL's mechanism that saslSecretName states`;
    return new KafkaFailure('Refused', `${words}: correct it in that Secret`);
  }
  if (code !== ILLEGAL_SASL_STATE) return undefined;
  return new KafkaFailure(
    'Refused',
    `${broker} takes no SASL on this port: use the one that does, or take saslSecretName away`,
  );
}

function wrongUser(code: number, broker: string): KafkaFailure {
  return new KafkaFailure(
    'Refused',
    `${broker} does not accept username and password of saslSecretName` +
      ` (Kafka's error ${code}): correct them in that Secret`,
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

function networkWords(code: string): string | undefined {
  if (code.startsWith('ERR_OSSL')) return 'cannot be verified: ca.crt is not PEM, or TLS fails';
  if (code.startsWith('PLT_KFK_')) return undefined;
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
  [35, { words: 'the brokers know no version of the request that we do (UNSUPPORTED_VERSION)' }],
  [44, { words: "the brokers' policy forbids it (POLICY_VIOLATION)" }],
  [56, { isStale: true, words: 'the disk of a broker fails (KAFKA_STORAGE_ERROR)' }],
  [74, { isStale: true, words: 'a partition has another leader by now (FENCED_LEADER_EPOCH)' }],
  [87, { fault: 'Rejected', words: 'the brokers do not take a record (INVALID_RECORD)' }],
  [89, { words: 'more is written than the quota allows (THROTTLING_QUOTA_EXCEEDED)' }],
]);

function codeFailure(code: number): KafkaFailure {
  const { fault, isStale, words } = CODES.get(code) ?? { words: `Kafka's error ${code}` };
  return new KafkaFailure(fault ?? 'Refused', words, isStale ?? false);
}
