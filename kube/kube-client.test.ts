/** What a server does that a real one does rarely: silence, haste, other people's pages. */
import assert from 'node:assert/strict';
import { createServer } from 'node:https';
import type { IncomingMessage, RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { writeFileSync } from 'node:fs';
import { KubeConfig } from '@kubernetes/client-node';
import { ManualClock } from '../test/support/manual-clock.ts';
import { testAuthority } from '../test/support/certificates.ts';
import { temporaryFolder } from '../test/support/temporary-folder.ts';
import { eventually } from '../test/support/within.ts';
import { systemClock } from '../control/clock.ts';
import { loadKubeConfig } from './credentials.ts';
import { KubeApiError, UnreachableError, isGone } from './kube-api.ts';
import type { KubeObject, ResourceType, WatchEvent } from './kube-api.ts';
import { KubeClient } from './kube-client.ts';
import type { KubeClientOptions } from './kube-client.ts';

const CONFIG_MAPS: ResourceType = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  plural: 'configmaps',
  namespaced: true,
};
const NAME = { namespace: 'plant', name: 'pump' };

interface Fake {
  readonly client: KubeClient;
  readonly config: KubeConfig;
  readonly counted: string[];
}

async function fakeServer(
  t: TestContext,
  listener: RequestListener,
  options: Partial<KubeClientOptions> = {},
): Promise<Fake> {
  const { server, root } = await testAuthority();
  const https = createServer({ cert: server.chainPem, key: server.privateKeyPem }, listener);
  await new Promise<void>((resolve) => https.listen(0, '127.0.0.1', resolve));
  const { port } = https.address() as AddressInfo;
  const config = new KubeConfig();
  const caData = Buffer.from(root.certificatePem).toString('base64');
  config.loadFromClusterAndUser(
    { name: 'fake', server: `https://127.0.0.1:${port}`, caData, skipTLSVerify: false },
    { name: 'somebody', token: 'sesame' },
  );
  const counted: string[] = [];
  const client = new KubeClient({
    config,
    clock: systemClock,
    random: () => 0,
    countCall: (code, method) => counted.push(`${method} ${code}`),
    ...options,
  });
  t.after(() => {
    client.close();
    https.closeAllConnections();
    https.close();
  });
  return { client, config, counted };
}

function status(code: number, reason: string): string {
  return JSON.stringify({ kind: 'Status', code, reason, message: 'says the server' });
}

test('a server that is busy is asked again when it says, and given up after some tries', async (t) => {
  const clock = new ManualClock();
  let asked = 0;
  let free = false;
  const { client, counted } = await fakeServer(
    t,
    (_, answer) => {
      asked++;
      if (free) answer.end(JSON.stringify({ kind: 'ConfigMap', metadata: NAME }));
      else answer.writeHead(429, { 'retry-after': '2' }).end(status(429, 'TooManyRequests'));
    },
    { clock },
  );
  const first = client.get(CONFIG_MAPS, NAME);
  await eventually(5_000, 'a call', () => (counted.length === 1 ? true : undefined));
  await clock.advance(1_990);
  assert.equal(asked, 1);
  free = true;
  await clock.advance(10);
  assert.deepEqual((await first)?.metadata, NAME);
  assert.deepEqual(counted, ['GET 429', 'GET 200']);

  free = false;
  const second = client.patch(CONFIG_MAPS, NAME, {});
  let outcome: unknown;
  second.catch((error: unknown) => (outcome = error));
  for (let retries = 0; retries < 6; retries++) {
    const expected = 3 + retries;
    await eventually(5_000, 'a call', () => (counted.length === expected ? true : undefined));
    await clock.advance(2_000);
  }
  const error = await eventually(5_000, 'the end', () => outcome);
  assert.ok(error instanceof KubeApiError);
  assert.equal(error.retryAfterSeconds, 2);
  assert.equal(asked, 8);
});

test('a server that does not answer in time is unreachable, and says which call that was', async (t) => {
  const { client, counted } = await fakeServer(t, () => undefined, { callTimeoutMs: 50 });
  await assert.rejects(client.delete(CONFIG_MAPS, NAME, { uid: '1' }), (error) => {
    assert.ok(error instanceof UnreachableError);
    assert.equal(error.message, 'delete ConfigMap "plant/pump": no answer in 50 ms');
    return true;
  });
  assert.deepEqual(counted, ['DELETE <error>']);
});

test('a server that stalls amid its answer is unreachable, too', async (t) => {
  const stall: RequestListener = (_, answer) => answer.write('{"kind":');
  const { client } = await fakeServer(t, stall, { callTimeoutMs: 50 });
  await assert.rejects(client.get(CONFIG_MAPS, NAME), UnreachableError);
});

test('a connection that breaks amid the answer is no answer', async (t) => {
  const { client } = await fakeServer(t, (_, answer) => {
    answer.writeHead(200, { 'content-length': '1000' });
    answer.write('{', () => answer.destroy());
  });
  await assert.rejects(client.get(CONFIG_MAPS, NAME), UnreachableError);
});

test('an answer that is not an API server’s is an error with its status and its beginning', async (t) => {
  const { client } = await fakeServer(t, (_, answer) => {
    answer.writeHead(502).end(`<html>\n bad gateway${'!'.repeat(5_000)}</html>`);
  });
  await assert.rejects(client.list(CONFIG_MAPS, {}), (error) => {
    assert.ok(error instanceof KubeApiError);
    assert.equal(error.status, 502);
    assert.match(error.message, /^list configmaps: <html> bad gateway!{150,200} \(502\)$/);
    return true;
  });
});

