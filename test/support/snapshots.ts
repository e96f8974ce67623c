/** Snapshots for tests, as `compile` would make them of a few declarations. */
import { X509Certificate } from 'node:crypto';
import type { Limits } from '../../domain/limits.ts';
import { limitsOf } from '../../domain/limits.ts';
import type { AttributeValue, SubscriptionSupport } from '../../domain/resources.ts';
import type {
  ClientCredential,
  Snapshot,
  SnapshotClient,
  SnapshotEventSubscription,
  SnapshotRoute,
} from '../../domain/snapshot.ts';

export interface SpaceSketch {
  readonly templates: readonly string[];
  readonly support?: SubscriptionSupport;
  /** Names of groups that may; `$all` unless given. */
  readonly publishers?: readonly string[];
  readonly subscribers?: readonly string[];
}

export interface SnapshotSketch {
  /** PEM. */
  readonly caCertificates?: readonly string[];
  readonly clients: readonly SnapshotClient[];
  /** Query by group. */
  readonly groups?: Readonly<Record<string, string>>;
  readonly spaces: Readonly<Record<string, SpaceSketch>>;
  readonly limits?: Partial<Limits>;
  readonly route?: SnapshotRoute;
  readonly eventSubscriptions?: readonly SnapshotEventSubscription[];
}

/** A Client that authenticates by a subject with its own name as common name. */
export function aClient(
  name: string,
  options: {
    readonly credential?: ClientCredential;
    readonly attributes?: Readonly<Record<string, AttributeValue>>;
    readonly state?: 'Enabled' | 'Disabled';
  } = {},
): SnapshotClient {
  return {
    name,
    state: options.state ?? 'Enabled',
    credential: options.credential ?? {
      type: 'CertificateSubject',
      subject: { commonName: name },
    },
    attributes: options.attributes ?? {},
  };
}

export function aSnapshot(sketch: SnapshotSketch): Snapshot {
  const spaces = Object.entries(sketch.spaces);
  return {
    name: 'test',
    limits: limitsOf(sketch.limits),
    ...(sketch.route && { route: sketch.route }),
    caCertificates: (sketch.caCertificates ?? []).map((pem, index) => ({
      name: `ca-${index}`,
      certificate: new X509Certificate(pem).raw.toString('base64'),
    })),
    clients: sketch.clients,
    clientGroups: Object.entries(sketch.groups ?? {}).map(([name, query]) => ({ name, query })),
    topicSpaces: spaces.map(([name, { templates, support = 'HighFanout' }]) => ({
      name,
      topicTemplates: templates,
      subscriptionSupport: support,
    })),
    permissionBindings: spaces.flatMap(([name, space]) => [
      ...bindings(name, 'Publisher', space.publishers),
      ...bindings(name, 'Subscriber', space.subscribers),
    ]),
    eventSubscriptions: sketch.eventSubscriptions ?? [],
  };
}

function bindings(
  topicSpaceName: string,
  permission: 'Publisher' | 'Subscriber',
  groups: readonly string[] = ['$all'],
): Snapshot['permissionBindings'] {
  return groups.map((clientGroupName) => ({
    name: `${topicSpaceName}-${permission}-${clientGroupName}`,
    clientGroupName,
    topicSpaceName,
    permission,
  }));
}
