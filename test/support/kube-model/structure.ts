/** Which lists and maps of an object merge item by item, and which are one value. */
import type { Schema } from '../../../crds/schemas.ts';

/** `keys` tell the items of a list apart; `items` are told apart by what they are. */
export type Merging =
  | { readonly by: 'fields' }
  | { readonly by: 'whole' }
  | { readonly by: 'items' }
  | { readonly by: 'keys'; readonly keys: readonly string[] };

/** By the names of the fields that lead to a value; items of lists have none. */
export type Structure = (path: readonly string[]) => Merging;

const FIELDS: Merging = { by: 'fields' };
const WHOLE: Merging = { by: 'whole' };
const keyed = (...keys: readonly string[]): Merging => ({ by: 'keys', keys });

/** ObjectMeta of meta/v1, the same for all kinds. */
const METADATA: ReadonlyMap<string, Merging> = new Map([
  ['metadata.ownerReferences', keyed('uid')],
  ['metadata.finalizers', { by: 'items' }],
]);

/** `x-kubernetes-list-type` and its like in the API server's own types, of what we use of them. */
const BUILT_IN: ReadonlyMap<string, Merging> = new Map([
  ['containers', keyed('name')],
  ['initContainers', keyed('name')],
  ['containers.ports', keyed('containerPort', 'protocol')],
  ['containers.env', keyed('name')],
  ['containers.volumeMounts', keyed('mountPath')],
  ['initContainers.volumeMounts', keyed('mountPath')],
  ['spec.volumes', keyed('name')],
  ['imagePullSecrets', keyed('name')],
  ['topologySpreadConstraints', keyed('topologyKey', 'whenUnsatisfiable')],
  ['spec.ports', keyed('port', 'protocol')],
  ['status.conditions', keyed('type')],
  ['webhooks', keyed('name')],
  ['spec.selector', WHOLE],
  ['podSelector', WHOLE],
  ['namespaceSelector', WHOLE],
  ['labelSelector', WHOLE],
  ['nodeSelector', WHOLE],
  ['fieldRef', WHOLE],
  ['secretKeyRef', WHOLE],
]);

export const builtInStructure: Structure = (path) => {
  const full = path.join('.');
  const shared = METADATA.get(full) ?? BUILT_IN.get(path.slice(-2).join('.'));
  return shared ?? BUILT_IN.get(path.at(-1) ?? '') ?? FIELDS;
};

/** Lists without a word on it are one value, as are fields that the schema leaves open. */
export function customStructure(schema: Schema): Structure {
  return (path) => {
    const known = METADATA.get(path.join('.'));
    if (known !== undefined || path[0] === 'metadata') return known ?? FIELDS;
    const reached = schemaAt(schema, path);
    const keys = reached?.['x-kubernetes-list-map-keys'];
    if (reached?.['x-kubernetes-list-type'] === 'map' && keys !== undefined) return keyed(...keys);
    return reached?.type === 'array' ? WHOLE : FIELDS;
  };
}

function schemaAt(root: Schema, path: readonly string[]): Schema | undefined {
  let schema: Schema | undefined = root;
  for (const field of path) {
    const inner: Schema | undefined = schema?.items ?? schema;
    schema = inner?.properties?.[field] ?? inner?.additionalProperties;
  }
  return schema;
}
