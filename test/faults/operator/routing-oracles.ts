/** What must hold of events and of what their destinations authenticate with. */
import { isInForce } from '../../../domain/compile.ts';
import type { Snapshot } from '../../../domain/snapshot.ts';
import type { KubeObject } from '../../../kube/kube-api.ts';
import { DESTINATIONS_ANNOTATION } from '../../../operator/namespace/workload/labels.ts';
import { asJson, isEqual, isRecord } from '../../support/kube-model/json.ts';
import { typeNamed } from '../../support/kube-model/kinds.ts';
import type { Cluster } from './cluster.ts';
import type { Declarations } from './declarations.ts';
import { keyOf } from './end-state.ts';
import { TOKENS } from './workloads.ts';

const PODS = typeNamed('v1', 'Pod');
const SECRETS = typeNamed('v1', 'Secret');

type Named = readonly (readonly [subscription: string, secret: string])[];

/** At rest: brokers have the Secrets there are, pods know it, and statuses tell what is missing. */
export function wrongSecrets(cluster: Cluster, declarations: Declarations): string[] {
  const { snapshots } = declarations.compilationOf(declarations.last);
  return [...snapshots].flatMap(([key, snapshot]) => {
    if (snapshot.route === undefined) return [];
    const [, namespace = '', name = ''] = key.split('/');
    const named = namedBy(snapshot);
    const found = new Map(
      named.flatMap(([, secret]) => {
        const data = dataOf(cluster, namespace, secret);
        return data === undefined ? [] : [[secret, data]];
      }),
    );
    return [
      ...wronglyHandedOver(cluster, { namespace, name }, found),
      ...wrongReferences(cluster, declarations, { namespace, named, found: new Set(found.keys()) }),
    ];
  });
}

function namedBy({ eventSubscriptions }: Snapshot): Named {
  return eventSubscriptions.flatMap((subscription) => {
    const names = JSON.stringify(subscription).matchAll(/SecretName":"([^"]+)"/g);
    return [...names].map(([, secret = '']) => [subscription.name, secret] as const);
  });
}

function dataOf({ server }: Cluster, namespace: string, name: string): unknown {
  const secret = server.get(SECRETS, { namespace, name });
  return secret === undefined ? undefined : asJson(secret)['data'];
}

function wronglyHandedOver(
  cluster: Cluster,
  { namespace, name }: { readonly namespace: string; readonly name: string },
  found: ReadonlyMap<string, unknown>,
): string[] {
  const what = `the Secret ${name}-destinations`;
  const handedOver = cluster.server.get(SECRETS, { namespace, name: `${name}-destinations` });
  if (handedOver === undefined) return found.size === 0 ? [] : [`there is no ${what}`];
  const data = asJson(handedOver)['data'];
  const [file] = isRecord(data) ? Object.values(data) : [];
  const content: unknown = JSON.parse(Buffer.from(String(file), 'base64').toString());
  const version = handedOver.metadata.resourceVersion;
  const untold = cluster.server.all(PODS).filter(({ metadata }) => {
    const isItsPod = metadata.name.startsWith(`${name}-`);
    return isItsPod && metadata.annotations?.[DESTINATIONS_ANNOTATION] !== version;
  });
  return [
    ...(isEqual(content, Object.fromEntries(found)) ? [] : [`${what} is not what there is`]),
    ...untold.map((pod) => `${keyOf(pod)} is not told of ${what}`),
  ];
}

function wrongReferences(
  { server }: Cluster,
  declarations: Declarations,
  { namespace, named, found }: { namespace: string; named: Named; found: ReadonlySet<string> },
): string[] {
  const { verdicts } = declarations.compilationOf(declarations.last);
  return named.flatMap(([name]) => {
    const object = server.get(typeNamed('mqttgrid.io/v1', 'EventSubscription'), {
      namespace,
      name,
    });
    const verdict = verdicts.get(`EventSubscription/${namespace}/${name}`);
    if (object === undefined || verdict === undefined) return [`${name} is not judged`];
    const secrets = named.filter(([other]) => other === name).map(([, secret]) => secret);
    const isGood = isInForce(verdict) && secrets.every((secret) => found.has(secret));
    const status = isGood ? 'True' : 'False';
    return ['ResolvedRefs', 'Ready'].flatMap((type) => {
      const said = statusOf(object, type);
      return said === status ? [] : [`${keyOf(object)}: ${type} is ${said}, and not ${status}`];
    });
  });
}

function statusOf(object: KubeObject, type: string): string {
  const status = asJson(object)['status'];
  const conditions = isRecord(status) ? status['conditions'] : undefined;
  const all = Array.isArray(conditions) ? conditions.filter(isRecord) : [];
  return String(all.find((condition) => condition['type'] === type)?.['status']);
}

/** At any time: no object but a Secret says what one holds, and no log. */
export function toldSecrets({ changes, errors }: Cluster): string[] {
  const secrets = TOKENS.flatMap((token) => [token, Buffer.from(token, 'base64').toString()]);
  const tells = (value: unknown): boolean => {
    const text = JSON.stringify(value);
    return secrets.some((secret) => text.includes(secret));
  };
  const written = changes.flatMap(({ type, after }) => {
    return after !== undefined && type.kind !== 'Secret' && tells(after) ? [keyOf(after)] : [];
  });
  return [...written, ...(tells(errors) ? ['a log'] : [])].map((what) => `${what} tells a secret`);
}
