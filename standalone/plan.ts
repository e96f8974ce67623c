/** From the objects of a folder to what the brokers shall run, and how each object stands then. */
import { readCertificate } from '../certificates/read.ts';
import { compile } from '../domain/compile.ts';
import type { Verdict } from '../domain/compile.ts';
import {
  conditionsOf,
  deliveringState,
  NOT_ROUTED_TO,
  printViolations,
} from '../domain/conditions.ts';
import type { DeliveringState, ProgrammedState } from '../domain/conditions.ts';
import { isInForce } from '../domain/compile.ts';
import { KINDS, resourceKey } from '../domain/resources.ts';
import type { Resource, ResourceOf } from '../domain/resources.ts';
import type { Snapshot } from '../domain/snapshot.ts';
import type { Violation } from '../domain/violation.ts';
import type { Deliveries } from './deliveries.ts';
import { developmentCaCertificate, namespacesWithoutAuthority } from './development-clients.ts';
import { byPlace } from '../manifests/located.ts';
import type { Located } from '../manifests/located.ts';
import type { Listening } from './listeners.ts';
import type { ManifestObject, ManifestSet } from '../manifests/manifests.ts';
import { resourceOf } from '../manifests/manifests.ts';
import { missingSecrets } from './secrets.ts';
import type { ObjectStatus } from './standalone-events.ts';

export interface PlanOptions {
  readonly nowMs: number;
  /** By key of the object; one that is not there has no known age. */
  readonly creationTimestamps: ReadonlyMap<string, string>;
  /** PEM of the development CA; undefined: MqttNamespaces without a CaCertificate stay so. */
  readonly developmentCa?: string | undefined;
  /** Of Secrets that destinations name; undefined: nobody looks whether they are there. */
  readonly secretsFolder?: string | undefined;
}

export interface Plan {
  readonly set: ManifestSet;
  /** All that is declared, with what was added for development. */
  readonly resources: readonly Resource[];
  readonly verdicts: ReadonlyMap<string, Verdict>;
  /** By key of each accepted MqttNamespace, the oldest first. */
  readonly snapshots: ReadonlyMap<string, Snapshot>;
  /** MqttNamespaces whose clients nobody can admit but the development CA. */
  readonly withoutAuthority: readonly ResourceOf<'MqttNamespace'>[];
  /** By key of each EventSubscription in force whose Secrets are not all there. */
  readonly missingSecrets: ReadonlyMap<string, readonly Violation[]>;
  /** All that is wrong with the manifests, in the order of files. */
  readonly violations: readonly Located[];
}

function isOlder(left: Resource, right: Resource): number {
  const age = ({ metadata }: Resource): string =>
    [metadata.creationTimestamp, metadata.name, metadata.namespace].join(' ');
  return age(left) < age(right) ? -1 : 1;
}

function inOrderOfAge(
  resources: readonly Resource[],
  snapshots: ReadonlyMap<string, Snapshot>,
): Map<string, Snapshot> {
  const ordered = new Map<string, Snapshot>();
  for (const resource of resources.filter(({ kind }) => kind === 'MqttNamespace').sort(isOlder)) {
    const key = resourceKey(resource);
    const snapshot = snapshots.get(key);
    if (snapshot !== undefined) ordered.set(key, snapshot);
  }
  return ordered;
}

function violationsOf(object: ManifestObject, verdict: Verdict | undefined): Located[] {
  if (verdict === undefined) return [];
  // What it is refused for by itself is told with the set.
  return [...verdict.faults, ...verdict.unresolved]
    .filter((violation) => !object.violations.includes(violation))
    .map((violation) => object.locate(violation));
}

export function planOf(set: ManifestSet, options: PlanOptions): Plan {
  const { creationTimestamps, nowMs } = options;
  const declared = set.objects.map((object) => {
    return resourceOf(object, creationTimestamps.get(object.key) ?? '');
  });
  const keys = new Set(set.objects.map(({ key }) => key));
  const withoutAuthority = namespacesWithoutAuthority(declared);
  const resources = [...declared];
  for (const namespace of options.developmentCa === undefined ? [] : withoutAuthority) {
    const added = developmentCaCertificate(namespace, options.developmentCa ?? '', keys);
    keys.add(resourceKey(added));
    resources.push(added);
  }
  const { snapshots, verdicts } = compile(resources, { nowMs, readCertificate });
  const missing = missingSecretsOf(resources, verdicts, options.secretsFolder);
  const found = set.objects.flatMap((object) => [
    ...violationsOf(object, verdicts.get(object.key)),
    ...(missing.get(object.key) ?? []).map((violation) => object.locate(violation)),
  ]);
  return {
    set,
    resources,
    verdicts,
    snapshots: inOrderOfAge(resources, snapshots),
    withoutAuthority,
    missingSecrets: missing,
    violations: [...set.violations, ...found].sort(byPlace),
  };
}

