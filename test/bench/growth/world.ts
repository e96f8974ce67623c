/** Snapshots of a chosen size: what a fleet declares, up to what the specification allows. */
import { X509Certificate } from 'node:crypto';
import type { Limits } from '../../../domain/limits.ts';
import { LIMIT_RULES, limitsOf } from '../../../domain/limits.ts';
import type {
  Snapshot,
  SnapshotClient,
  SnapshotClientGroup,
  SnapshotPermissionBinding,
  SnapshotTopicSpace,
} from '../../../domain/snapshot.ts';
import { clientName } from '../certificates.ts';
import { ROOT } from '../load/job.ts';

export interface WorldSize {
  readonly clients: number;
  readonly groups?: number;
  readonly spaces?: number;
  /** In each topic space. */
  readonly templates?: number;
  readonly bindings?: number;
  /** PEM; none unless given. */
  readonly authorities?: readonly string[];
  /** Of which each is another declaration of the same clients. */
  readonly revision?: number;
}

/** What the specification allows, and what worlds have unless told otherwise. */
const SPECIFIED = { groups: 10, spaces: 10, templates: 10, bindings: 100 } as const;

/** Rates would pace what is measured; the others must hold what is declared. */
const RAISED: readonly (keyof Limits)[] = [
  'connectsPerSecond',
  'subscribesPerSecond',
  'subscriptionsPerConnection',
  'inboundMessagesPerSecond',
  'outboundMessagesPerSecond',
  'inboundMessagesPerSecondPerConnection',
  'outboundMessagesPerSecondPerConnection',
  'clients',
  'clientGroups',
  'topicSpaces',
  'topicTemplatesPerTopicSpace',
  'permissionBindings',
];

export const RAISED_LIMITS: Limits = limitsOf(
  Object.fromEntries(RAISED.map((name) => [name, LIMIT_RULES[name].ceiling])),
);

/** Everybody publishes and subscribes below it. */
export const TRAFFIC = `${ROOT}/traffic`;

function indices(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}

export function worldOf(size: WorldSize): Snapshot {
  const { clients, groups, spaces, templates, bindings } = { ...SPECIFIED, ...size };
  return {
    name: 'bench',
    limits: RAISED_LIMITS,
    caCertificates: (size.authorities ?? []).map((pem, index) => ({
      name: `ca-${index}`,
      certificate: new X509Certificate(pem).raw.toString('base64'),
    })),
    clients: byName(indices(clients).map((index) => clientOf(index, size.revision))),
    clientGroups: byName(indices(groups).map((index) => groupOf(index))),
    topicSpaces: byName([trafficSpace(), ...indices(spaces).map((at) => spaceOf(at, templates))]),
    permissionBindings: byName([
      ...trafficBindings(),
      ...indices(bindings).map((index) => bindingOf(index, groups, spaces)),
    ]),
    eventSubscriptions: [],
  };
}

/** Lists of a snapshot are sorted: domain/snapshot.ts. */
function byName<Named extends { readonly name: string }>(list: readonly Named[]): Named[] {
  return list.toSorted((left, right) => (left.name < right.name ? -1 : 1));
}

/** Some 200 bytes of attributes; `revision` is something that differs. */
export function clientOf(index: number, revision = 0): SnapshotClient {
  return {
    name: clientName(index),
    state: 'Enabled',
    credential: { type: 'CertificateSubject', subject: { commonName: clientName(index) } },
    attributes: {
      site: `site-${index % SPECIFIED.groups}`,
      index,
      revision,
      models: ['pump', 'valve', `model-${index % 7}`],
      note: 'x'.repeat(100),
    },
  };
}

export function groupOf(index: number, revision = 0): SnapshotClientGroup {
  const query = `attributes.site = 'site-${index}' and attributes.index >= ${-revision}`;
  return { name: `group-${index}`, query };
}

/** Templates of a space that do not overlap those of another. */
export function spaceOf(index: number, templates: number, revision = 0): SnapshotTopicSpace {
  const topicTemplates = indices(templates).map((at) => {
    return `${ROOT}/space-${index}/area-${at}/\${client.name}/#`;
  });
  if (revision > 0) topicTemplates[0] = `${ROOT}/space-${index}/revision-${revision}`;
  return { name: `space-${index}`, subscriptionSupport: 'HighFanout', topicTemplates };
}

export function bindingOf(
  index: number,
  groups: number,
  spaces: number,
): SnapshotPermissionBinding {
  return {
    name: `binding-${index}`,
    clientGroupName: groups === 0 ? '$all' : `group-${index % groups}`,
    topicSpaceName: `space-${Math.floor(index / Math.max(1, groups)) % Math.max(1, spaces)}`,
    permission: index % 2 === 0 ? 'Publisher' : 'Subscriber',
  };
}

function trafficSpace(): SnapshotTopicSpace {
  return {
    name: 'traffic',
    subscriptionSupport: 'HighFanout',
    topicTemplates: [`${TRAFFIC}/#`],
  };
}

function trafficBindings(): SnapshotPermissionBinding[] {
  return (['Publisher', 'Subscriber'] as const).map((permission) => {
    const to = { clientGroupName: '$all', topicSpaceName: 'traffic' };
    return { name: `traffic-${permission}`, ...to, permission };
  });
}

/** The snapshot with one value of a list in place of that with the same name. */
export function withValue<List extends 'clients' | 'clientGroups' | 'topicSpaces'>(
  snapshot: Snapshot,
  list: List,
  value: Snapshot[List][number],
): Snapshot {
  const values = snapshot[list] as readonly { readonly name: string }[];
  return { ...snapshot, [list]: values.map((each) => (each.name === value.name ? value : each)) };
}
