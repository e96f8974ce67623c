import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { resourceTypeOf } from '../../../kube/declared-types.ts';
import type { KubeApi } from '../../../kube/kube-api.ts';
import {
  startAdmittingServer,
  type AdmittingServer,
} from '../../../test/support/admitting-server.ts';
import { apiClient } from '../../../test/support/api-client.ts';
import {
  applyOptions,
  faultIn,
  manifest,
  openCluster,
  STACK,
  tellStatus,
  valueOf,
  waiting,
  withToken,
} from '../../../test/support/cluster-target.ts';
import { temporaryFolder } from '../../../test/support/temporary-folder.ts';
import { eventually, within } from '../../../test/support/within.ts';
import type { Manifest } from '../declaration.ts';
import type { ClusterObject } from './cluster-objects.ts';
import type { StoredObject, Target } from './target.ts';

const COMES_MS = 20_000;

let server: AdmittingServer;
let target: Target;
before(async () => {
  server = await startAdmittingServer(Date.now());
  await server.createNamespaces(['lists', 'many', 'roles']);
  target = openCluster({ kubeconfig: server.kubeconfig });
});
after(() => server.stop());

function operatorOf(t: TestContext): KubeApi {
  return apiClient(t, server.kubeconfig);
}

async function applied(object: Manifest): Promise<StoredObject> {
  return valueOf(await target.apply(object, applyOptions()));
}

test('what is applied is there, of this stack, and what it no longer says is gone', async () => {
  const object = manifest('ClientGroup', 'applied', { description: 'first' });
  const labelled = { ...object, metadata: { ...object.metadata, labels: { of: 'plant' } } };
  const made = await applied(labelled);
  assert.deepEqual(made.managers, [STACK]);
  assert.deepEqual([made.generation, made.conditions, made.labels], [1, [], { of: 'plant' }]);
  const { description, ...spec } = labelled.spec;
  assert.equal(description, 'first');
  const changed = await applied({ ...object, spec });
  assert.deepEqual([changed.uid, changed.generation, changed.labels], [made.uid, 2, {}]);
  const stored = valueOf(await target.get(object));
  assert.deepEqual(stored?.spec, spec);
  assert.equal(valueOf(await target.get(manifest('Client', 'applied'))), undefined);
});

test('the managers of an object are who declares it, and not who writes its status', async (t) => {
  const object = manifest('ClientGroup', 'managed');
  await applied(object);
  await server.kubectl('annotate', 'clientgroup', 'managed', 'by=hand');
  await tellStatus(operatorOf(t), object);
  const stored = valueOf(await target.get(object));
  assert.deepEqual(stored?.managers.toSorted(), ['kubectl-annotate', STACK]);
  assert.deepEqual(stored?.annotations, { by: 'hand' });
  assert.equal(stored?.conditions.find(({ type }) => type === 'Ready')?.status, 'True');
});

test('it is waited for until it is in force, with what stands in the way', async (t) => {
  const operator = operatorOf(t);
  const object = manifest('MqttNamespace', 'grid');
  const said = waiting();
  const made = await applied(object);
  const waited = target.untilReady(made, object, said);
  const notFound = { reason: 'RefNotFound', message: 'no EventTopic "t"' } as const;
  await tellStatus(operator, object, [{ type: 'ResolvedRefs', ...notFound }, notFound]);
  await eventually(COMES_MS, 'RefNotFound', () => said.progress[0]);
  await tellStatus(operator, object, [{ type: 'Programmed' }, { message: 'a pod starts' }]);
  await eventually(COMES_MS, 'Pending', () => said.progress[1]);
  const fields = { endpoints: [{ address: 'grid.svc', port: 8883 }], counts: { clients: 3 } };
  await tellStatus(operator, object, [], fields);
  const { stored, fault } = await within(COMES_MS, 'Ready', waited);
  assert.equal(fault, undefined);
  assert.deepEqual(said.progress, [
    'waiting: RefNotFound: no EventTopic "t"',
    'waiting: Pending: a pod starts',
  ]);
  assert.deepEqual(said.warnings, []);
  assert.deepEqual([stored.endpoints, stored.counts], [fields.endpoints, fields.counts]);
  const ready = { type: 'Ready', status: 'True', reason: 'Ready', message: '' };
  assert.deepEqual(stored.conditions.at(-1), ready);
});

