/** Where an API server serves our own kinds. */
import { CRDS } from '../crds/schemas.ts';
import { API_VERSION, type Kind } from '../domain/resources.ts';
import type { ResourceType } from './kube-api.ts';

const TYPES: ReadonlyMap<Kind, ResourceType> = new Map(
  [...CRDS.values()].map(({ kind, plural }) => [
    kind,
    { apiVersion: API_VERSION, kind, plural, namespaced: true },
  ]),
);

export function resourceTypeOf(kind: Kind): ResourceType {
  const type = TYPES.get(kind);
  if (type === undefined) throw new Error(`no resource type of ${kind}`);
  return type;
}

export const DECLARED_TYPES: readonly ResourceType[] = [...TYPES.values()];
