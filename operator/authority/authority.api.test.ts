import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { after, before, test } from 'node:test';
import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import pino from 'pino';
import type { Issued } from '../../certificates/issue.ts';
import { NAMESPACES, apiClient } from '../../test/support/api-client.ts';
import { startApiServer } from '../../test/support/api-server.ts';
import type { ApiServer } from '../../test/support/api-server.ts';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { eventually } from '../../test/support/within.ts';
import type { KubeClient } from '../../kube/kube-client.ts';
import type { KubeObject } from '../../kube/kube-api.ts';
import { AUTHORITY_SECRET, SECRETS } from './authority-secret.ts';
import type { Secret } from './authority-secret.ts';
import { Authority } from './authority.ts';
import { ServerIdentity } from './server-identity.ts';
import { keepWebhookTrusted } from './webhook-trust.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
const SEEN_MS = 10_000;
const POLL_MS = 10;

let server: ApiServer;
before(async () => {
  server = await startApiServer();
});
after(() => server.stop());

const log = pino({ level: 'silent' });

class Stage {
  readonly api: KubeClient;
  readonly namespace: string;
  readonly clock = new ManualClock();
  readonly #t: TestContext;

  constructor(t: TestContext, api: KubeClient, namespace: string) {
    this.#t = t;
    this.api = api;
    this.namespace = namespace;
  }

  /** Another replica of the operator. */
  replica(): Authority {
    const { api, namespace, clock } = this;
    const authority = new Authority({ api, namespace, clock, log });
    this.#t.after(() => authority.close());
    return authority;
  }

  secret(): Promise<Secret | undefined> {
    return this.api.get<Secret>(SECRETS, { namespace: this.namespace, name: AUTHORITY_SECRET });
  }

  /** Goes on by `ms`, and then as often as it takes for replicas to have looked again. */
  async later(ms: number, what: string, isSo: () => boolean): Promise<void> {
    this.clock.set(this.clock.nowMs() + ms);
    await poll(what, async () => {
      await this.clock.advance(61_000);
      return isSo() ? true : undefined;
    });
  }
}

let namespaces = 0;

async function stage(t: TestContext): Promise<Stage> {
  const api = apiClient(t, server.kubeconfig);
  const name = `authority-${namespaces++}`;
  await api.create(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  return new Stage(t, api, name);
}

test('replicas that start at once have the same authority', async (t) => {
  const on = await stage(t);
  const replicas = [on.replica(), on.replica(), on.replica()];
  await Promise.all(replicas.map((replica) => replica.start()));
  assert.equal(new Set(replicas.map(({ trustPem }) => trustPem)).size, 1);
  const late = on.replica();
  await late.start();
  assert.equal(late.trustPem, replicas[0]?.trustPem);
});

test('a Secret that is deleted is put back as it was', async (t) => {
  const on = await stage(t);
  const replica = on.replica();
  await replica.start();
  const before = await on.secret();
  const { uid = '' } = before?.metadata ?? {};
  await on.api.delete(SECRETS, { namespace: on.namespace, name: AUTHORITY_SECRET }, { uid });
  await on.clock.advance(61_000);
  const restored = await poll('is put back', () => on.secret());
  assert.deepEqual(restored.data, before?.data);
});

test('a Secret that holds something else is not replaced, and says what to do', async (t) => {
  const on = await stage(t);
  await on.api.create(SECRETS, {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: AUTHORITY_SECRET, namespace: on.namespace },
    data: { 'current.crt': 'bm9uZQ==' },
  } as KubeObject);
  await assert.rejects(on.replica().start(), /does not hold a certificate authority.* restore it/);
});