test('what only a person can mend ends the wait at once', async (t) => {
  const object = manifest('Client', 'refused');
  const made = await applied(object);
  const waited = target.untilReady(made, object, waiting());
  const words = { reason: 'RefNotAccepted', message: 'MqttNamespace "grid" is refused' } as const;
  await tellStatus(operatorOf(t), object, [{ type: 'ResolvedRefs', ...words }, words]);
  const { stored, fault } = await within(COMES_MS, 'the refusal', waited);
  assert.equal(
    fault?.message,
    'Client/default/refused is not in force: RefNotAccepted: MqttNamespace "grid" is refused',
  );
  assert.equal(stored.conditions.find(({ type }) => type === 'Ready')?.status, 'False');
});

test('what was refused before is given the time that it takes to be judged again', async (t) => {
  const operator = operatorOf(t);
  const words = { reason: 'TemplateOverlap', message: 'with "other"' } as const;
  const object = manifest('ClientGroup', 'settling');
  await applied(object);
  await tellStatus(operator, object, [{ type: 'Accepted', ...words }, words]);
  const again = await applied(object);
  const waited = target.untilReady(again, object, waiting());
  await delay(1_000);
  await tellStatus(operator, object);
  assert.equal((await within(COMES_MS, 'Ready', waited)).fault, undefined);
  await tellStatus(operator, object, [{ type: 'Accepted', ...words }, words]);
  const still = await target.untilReady(await applied(object), object, waiting());
  assert.match(still.fault?.message ?? '', /settling is not in force: TemplateOverlap: with "o/);
});

test('conditions of an earlier generation say nothing of this one', async (t) => {
  const operator = operatorOf(t);
  const object = manifest('Client', 'again');
  await applied(object);
  await tellStatus(operator, object);
  const changed = await applied(manifest('Client', 'again', { description: 'new' }));
  assert.deepEqual(changed.conditions, []);
  const early = await target.untilReady(changed, object, waiting(500));
  assert.match(early.fault?.message ?? '', /again is not in force after 0.5 s: no operator has/);
  await tellStatus(operator, object);
  const { stored, fault } = await target.untilReady(changed, object, waiting());
  assert.deepEqual([fault, stored.conditions.length], [undefined, 4]);
});

test('within seconds it is said, and once warned, that no operator looks at it', async () => {
  const objects = ['unseen-1', 'unseen-2'].map((name) => manifest('Client', name));
  const fresh = openCluster({ kubeconfig: server.kubeconfig });
  const said = objects.map(() => waiting(6_500));
  const waits = objects.map(async (object, index) => {
    return await fresh.untilReady(await applied(object), object, said[index]!);
  });
  const answers = await Promise.all(waits);
  for (const { fault } of answers) {
    assert.match(fault?.message ?? '', /is not in force after 6.5 s: no operator has looked at it/);
    assert.match(fault?.remedy ?? '', /kubectl -n mqttgrid-system get pods/);
  }
  for (const { progress } of said) {
    assert.equal(progress.length, 1);
    assert.match(progress[0]!, /waiting: no operator has looked at it; .* kubectl/);
  }
  const warnings = said.flatMap((each) => each.warnings);
  assert.equal(warnings.length, 1);
  assert.match(warnings[0]!, /no operator has looked at it after 5 s/);
});

test('a wait that takes too long ends with what it waited for', async (t) => {
  const object = manifest('Client', 'slow');
  const made = await applied(object);
  const words = { reason: 'BrokerUnavailable', message: 'no pod is ready' } as const;
  await tellStatus(operatorOf(t), object, [{ type: 'Programmed', ...words }, words]);
  const { stored, fault } = await target.untilReady(made, object, waiting(1_000));
  assert.equal(
    fault?.message,
    'Client/default/slow is not in force after 1 s: BrokerUnavailable: no pod is ready',
  );
  assert.match(fault?.remedy ?? '', /kubectl -n default get pods/);
  assert.equal(stored.conditions.length, 4);
});

test('a destination that nobody reaches is waited for, and named at the end', async (t) => {
  const destination = { webhook: { url: 'https://events.example.com' } };
  const spec = { topicRef: { name: 'events' }, destination };
  const object = manifest('EventSubscription', 'unreachable', spec);
  const made = await applied(object);
  const message = 'nobody answers at events.example.com, since 2026-01-01T00:00:00Z';
  const words = { reason: 'DestinationUnreachable', message } as const;
  await tellStatus(operatorOf(t), object, [{ type: 'Delivering', ...words }, words]);
  const said = waiting(2000);
  const { fault } = await target.untilReady(made, object, said);
  assert.deepEqual(said.progress, [`waiting: DestinationUnreachable: ${message}`]);
  assert.equal(
    fault?.message,
    'EventSubscription/default/unreachable is not in force after 2 s: ' +
      `DestinationUnreachable: ${message}`,
  );
  assert.match(fault?.remedy ?? '', /mend the destination/);
});

test('an object that somebody deletes or replaces is not waited for any longer', async () => {
  const object = manifest('Client', 'vanishing');
  for (const isReplaced of [false, true]) {
    const made = await applied(object);
    const waited = target.untilReady(made, object, waiting());
    await server.kubectl('delete', 'client', 'vanishing');
    if (isReplaced) await applied(object);
    const { fault } = await within(COMES_MS, 'the fault', waited);
    assert.match(fault?.message ?? '', /vanishing was deleted by somebody else while/);
  }
  const made = await applied(object);
  await server.kubectl('patch', 'client', 'vanishing', ...HOLD);
  const waited = target.untilReady(made, object, waiting());
  await server.kubectl('delete', 'client', 'vanishing', '--wait=false');
  const { fault } = await within(COMES_MS, 'the fault', waited);
  assert.match(fault?.message ?? '', /vanishing was deleted by somebody else while/);
});

test('a field that others manage is refused with their name, and taken where that is asked', async (t) => {
  const object = manifest('ClientGroup', 'owned', { query: "name = 'a'", description: 'one' });
  const file = join(temporaryFolder(t), 'owned.json');
  writeFileSync(file, JSON.stringify(object));
  await server.kubectl('apply', '--server-side', '-f', file);
  const ours = manifest('ClientGroup', 'owned', { query: "name = 'b'", description: 'two' });
  const fault = faultIn(await target.apply(ours, applyOptions()));
  assert.equal(
    fault,
    'ClientGroup/default/owned cannot be applied: spec.description is managed by kubectl, ' +
      'spec.query is managed by kubectl; ' +
      'let kubectl stop declaring them, or set adopt: true to take them over',
  );
  assert.equal(valueOf(await target.get(object))?.spec['description'], 'one');
  const taken = valueOf(await target.apply(ours, applyOptions(STACK, true)));
  assert.equal(taken.spec['description'], 'two');
});

test('what schema, rules and webhook refuse is told in their words, in one line', async () => {
  const bad = manifest('ClientGroup', 'bad', { query: '' });
  assert.match(
    faultIn(await target.apply(bad, applyOptions())),
    /^ClientGroup\/default\/bad cannot be applied: spec.query: Invalid value: [^\n]*; change it/,
  );
  const unparsable = manifest('ClientGroup', 'unparsable', { query: 'name =' });
  const denied = faultIn(await target.apply(unparsable, applyOptions()));
  assert.match(denied, /^ClientGroup\/default\/unparsable cannot be applied: spec.query: [^\n]*$/);
  assert.doesNotMatch(denied, /webhook/);
  await applied(manifest('ClientGroup', 'fixed'));
  const moved = manifest('ClientGroup', 'fixed', { namespaceRef: { name: 'other' } });
  const fault = faultIn(await target.apply(moved, applyOptions()));
  assert.match(fault, /spec.namespaceRef.*cannot be changed/);
  assert.equal(valueOf(await target.get(bad)), undefined);
});

test('a Kubernetes namespace that is missing is named with how to make it', async () => {
  const fault = faultIn(await target.apply(manifest('Client', 'a', {}, 'nowhere'), applyOptions()));
  assert.equal(
    fault,
    'Client/nowhere/a cannot be applied: there is no Kubernetes namespace nowhere; ' +
      'kubectl create namespace nowhere',
  );
  assert.deepEqual(valueOf(await target.declared('nowhere')), []);
  assert.deepEqual(target.takeNotices?.(), [
    'there is no Kubernetes namespace nowhere, and nothing can be created in it until there is; ' +
      'kubectl create namespace nowhere',
  ]);
});

test('deleting resolves once it is gone, also where it was never there or is a namesake', async () => {
  const object = manifest('Client', 'removed');
  const options = { ...waiting(), fieldManager: STACK };
  const made = await applied(object);
  valueOf(await target.remove(object, { ...options, uid: made.uid }));
  assert.equal(valueOf(await target.get(object)), undefined);
  valueOf(await target.remove(object, { ...options, uid: made.uid }));
  valueOf(await target.remove(object, options));
  const namesake = await applied(object);
  valueOf(await target.remove(object, { ...options, uid: made.uid }));
  assert.equal(valueOf(await target.get(object))?.uid, namesake.uid);
  valueOf(await target.remove(object, options));
  assert.equal(valueOf(await target.get(object)), undefined);
});

const HOLD = ['--type=merge', '-p', '{"metadata":{"finalizers":["example.com/hold"]}}'];
const RELEASE = ['--type=merge', '-p', '{"metadata":{"finalizers":[]}}'];

test('deleting waits for a finalizer, and names it where it takes too long', async () => {
  const object = manifest('Client', 'held');
  const { uid } = await applied(object);
  await server.kubectl('patch', 'client', 'held', '--field-manager=holder', ...HOLD);
  const said = waiting(1_500);
  const fault = faultIn(await target.remove(object, { ...said, uid, fieldManager: STACK }));
  assert.match(
    fault,
    /^Client\/default\/held is not gone after 1.5 s: held by the finalizer example.com\/hold of ho/,
  );
  assert.match(fault, /kubectl -n default edit client held$/);
  assert.deepEqual(said.progress, ['waiting: held by the finalizer example.com/hold of holder']);
  const removed = target.remove(object, { ...waiting(), uid, fieldManager: STACK });
  await delay(200);
  await server.kubectl('patch', 'client', 'held', ...RELEASE);
  valueOf(await within(COMES_MS, 'the deletion', removed));
});

test('what is being deleted is applied once it is gone, or not at all', async () => {
  const object = manifest('Client', 'dying');
  const { uid } = await applied(object);
  await server.kubectl('patch', 'client', 'dying', '--field-manager=holder', ...HOLD);
  await server.kubectl('delete', 'client', 'dying', '--wait=false');
  const changed = manifest('Client', 'dying', { description: 'anew' });
  const early = await target.apply(changed, { ...applyOptions(), timeoutMs: 1_000 });
  assert.match(faultIn(early), /dying is not gone after 1 s: held by the finalizer example.com/);
  assert.equal(valueOf(await target.get(object))?.spec['description'], undefined);
  const again = target.apply(changed, applyOptions());
  await delay(200);
  await server.kubectl('patch', 'client', 'dying', ...RELEASE);
  const made = valueOf(await within(COMES_MS, 'the namesake', again));
  assert.notEqual(made.uid, uid);
  assert.equal(made.spec['description'], 'anew');
});

test('all that a namespace declares is listed, but for what is being deleted', async (t) => {
  const api = operatorOf(t);
  await server.kubectl('-n', 'lists', 'create', 'configmap', 'other');
  // More than fits on a page.
  const names = Array.from({ length: 501 }, (_, index) => `group-${index}`);
  await Promise.all(
    names.map((name) =>
      api.create(resourceTypeOf('ClientGroup'), manifest('ClientGroup', name, {}, 'lists')),
    ),
  );
  await applied(manifest('MqttNamespace', 'grid', {}, 'lists'));
  await server.kubectl('-n', 'lists', 'patch', 'clientgroup', 'group-7', ...HOLD);
  await server.kubectl('-n', 'lists', 'delete', 'clientgroup', 'group-7', '--wait=false');
  const resources = valueOf(await target.declared('lists'));
  assert.equal(resources.length, 501);
  assert.ok(!resources.some(({ metadata }) => metadata.name === 'group-7'));
  const grid = resources.find(({ kind }) => kind === 'MqttNamespace');
  assert.match(grid?.metadata.creationTimestamp ?? '', /^20\d\d-\d\d-\d\dT/);
  await applied(manifest('MqttNamespace', 'later', {}, 'lists'));
  assert.equal(valueOf(await target.declared('lists')), resources);
  assert.deepEqual(target.takeNotices?.(), []);
});

async function accountWith(t: TestContext, name: string, verbs: string): Promise<Target> {
  const inRoles = ['-n', 'roles'];
  await server.kubectl(...inRoles, 'create', 'serviceaccount', name);
  const role = [`--verb=${verbs}`, '--resource=clients.mqttgrid.io,clientgroups.mqttgrid.io'];
  await server.kubectl(...inRoles, 'create', 'role', name, ...role);
  const bound = [`--role=${name}`, `--serviceaccount=roles:${name}`];
  await server.kubectl(...inRoles, 'create', 'rolebinding', name, ...bound);
  const token = (await server.kubectl(...inRoles, 'create', 'token', name)).trim();
  const file = join(temporaryFolder(t), 'kubeconfig');
  writeFileSync(file, withToken(server.kubeconfig, token), { mode: 0o600 });
  return openCluster({ kubeconfig: file, namespace: 'roles' });
}

test('what a role does not allow is named, with who may not do it', async (t) => {
  const reader = await accountWith(t, 'reader', 'get,list,watch');
  const object = manifest('Client', 'forbidden', {}, 'roles');
  assert.equal(
    faultIn(await reader.apply(object, applyOptions())),
    'Client/roles/forbidden cannot be applied: User "system:serviceaccount:roles:reader" cannot ' +
      'patch resource "clients" in API group "mqttgrid.io" in the namespace "roles"; let a Role ' +
      'in the Kubernetes namespace roles allow patch on clients.mqttgrid.io, and bind it to that ' +
      'user',
  );
  await applied(object);
  const { uid } = valueOf(await reader.get(object))!;
  const removed = await reader.remove(object, { ...waiting(), uid, fieldManager: STACK });
  assert.match(faultIn(removed), /cannot be deleted: User .* cannot delete .* allow delete on/);
  const patcher = await accountWith(t, 'patcher', 'get,patch');
  const created = await patcher.apply(manifest('Client', 'new', {}, 'roles'), applyOptions());
  assert.match(faultIn(created), /cannot create resource "clients"/);
});

test('who may not list is told once what was not checked, and can declare and wait', async (t) => {
  const account = await accountWith(t, 'declarer', 'get,create,patch,delete');
  assert.equal(account.defaultNamespace, 'roles');
  assert.deepEqual(valueOf(await account.declared('roles')), []);
  const notices = account.takeNotices?.() ?? [];
  assert.equal(notices.length, 1);
  assert.match(
    notices[0]!,
    /^what is declared in Kubernetes namespace roles cannot be listed: User .* cannot list /,
  );
  const remedy = /; so nothing was checked against it: .* allow list on mqttnamespaces, cacert/;
  assert.match(notices[0]!, remedy);
  assert.deepEqual(account.takeNotices?.(), []);
  const object = manifest('Client', 'declared', {}, 'roles');
  const made = valueOf(await account.apply(object, applyOptions()));
  const waited = account.untilReady(made, object, waiting());
  await tellStatus(operatorOf(t), object);
  assert.equal((await within(COMES_MS, 'Ready', waited)).fault, undefined);
  const { uid } = made;
  valueOf(await account.remove(object, { ...waiting(), uid, fieldManager: STACK }));
});

/** Watches of Clients that the server serves now. */
async function watchCount(): Promise<number> {
  const metrics = await server.kubectl('get', '--raw', '/metrics');
  const line =
    /^apiserver_longrunning_requests\{[^}]*resource="clients"[^}]*verb="WATCH"[^}]*\} (\d+)/m;
  return Number(line.exec(metrics)?.[1] ?? 0);
}

