/** What an API server asks and is answered: admission.k8s.io/v1, as far as we look at it. */
import { API_GROUP, isKind, type Kind, type Resource } from '../../domain/resources.ts';
import { isRecord, recordOf } from '../../domain/validate/shape.ts';
import type { StatusCause } from '../../kube/kube-api.ts';

/** A change of one of our objects. */
export interface AdmissionRequest {
  readonly kind: Kind;
  readonly operation: 'CREATE' | 'UPDATE' | 'DELETE';
  /** The object as it would be; of a deletion, as it was. */
  readonly resource: Resource;
  /** As it was before an update. */
  readonly before: Resource | undefined;
  /** Somebody deleted it, and finalizers keep it. */
  readonly isTerminating: boolean;
}

/** A metav1.Status; kubectl prints the causes of one with reason Invalid line by line. */
export interface DenialStatus {
  readonly status: 'Failure';
  readonly code: 422;
  readonly reason: 'Invalid';
  readonly message: string;
  readonly details: {
    readonly group: string;
    readonly kind: string;
    readonly name: string;
    readonly causes: readonly StatusCause[];
  };
}

export interface AdmissionAnswer {
  readonly allowed: boolean;
  readonly status?: DenialStatus;
  readonly warnings?: readonly string[];
}

/** The review that is sent back. */
export function reviewOf(uid: string, answer: AdmissionAnswer): object {
  return { apiVersion: API_VERSION, kind: KIND, response: { uid, ...answer } };
}

const API_VERSION = 'admission.k8s.io/v1';
const KIND = 'AdmissionReview';

/** What the answer must repeat; undefined: this is no review that could be answered. */
export function uidOf(review: unknown): string | undefined {
  if (!isRecord(review) || review.apiVersion !== API_VERSION || review.kind !== KIND) {
    return undefined;
  }
  const { request } = review;
  return isRecord(request) && typeof request.uid === 'string' ? request.uid : undefined;
}

/** Undefined: not about the declaration of one of our objects, so not ours to judge. */
export function readRequest(review: unknown): AdmissionRequest | undefined {
  const request = recordOf(recordOf(review).request);
  const { group, kind } = recordOf(request.kind);
  const { operation } = request;
  if (group !== API_GROUP || typeof kind !== 'string' || !isKind(kind)) return undefined;
  if (!isOperation(operation) || isSubresource(request.subResource)) return undefined;
  const object = recordOf(operation === 'DELETE' ? request.oldObject : request.object);
  const name = nameOf(request, object);
  const { deletionTimestamp } = recordOf(object.metadata);
  return {
    kind,
    operation,
    resource: resourceOf(request, kind, { object, name }),
    before:
      operation === 'UPDATE'
        ? resourceOf(request, kind, { object: recordOf(request.oldObject), name })
        : undefined,
    isTerminating: deletionTimestamp !== undefined && deletionTimestamp !== null,
  };
}

/** `kubectl scale`, and autoscalers: a change of `spec.replicas` that shows nothing else. */
export interface ScaleRequest {
  readonly namespace: string;
  /** `metadata.name` of the MqttNamespace. */
  readonly name: string;
  readonly replicas: unknown;
}

/** Undefined: it is not about the number of brokers of a MqttNamespace. */
export function readScale(review: unknown): ScaleRequest | undefined {
  const request = recordOf(recordOf(review).request);
  const { group, resource } = recordOf(request.resource);
  const { operation, subResource, namespace, name } = request;
  if (group !== API_GROUP || resource !== 'mqttnamespaces' || subResource !== 'scale') {
    return undefined;
  }
  if (operation !== 'UPDATE' || typeof namespace !== 'string' || typeof name !== 'string') {
    return undefined;
  }
  return { namespace, name, replicas: recordOf(recordOf(request.object).spec).replicas };
}

function isOperation(value: unknown): value is AdmissionRequest['operation'] {
  return value === 'CREATE' || value === 'UPDATE' || value === 'DELETE';
}

function isSubresource(value: unknown): boolean {
  return value !== undefined && value !== '';
}

/** The server appends five characters to `generateName`, which no rule of ours depends on. */
const GENERATED = 'xxxxx';

function nameOf(
  request: Readonly<Record<string, unknown>>,
  object: Readonly<Record<string, unknown>>,
): string {
  const { name, generateName } = recordOf(object.metadata);
  const known = [name, request.name].find((each) => typeof each === 'string' && each !== '');
  if (typeof known === 'string') return known;
  return typeof generateName === 'string' ? `${generateName}${GENERATED}` : '';
}

/** A spec of any shape: the rules take it as it is. */
function resourceOf(
  request: Readonly<Record<string, unknown>>,
  kind: Kind,
  { object, name }: { readonly object: Readonly<Record<string, unknown>>; readonly name: string },
): Resource {
  const { creationTimestamp } = recordOf(object.metadata);
  const isNew = request.operation === 'CREATE';
  const metadata = {
    name,
    namespace: typeof request.namespace === 'string' ? request.namespace : '',
    // Who is new is the youngest, also beside one of the same second.
    creationTimestamp: isNew || typeof creationTimestamp !== 'string' ? '' : creationTimestamp,
  };
  return { kind, metadata, spec: object.spec } as Resource;
}