test('replicas change to the next authority together, and certificates follow', async (t) => {
  const on = await stage(t);
  const replicas = [on.replica(), on.replica()];
  await Promise.all(replicas.map((replica) => replica.start()));
  const [leader] = replicas;
  assert.ok(leader !== undefined);
  const shown: { readonly issued: Issued; readonly trustPem: string }[] = [];
  const identity = new ServerIdentity({
    authority: leader,
    clock: on.clock,
    log,
    service: 'mqttgrid-control',
    namespace: on.namespace,
    onChange: (issued, trustPem) => void shown.push({ issued, trustPem }),
  });
  t.after(() => identity.close());
  await identity.start();
  const certificate = new X509Certificate(shown[0]?.issued.certificatePem ?? '');
  assert.ok(certificate.checkHost(`mqttgrid-control.${on.namespace}.svc`));
  const certificates = (): number[] =>
    replicas.map(({ trustPem }) => trustPem.match(/BEGIN/g)?.length ?? 0);
  const first = leader.trustPem;
  await on.later(2440 * DAY_MS, 'both trust the next', () => certificates().every((n) => n === 2));
  assert.ok(leader.trustPem.startsWith(first), 'the first one signs still');
  assert.equal(replicas[1]?.trustPem, leader.trustPem);
  const isSignedByFirst = (): boolean => {
    const last = new X509Certificate(shown.at(-1)?.issued.certificatePem ?? '');
    return last.verify(new X509Certificate(first).publicKey);
  };
  assert.ok(isSignedByFirst());
  await on.later(610 * DAY_MS, 'the next one signs', () =>
    replicas.every(({ trustPem }) => !trustPem.startsWith(first) && trustPem.endsWith(first)),
  );
  await eventually(SEEN_MS, 'the server shows it', () => (isSignedByFirst() ? undefined : true));
  assert.equal(shown.at(-1)?.trustPem, leader.trustPem);
});

test('a server renews its certificate in time', async (t) => {
  const on = await stage(t);
  const authority = on.replica();
  await authority.start();
  const shown: Issued[] = [];
  const identity = new ServerIdentity({
    authority,
    clock: on.clock,
    log,
    service: 'mqttgrid-webhook',
    namespace: on.namespace,
    onChange: (issued) => void shown.push(issued),
  });
  t.after(() => identity.close());
  await identity.start();
  on.clock.set(on.clock.nowMs() + 59 * DAY_MS);
  await on.clock.advance(2 * 60 * 60 * 1000);
  assert.equal(shown.length, 1);
  on.clock.set(on.clock.nowMs() + DAY_MS);
  await on.clock.advance(2 * 60 * 60 * 1000);
  await eventually(SEEN_MS, 'is renewed', () => (shown.length === 2 ? true : undefined));
});

test('the API server is told whom to trust, and again when an installer takes it out', async (t) => {
  const on = await stage(t);
  const authority = on.replica();
  await authority.start();
  const clientConfig = { service: { name: 'mqttgrid-webhook', namespace: on.namespace } };
  const webhook = {
    name: 'validate.mqttgrid.io',
    admissionReviewVersions: ['v1'],
    clientConfig,
    sideEffects: 'None',
    failurePolicy: 'Ignore',
  };
  const type = {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingWebhookConfiguration',
    plural: 'validatingwebhookconfigurations',
    namespaced: false,
  };
  type Configuration = KubeObject & {
    readonly webhooks: readonly { readonly clientConfig: { readonly caBundle?: string } }[];
  };
  await on.api.create(type, {
    apiVersion: type.apiVersion,
    kind: type.kind,
    metadata: { name: 'mqttgrid' },
    webhooks: [webhook],
  } as KubeObject);
  t.after(keepWebhookTrusted({ api: on.api, authority, clock: on.clock, log }));
  const told = (): Promise<Configuration> =>
    poll('is told', async () => {
      const found = await on.api.get<Configuration>(type, { name: 'mqttgrid' });
      return found?.webhooks[0]?.clientConfig.caBundle === undefined ? undefined : found;
    });
  const { webhooks, metadata } = await told();
  const bundle = Buffer.from(webhooks[0]?.clientConfig.caBundle ?? '', 'base64').toString();
  assert.equal(bundle, authority.trustPem);
  await on.clock.advance(61_000);
  await on.api.patch(type, { name: 'mqttgrid' }, { webhooks: [webhook] });
  await on.clock.advance(61_000);
  assert.notEqual((await told()).metadata.resourceVersion, metadata.resourceVersion);
});

/** Asks the API server until it has an answer. */
async function poll<Value>(what: string, search: () => Promise<Value | undefined>): Promise<Value> {
  const deadlineMs = performance.now() + SEEN_MS;
  for (;;) {
    const value = await search();
    if (value !== undefined) return value;
    assert.ok(performance.now() < deadlineMs, what);
    await delay(POLL_MS);
  }
}