test('credentials go with each call, never into an error', async (t) => {
  const requests: IncomingMessage[] = [];
  const { client } = await fakeServer(t, (request, answer) => {
    requests.push(request);
    answer.writeHead(401).end(status(401, 'Unauthorized'));
  });
  await assert.rejects(client.get(CONFIG_MAPS, NAME), (error) => {
    assert.ok(error instanceof Error && !error.message.includes('sesame'));
    return true;
  });
  assert.equal(requests[0]?.headers.authorization, 'Bearer sesame');
});

test('a server whose certificate others issued is told nothing', async (t) => {
  const requests: unknown[] = [];
  const { client, config } = await fakeServer(t, (request) => requests.push(request));
  Object.assign(config.getCurrentCluster()!, { caData: undefined });
  await assert.rejects(client.get(CONFIG_MAPS, NAME), UnreachableError);
  assert.equal(requests.length, 0);
});

test('a certificate in a file that is replaced is used without a restart', async (t) => {
  const clock = new ManualClock();
  const { root } = await testAuthority();
  const file = `${temporaryFolder(t)}/ca.crt`;
  writeFileSync(file, root.certificatePem.replace(/[A-Za-z0-9+/=]{64}/, 'A'.repeat(64)));
  const { client, config } = await fakeServer(
    t,
    (_, answer) => void answer.end(JSON.stringify({ kind: 'ConfigMap', metadata: NAME })),
    { clock },
  );
  Object.assign(config.getCurrentCluster()!, { caData: undefined, caFile: file });
  await assert.rejects(client.get(CONFIG_MAPS, NAME), UnreachableError);
  writeFileSync(file, root.certificatePem);
  await clock.advance(10_000);
  assert.deepEqual((await client.get(CONFIG_MAPS, NAME))?.metadata, NAME);
});

interface Watched {
  readonly events: WatchEvent<KubeObject>[];
  readonly ended: Promise<void>;
  readonly stop: AbortController;
}

function watch(client: KubeClient, onEvent?: () => void): Watched {
  const events: WatchEvent<KubeObject>[] = [];
  const stop = new AbortController();
  const options = { resourceVersion: '7', timeoutSeconds: 20, signal: stop.signal };
  const ended = client.watch<KubeObject>(CONFIG_MAPS, options, (event) => {
    events.push(event);
    onEvent?.();
  });
  return { events, ended, stop };
}

const ADDED = { type: 'ADDED', object: { kind: 'ConfigMap', metadata: NAME } };

test('a watch asks for bookmarks, gives each event, and resolves when the server ends it', async (t) => {
  let url = '';
  const { client } = await fakeServer(t, (request, answer) => {
    url = request.url ?? '';
    answer.write(`${JSON.stringify(ADDED)}\n{"type":"BOOK`);
    setTimeout(() => answer.end('MARK","object":{}}\n'), 20);
  });
  const { events, ended } = watch(client);
  await ended;
  assert.deepEqual(events, [ADDED, { type: 'BOOKMARK', object: {} }]);
  const query = new URL(url, 'https://server').searchParams;
  assert.deepEqual(Object.fromEntries(query), {
    watch: 'true',
    resourceVersion: '7',
    timeoutSeconds: '20',
    allowWatchBookmarks: 'true',
  });
});

test('410 ends a watch as gone, as a status and as an event', async (t) => {
  let asStatus = true;
  const { client, counted } = await fakeServer(t, (_, answer) => {
    if (asStatus) answer.writeHead(410).end(status(410, 'Expired'));
    else answer.end(`{"type":"ERROR","object":${status(410, 'Expired')}}\n`);
  });
  await assert.rejects(watch(client).ended, isGone);
  asStatus = false;
  const { events, ended } = watch(client);
  await assert.rejects(ended, (error) => isGone(error) && /says the server/.test(String(error)));
  assert.deepEqual(events, []);
  assert.deepEqual(counted, ['GET 410', 'GET 200']);
});

test('a watch whose callback throws rejects with that, and calls back no more', async (t) => {
  const { client } = await fakeServer(t, (_, answer) => {
    answer.write(`${JSON.stringify(ADDED)}\n`.repeat(3));
  });
  const { events, ended } = watch(client, () => assert.fail('a bug'));
  await assert.rejects(ended, /watch configmaps: a bug/);
  assert.equal(events.length, 1);
});

test('a watch ends at once by its signal, also when the server has not answered', async (t) => {
  const { client } = await fakeServer(t, () => undefined);
  const { ended, stop } = watch(client);
  stop.abort();
  await ended;
});

test('a server that cannot be reached rejects calls and watches', async (t) => {
  const { client } = await fakeServer(t, (request) => request.socket.destroy());
  await assert.rejects(client.get(CONFIG_MAPS, NAME), UnreachableError);
  await assert.rejects(watch(client).ended, UnreachableError);
});

test('without an https server in the kubeconfig there is no client', (t) => {
  const file = `${temporaryFolder(t)}/config`;
  const context = { name: 'a', context: { cluster: 'a', user: 'a' } };
  const config = { clusters: [{ name: 'a', cluster: { server: 'http://127.0.0.1:8080' } }] };
  writeFileSync(
    file,
    JSON.stringify({ ...config, users: [], contexts: [context], 'current-context': 'a' }),
  );
  assert.throws(() => loadKubeConfig(file), /set KUBECONFIG/);
});
