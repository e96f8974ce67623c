import type { ObjectName, ResourceType, Selection } from './kube-api.ts';

/** `/api/v1/namespaces/a/secrets/b`, `/apis/apps/v1/statefulsets`. */
export function resourcePath(
  type: ResourceType,
  where: { readonly namespace?: string | undefined; readonly name?: string },
  subresource?: 'status',
): string {
  const group = type.apiVersion.includes('/') ? 'apis' : 'api';
  const parts = [group, ...type.apiVersion.split('/')];
  if (type.namespaced && where.namespace !== undefined) parts.push('namespaces', where.namespace);
  parts.push(type.plural);
  if (where.name !== undefined) parts.push(where.name);
  if (subresource !== undefined) parts.push(subresource);
  return `/${parts.map(encodeURIComponent).join('/')}`;
}

/** For people: `Client "plant/pump"`. */
export function describeObject(type: ResourceType, { namespace, name }: ObjectName): string {
  return `${type.kind} "${namespace === undefined ? '' : `${namespace}/`}${name}"`;
}

/** The same, or `the status of Client "plant/pump"`. */
export function describePart(
  type: ResourceType,
  name: ObjectName,
  subresource: 'status' | undefined,
): string {
  const object = describeObject(type, name);
  return subresource === undefined ? object : `the ${subresource} of ${object}`;
}

export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

export function selectionQuery({ labelSelector, fieldSelector }: Selection): Query {
  return { labelSelector, fieldSelector };
}

export function withQuery(path: string, query: Query): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) parameters.set(name, String(value));
  }
  return parameters.size === 0 ? path : `${path}?${parameters.toString()}`;
}
