/** What clients, groups, topic spaces and templates cost whoever compiles or serves them. */
import { buildPolicy, mayPublish } from '../../../domain/access.ts';
import { compileNamespace, type NamespaceCompilation } from '../../../domain/compile.ts';
import type { Resource } from '../../../domain/resources.ts';
import { applyChanges } from '../../../domain/snapshot-changes.ts';
import type { Snapshot, SnapshotPermissionBinding } from '../../../domain/snapshot.ts';
import { hashOf } from '../../../control/snapshot-hash.ts';
import { declare, inputOf, readAnyCertificate } from '../../support/resources.ts';
import { clientName } from '../certificates.ts';
import { ROOT } from '../load/job.ts';
import type { Curve } from './curve.ts';
import { FEW, TENS } from './curve.ts';
import { costOf, costOnce } from './stopwatch.ts';
import { clientOf, RAISED_LIMITS, worldOf } from './world.ts';

const NOBODY_ELSE = { clients: 1 } as const;

/** What a broker does with a delta that changes one client, but for its connections. */
function costOfOneChange(n: number): number {
  const before = worldOf({ clients: n });
  hashOf(before);
  const policy = buildPolicy(before);
  return costOf((call) => {
    const value = clientOf(0, call + 1);
    const after = applyChanges(before, [{ change: 'Set', list: 'clients', value }])!;
    hashOf(after);
    buildPolicy(after, policy);
  });
}

/** Of a client that was not asked for before. */
function costOfAccess(snapshot: Snapshot): number {
  return costOf(() => buildPolicy(snapshot).clientAccess(clientName(0)));
}

/** Of a topic that the last template permits, where each is held against it. */
function costOfUnseenTopic(spaces: number, templates: number): number {
  const world = worldOf({ ...NOBODY_ELSE, groups: 0, spaces, templates, bindings: 0 });
  const permissionBindings = world.topicSpaces.map(({ name }): SnapshotPermissionBinding => {
    return { name, clientGroupName: '$all', topicSpaceName: name, permission: 'Publisher' };
  });
  const access = buildPolicy({ ...world, permissionBindings }).clientAccess(clientName(0))!;
  const place = `${ROOT}/space-${spaces - 1}/area-${templates - 1}/${clientName(0)}`;
  return costOf((call) => {
    if (mayPublish(access, `${place}/${call}`) === undefined) throw new Error('refused');
  });
}

/** One MqttNamespace with these objects, compiled anew; each time of objects nobody saw before. */
function costOfCompiling(resources: () => readonly Resource[]): number {
  const owner = (): Resource => declare('MqttNamespace', 'grid', { limits: RAISED_LIMITS });
  const context = { nowMs: 0, readCertificate: readAnyCertificate };
  let compiled: NamespaceCompilation | undefined;
  const cost = costOnce(
    () => inputOf([owner(), ...resources()]),
    (input) => (compiled = compileNamespace(input, context)),
  );
  for (const [key, { faults, unresolved }] of compiled?.verdicts ?? []) {
    const [fault] = [...faults, ...unresolved];
    if (fault !== undefined) throw new Error(`${key}: ${fault.message}`);
  }
  return cost;
}

function list(count: number, make: (index: number) => Resource): Resource[] {
  return Array.from({ length: count }, (_, index) => make(index));
}

function spacesWith(count: number, templates: number): Resource[] {
  return list(count, (index) => {
    const topicTemplates = Array.from({ length: templates }, (_, at) => {
      return `${ROOT}/space-${index}/area-${at}/\${client.name}/#`;
    });
    return declare('TopicSpace', `space-${index}`, {
      topicTemplates,
      subscriptionSupport: 'HighFanout',
    });
  });
}

function groupsWithBindings(count: number): Resource[] {
  const groups = list(count, (index) => {
    return declare('ClientGroup', `group-${index}`, { query: `attributes.site = 'site-${index}'` });
  });
  const bindings = list(count, (index) => {
    const clientGroupName = `group-${index}`;
    return declare('PermissionBinding', `binding-${index}`, {
      clientGroupName,
      topicSpaceName: 'space-0',
    });
  });
  return [...spacesWith(1, 10), ...groups, ...bindings];
}

function clients(count: number): Resource[] {
  return list(count, (index) => {
    const { attributes } = clientOf(index);
    const authentication = { certificateSubject: { commonName: clientName(index) } };
    return declare('Client', clientName(index), { authentication, attributes });
  });
}

const MICROSECONDS = { unit: 'µs', expected: 'O(n)' } as const;

export const DECLARATION_CURVES: readonly Curve[] = [
  {
    ...{ name: 'clients-policy', of: 'clients', what: 'policy of a whole snapshot' },
    ...{ ...MICROSECONDS, ...TENS },
    measure: (n: number): number => {
      const snapshot = worldOf({ clients: n });
      return costOf(() => buildPolicy(snapshot));
    },
  },
  {
    ...{ name: 'clients-change', of: 'clients', what: 'one client changed: merge, hash, policy' },
    ...{ ...MICROSECONDS, ...TENS, measure: costOfOneChange },
  },
  {
    ...{ name: 'clients-compile', of: 'clients', what: 'validating and compiling all' },
    ...{ unit: 'µs', expected: 'O(n log n)', ...TENS },
    measure: (n) => costOfCompiling(() => clients(n)),
  },
  {
    ...{ name: 'groups-access', of: 'groups, each bound', what: 'permissions of one client' },
    ...{ ...MICROSECONDS, ...FEW },
    measure: (n: number): number => {
      // In all of the groups, as a client of a hierarchy is in many.
      const world = worldOf({ ...NOBODY_ELSE, groups: n, bindings: n, templates: 1 });
      const clientGroups = world.clientGroups.map((group) => ({
        ...group,
        query: 'attributes.index >= 0',
      }));
      return costOfAccess({ ...world, clientGroups });
    },
  },
  {
    ...{ name: 'groups-compile', of: 'groups, each bound', what: 'validating and compiling all' },
    ...{ ...MICROSECONDS, ...FEW },
    measure: (n) => costOfCompiling(() => groupsWithBindings(n)),
  },
  {
    ...{ name: 'spaces-topic', of: 'topic spaces', what: 'a topic that was not seen before' },
    ...{ ...MICROSECONDS, ...FEW },
    measure: (n) => costOfUnseenTopic(n, 1),
  },
  {
    ...{ name: 'spaces-compile', of: 'topic spaces', what: 'validating all, overlaps too' },
    ...{ ...MICROSECONDS, ...FEW },
    measure: (n) => costOfCompiling(() => spacesWith(n, 10)),
  },
  {
    ...{ name: 'templates-topic', of: 'templates', what: 'a topic that was not seen before' },
    ...MICROSECONDS,
    ...{ sizes: [1, 3, 10, 30, 100], quickSizes: [3, 10, 30, 100] },
    measure: (n) => costOfUnseenTopic(1, n),
  },
  {
    ...{ name: 'templates-compile', of: 'templates', what: 'validating all of 10 topic spaces' },
    ...MICROSECONDS,
    ...{ sizes: [10, 30, 100, 300, 1000], quickSizes: [10, 100, 1000] },
    measure: (n) => costOfCompiling(() => spacesWith(10, n / 10)),
  },
];
