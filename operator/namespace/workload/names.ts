import { createHash } from 'node:crypto';

/**
 * Pods are called `<name>-0`, and have a label `<name>-<hash of 10 characters>`, which may have 63
 * characters: StatefulSets with longer names make no pods (kubernetes/kubernetes #64023).
 */
const NAME_LENGTH_MAX = 52;

/** Hexadecimal digits: 2^32 names that share a prefix before two are likely to meet. */
const HASH_LENGTH = 8;

/** RFC 1035, 2.3.1, as Kubernetes wants it of Services: a label that starts with a letter. */
const DNS_1035_LABEL = /^[a-z]([-a-z0-9]*[a-z0-9])?$/;

/** What the objects beside the StatefulSet are called after. */
const SUFFIXES = { headless: '-headless', server: '-server', control: '-control' } as const;

/** What the objects of one MqttNamespace are called. */
export interface WorkloadNames {
  /** The StatefulSet, the clients' Service, the PodDisruptionBudget and the NetworkPolicy. */
  readonly workload: string;
  readonly headlessService: string;
  /** The Secret with the listener's certificate, where the operator issues it. */
  readonly serverSecret: string;
  /** The Secret with what a broker shows to the operator. */
  readonly controlSecret: string;
  /** The Secret with what destinations of events authenticate with. */
  readonly destinationSecrets: string;
}

/** @param metadataName a DNS subdomain (RFC 1123), as the API server admits them */
export function workloadNames(metadataName: string): WorkloadNames {
  const workload = isPlain(metadataName) ? metadataName : hashed(metadataName);
  return {
    workload,
    headlessService: workload + SUFFIXES.headless,
    serverSecret: workload + SUFFIXES.server,
    controlSecret: workload + SUFFIXES.control,
    // No MqttNamespace has a Secret of just its own name, so that this one is nobody else's.
    destinationSecrets: `${workload}-destinations`,
  };
}

/** Whether it can be used as it is, and cannot be taken for an object of another one. */
function isPlain(name: string): boolean {
  const isTaken = Object.values(SUFFIXES).some((suffix) => name.endsWith(suffix));
  return !isTaken && name.length <= NAME_LENGTH_MAX && DNS_1035_LABEL.test(name);
}

function hashed(name: string): string {
  const hash = createHash('sha256').update(name).digest('hex').slice(0, HASH_LENGTH);
  const label = name.replaceAll('.', '-').replace(/^(?![a-z])/, 'mqtt-');
  const readable = label.slice(0, NAME_LENGTH_MAX - HASH_LENGTH - 1).replace(/-+$/, '');
  return `${readable}-${hash}`;
}

/** The volume claim of a pod: what the StatefulSet controller calls it. */
export function claimName(pod: string): string {
  return `${CLAIM_TEMPLATE_NAME}-${pod}`;
}

export const CLAIM_TEMPLATE_NAME = 'data';