test('a hundred objects that are waited for at the same time are one watch, and none after it', async (t) => {
  const operator = operatorOf(t);
  const fresh = openCluster({ kubeconfig: server.kubeconfig });
  const before = await watchCount();
  const objects = Array.from({ length: 100 }, (_, i) => manifest('Client', `c-${i}`, {}, 'many'));
  const waits = objects.map(async (object) => {
    const made = valueOf(await fresh.apply(object, applyOptions()));
    return await fresh.untilReady(made, object, waiting(60_000));
  });
  const all = Promise.all(waits);
  await eventually(COMES_MS, 'the watch', async () => (await watchCount()) > before || undefined);
  await eventually(COMES_MS, 'all', async () => {
    const { items } = await operator.list<ClusterObject>(resourceTypeOf('Client'), {
      namespace: 'many',
    });
    return items.length === objects.length || undefined;
  });
  assert.equal(await watchCount(), before + 1);
  await Promise.all(objects.map((object) => tellStatus(operator, object)));
  for (const { fault } of await within(60_000, 'all of them', all)) assert.equal(fault, undefined);
  await eventually(COMES_MS, 'the end', async () => (await watchCount()) === before || undefined);
});

test('a process that has read, applied and waited ends by itself', async () => {
  const text = `
    import { systemClock } from './control/clock.ts';
    import { openTarget } from './provider/runtime/targets/open.ts';
    const [kubeconfig, manifest] = JSON.parse(process.argv[1]);
    const { value: target } = openTarget({ cluster: { kubeconfig } }, systemClock);
    const options = { timeoutMs: 500, onProgress: () => {}, fieldManager: 'x', force: false };
    await target.declared('default');
    const { value } = await target.apply(manifest, options);
    const { fault } = await target.untilReady(value, manifest, options);
    process.stdout.write(fault.message);`;
  const given = JSON.stringify([server.kubeconfig, manifest('Client', 'ending')]);
  const script = ['--input-type=module', '--eval', text, given];
  const child = spawn(process.execPath, script, { cwd: join(import.meta.dirname, '../../..') });
  const output: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (data: Buffer) => output.push(data));
  const ended = new Promise((resolve) => child.once('close', resolve));
  try {
    assert.equal(await within(COMES_MS, 'its end', ended), 0);
  } finally {
    child.kill('SIGKILL');
  }
  assert.match(Buffer.concat(output).toString(), /^Client\/default\/ending is not in force after/);
});