function missingSecretsOf(
  resources: readonly Resource[],
  verdicts: ReadonlyMap<string, Verdict>,
  folder: string | undefined,
): ReadonlyMap<string, readonly Violation[]> {
  const missing = new Map<string, readonly Violation[]>();
  for (const resource of resources) {
    if (folder === undefined || resource.kind !== 'EventSubscription') continue;
    const key = resourceKey(resource);
    const verdict = verdicts.get(key);
    if (verdict === undefined || !isInForce(verdict)) continue;
    const violations = missingSecrets(folder, resource.spec);
    if (violations.length > 0) missing.set(key, violations);
  }
  return missing;
}

function ownerKeyOf(resource: Resource): string {
  const { kind, metadata, spec } = resource;
  const name = 'namespaceRef' in spec ? spec.namespaceRef.name : metadata.name;
  return kind === 'MqttNamespace'
    ? resourceKey(resource)
    : resourceKey({ kind: 'MqttNamespace', metadata: { ...metadata, name } });
}

/** What runs beside the plan. */
export interface Situation {
  readonly listening: Listening;
  readonly deliveries: Pick<Deliveries, 'faultOf'>;
}

function programmedState(resource: Resource, plan: Plan, listening: Listening): ProgrammedState {
  if (resource.refusedFor !== undefined) return 'Pending';
  const owners = isOfEvents(resource) ? routingTo(resource, plan) : [ownerKeyOf(resource)];
  if (owners.length === 0) return NOT_ROUTED_TO;
  const waiting = owners.find((owner) => !listening.ports.has(owner));
  if (waiting === undefined) return 'Programmed';
  const fault = listening.faults.get(waiting);
  if (fault === undefined) return 'Pending';
  return { reason: 'Pending', message: `${waiting} has no broker: ${fault.message}` };
}

type EventResource = ResourceOf<'EventTopic'> | ResourceOf<'EventSubscription'>;

function isOfEvents(resource: Resource): resource is EventResource {
  return resource.kind === 'EventTopic' || resource.kind === 'EventSubscription';
}

/** Keys of the MqttNamespaces whose messages become events of the topic. */
function routingTo({ kind, metadata, spec }: EventResource, { snapshots }: Plan): string[] {
  const topic = kind === 'EventTopic' ? metadata.name : spec.topicRef.name;
  const place = `MqttNamespace/${metadata.namespace}/`;
  return [...snapshots]
    .filter(([key, { route }]) => key.startsWith(place) && route?.eventTopic === topic)
    .map(([key]) => key);
}

/** Undefined: nothing is delivered to it. */
function delivering(
  resource: Resource,
  plan: Plan,
  { deliveries }: Situation,
): DeliveringState | undefined {
  if (resource.kind !== 'EventSubscription' || resource.refusedFor !== undefined) return undefined;
  const key = resourceKey(resource);
  const missing = plan.missingSecrets.get(key);
  if (missing !== undefined) return { reason: 'RefNotFound', message: printViolations(missing) };
  return routingTo(resource, plan).length === 0
    ? undefined
    : deliveringState(deliveries.faultOf(key));
}

function byKind(left: ObjectStatus, right: ObjectStatus): number {
  const kinds = KINDS.indexOf(left.kind) - KINDS.indexOf(right.kind);
  return kinds === 0 ? (left.key < right.key ? -1 : 1) : kinds;
}

/** How every object stands once the brokers are as the situation says; in the order of kinds. */
export function statusesOf(plan: Plan, situation: Situation): Map<string, ObjectStatus> {
  const statuses = plan.resources.map((resource): ObjectStatus => {
    const { kind, metadata } = resource;
    const key = resourceKey(resource);
    const verdict = plan.verdicts.get(key) ?? { faults: [], unresolved: [] };
    const programmed = programmedState(resource, plan, situation.listening);
    const conditions = conditionsOf(verdict, programmed, delivering(resource, plan, situation));
    return { key, kind, name: metadata.name, namespace: metadata.namespace, conditions };
  });
  return new Map(statuses.sort(byKind).map((status) => [status.key, status]));
}

/** A broker that does not run, as a violation of the MqttNamespace that it is for. */
export function listenViolations(plan: Plan, listening: Listening): Located[] {
  return plan.set.objects.flatMap((object) => {
    const fault = listening.faults.get(object.key);
    const violation: Violation | undefined = fault && { field: [], reason: 'Pending', ...fault };
    return violation === undefined ? [] : [object.locate(violation)];
  });
}
