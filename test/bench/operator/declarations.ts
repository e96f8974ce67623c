/** What is declared: one MqttNamespace with thousands of clients, and what they are used with. */
import { API_VERSION, type Kind } from '../../../domain/resources.ts';
import type { KubeObject } from '../../../kube/kube-api.ts';
import type { KubeClient } from '../../../kube/kube-client.ts';
import { resourceTypeOf } from '../../../kube/declared-types.ts';
import { CALLS_IN_FLIGHT, GRID } from './installation.ts';

/** Of the attributes as compact JSON. */
const ATTRIBUTES_BYTES = 1024;
const GROUPS = 5;
const SPACES = 10;
const TEMPLATES = 10;
const BINDINGS = 50;

export function objectOf(kind: Kind, name: string, spec: object): KubeObject {
  const { namespace } = GRID;
  const reference = kind === 'MqttNamespace' ? {} : { namespaceRef: { name: GRID.name } };
  const object = { apiVersion: API_VERSION, kind, metadata: { namespace, name } };
  return { ...object, spec: { ...reference, ...spec } } as KubeObject;
}

export function clientName(index: number): string {
  return `vehicle-${String(index).padStart(6, '0')}`;
}

/** @param revision something that differs from one declaration of the client to the next */
export function clientSpec(index: number, revision = 0): object {
  const attributes = { type: `kind-${index % GROUPS}`, index, revision, padding: '' };
  const paddingBytes = ATTRIBUTES_BYTES - JSON.stringify(attributes).length;
  return {
    authentication: { certificateSubject: { commonName: clientName(index) } },
    attributes: { ...attributes, padding: 'x'.repeat(paddingBytes) },
  };
}

export function spaceSpec(index: number, revision = 0): object {
  const templates = Array.from({ length: TEMPLATES - 1 }, (_, each) => {
    return `space-${index}/area-${each}/\${client.name}/#`;
  });
  return {
    topicTemplates: [...templates, `space-${index}/revision-${revision}`],
    subscriptionSupport: 'HighFanout',
  };
}

export function bindingSpec(index: number, revision = 0): object {
  return {
    clientGroupName: `group-${index % GROUPS}`,
    topicSpaceName: `space-${Math.floor(index / GROUPS) % SPACES}`,
    permission: revision % 2 === 0 ? 'Publisher' : 'Subscriber',
  };
}

/** Everything but the clients. */
export async function declareGrid(api: KubeClient): Promise<void> {
  const groups = indices(GROUPS).map((index) => {
    const spec = { query: `attributes.type = 'kind-${index}'` };
    return objectOf('ClientGroup', `group-${index}`, spec);
  });
  const spaces = indices(SPACES).map((index) => {
    return objectOf('TopicSpace', `space-${index}`, spaceSpec(index));
  });
  const bindings = indices(BINDINGS).map((index) => {
    return objectOf('PermissionBinding', `binding-${index}`, bindingSpec(index));
  });
  const objects = [objectOf('MqttNamespace', GRID.name, {}), ...groups, ...spaces, ...bindings];
  await Promise.all(objects.map((object) => create(api, object)));
}

function indices(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}

function create(api: KubeClient, object: KubeObject): Promise<KubeObject> {
  return api.create(resourceTypeOf(object.kind as Kind), object);
}

/**
 * As many as the server takes, from `from` on; answers how long accepting them took. The answers'
 * UIDs are what it takes to delete them again.
 */
export async function createClients(
  api: KubeClient,
  from: number,
  to: number,
): Promise<{ readonly uids: readonly string[]; readonly tookMs: number }> {
  const uids: string[] = [];
  const beginMs = performance.now();
  await inFlight(to - from, async (each) => {
    const index = from + each;
    const object = objectOf('Client', clientName(index), clientSpec(index));
    const { metadata } = await create(api, object);
    uids[each] = metadata.uid!;
  });
  return { uids, tookMs: performance.now() - beginMs };
}

/** Those that `createClients` made, from 0 on. */
export async function deleteClients(api: KubeClient, uids: readonly string[]): Promise<void> {
  await inFlight(uids.length, async (index) => {
    const name = { namespace: GRID.namespace, name: clientName(index) };
    await api.delete(resourceTypeOf('Client'), name, { uid: uids[index]! });
  });
}

async function inFlight(count: number, call: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < count) await call(next++);
  };
  await Promise.all(Array.from({ length: CALLS_IN_FLIGHT }, work));
}
