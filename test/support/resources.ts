/** Declared objects for tests: valid unless a test says otherwise. */
import type { ReadCertificate } from '../../domain/certificate.ts';
import { ownerNameOf, type MemberResource, type NamespaceInput } from '../../domain/compile.ts';
import type { Kind, Resource, ResourceOf } from '../../domain/resources.ts';

export const OWNER = 'grid';

/** What each kind must say at least, but for the names that tests choose. */
const SPECS: { readonly [K in Kind]: Readonly<Record<string, unknown>> } = {
  MqttNamespace: {},
  CaCertificate: {
    encodedCertificate: '-----BEGIN CERTIFICATE-----AAAA-----END CERTIFICATE-----',
  },
  Client: { authentication: { certificateSubject: { commonName: 'anybody' } } },
  ClientGroup: { query: "attributes.type = 'vehicle'" },
  TopicSpace: { topicTemplates: ['any/topic'], subscriptionSupport: 'NotSupported' },
  PermissionBinding: {
    clientGroupName: '$all',
    topicSpaceName: 'space',
    permission: 'Publisher',
  },
  EventTopic: {},
  EventSubscription: { topicRef: { name: 'topic' }, destination: { file: { path: '/tmp/f' } } },
};

const OWNED: readonly Kind[] = [
  'CaCertificate',
  'Client',
  'ClientGroup',
  'TopicSpace',
  'PermissionBinding',
];

/** `age` is the year of creation: the lower, the older. */
export function declare<K extends Kind>(
  kind: K,
  name: string,
  spec: Readonly<Record<string, unknown>> = {},
  age = 2020,
): ResourceOf<K> & Resource {
  return {
    kind,
    metadata: { name, namespace: 'default', creationTimestamp: `${age}-01-01T00:00:00Z` },
    spec: {
      ...SPECS[kind],
      ...(OWNED.includes(kind) && { namespaceRef: { name: OWNER } }),
      ...spec,
    },
  } as unknown as ResourceOf<K> & Resource;
}

/** An object whose spec is whatever the test says, in one place instead of at every test. */
export function withSpec(kind: Kind, name: string, spec: unknown): Resource {
  return { ...declare(kind, name), spec } as Resource;
}

/** Takes anything for a CA certificate that is always valid. */
export const readAnyCertificate: ReadCertificate = () => {
  return { subject: 'CN=Any', certificateAuthority: true, validFromMs: 0, validToMs: 1e15 };
};

/** What `compileNamespace` reads for one MqttNamespace of the Kubernetes namespace `default`. */
export function inputOf(resources: readonly Resource[], name = OWNER): NamespaceInput {
  const of = <K extends Kind>(kind: K): ResourceOf<K>[] =>
    resources.filter((resource) => resource.kind === kind) as unknown as ResourceOf<K>[];
  const members = resources.filter((resource): resource is MemberResource => {
    return ownerNameOf(resource as MemberResource) === name;
  });
  return {
    name,
    mqttNamespaces: of('MqttNamespace'),
    eventTopics: of('EventTopic'),
    eventSubscriptions: of('EventSubscription'),
    members,
  };
}
