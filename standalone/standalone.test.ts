import assert from 'node:assert/strict';
import { once } from 'node:events';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { testAuthority } from '../test/support/certificates.ts';
import { systemClock } from './clock.ts';
import type { Clock } from './clock.ts';
import { printFieldPath } from '../domain/violation.ts';
import type { StandaloneOptions } from './parts.ts';
import type { StandaloneEvent } from './standalone-events.ts';
import { startStandalone } from './standalone.ts';
import type { Standalone } from './standalone.ts';

/** Generous: the machine that runs the tests may be busy. */
const EVENTUALLY_MS = 10_000;

/** Waits that are hours or seconds take a tenth of a second. */
const hurriedClock: Clock = {
  ...systemClock,
  after: (delayMs, callback) => systemClock.after(Math.min(delayMs, 100), callback),
};

interface Bench {
  readonly manifests: string;
  readonly data: string;
  readonly events: StandaloneEvent[];
  readonly write: (file: string, text: string) => void;
  /** Everything but the folders may be another. */
  readonly start: (options?: Partial<StandaloneOptions>) => Promise<Standalone>;
  readonly fail: (options?: Partial<StandaloneOptions>) => Promise<string>;
  /** Until the events from `action` on, as lines, hold this one. */
  readonly until: (line: string | RegExp, action: () => void) => Promise<readonly string[]>;
}

function lineOf(event: StandaloneEvent): string {
  switch (event.event) {
    case 'notice':
      return `notice ${event.message}`;
    case 'violation':
    case 'resolved': {
      const { object, violation } = event.located;
      return `${event.event} ${object} ${printFieldPath(violation.field)} ${violation.reason}`;
    }
    case 'change':
      return `${event.change} ${event.object}`;
    case 'condition': {
      const ready = event.status.conditions.find(({ type }) => type === 'Ready');
      return `${event.status.key} ${ready?.reason}`;
    }
    case 'endpoints':
      return `endpoints ${[...event.endpoints.keys()].join(' ')}`;
    case 'delivery':
      return `delivery ${event.delivery.key}`;
    case 'ready':
      return 'ready';
  }
}

function bench(t: TestContext): Bench {
  const folder = mkdtempSync(join(tmpdir(), 'mqttgrid-standalone-'));
  const manifests = join(folder, 'manifests');
  const data = join(folder, 'data');
  mkdirSync(manifests);
  const events: StandaloneEvent[] = [];
  const running: Standalone[] = [];
  t.after(async () => {
    await Promise.all(running.map((each) => each.close()));
    rmSync(folder, { recursive: true, force: true });
  });
  const launch = (options: Partial<StandaloneOptions>) =>
    startStandalone({
      folder: manifests,
      host: '127.0.0.1',
      port: 0,
      data,
      developmentCertificates: true,
      clock: hurriedClock,
      logger: pino({ level: 'silent' }),
      onEvent: (event) => events.push(event),
      ...options,
    });
  return {
    manifests,
    data,
    events,
    write: (file, text) => writeFileSync(join(manifests, file), text),
    start: async (options = {}) => {
      const started = await launch(options);
      assert.ok(started.ok, 'it starts');
      running.push(started.value);
      return started.value;
    },
    fail: async (options = {}) => {
      const started = await launch(options);
      if (started.ok) running.push(started.value);
      assert.ok(!started.ok, 'it does not start');
      return started.fault.message;
    },
    until: async (line, action) => {
      const from = events.length;
      action();
      const deadlineMs = Date.now() + EVENTUALLY_MS;
      const matches = (text: string): boolean =>
        typeof line === 'string' ? text === line : line.test(text);
      for (;;) {
        const lines = events.slice(from).map(lineOf);
        const index = lines.findIndex(matches);
        if (index !== -1) return lines.slice(0, index + 1);
        assert.ok(Date.now() < deadlineMs, `${line} among\n${lines.join('\n')}`);
        await sleep(5);
      }
    },
  };
}

function namespace(name: string): string {
  const meta = `metadata: {name: ${name}}`;
  return `---\napiVersion: mqttgrid.io/v1\nkind: MqttNamespace\n${meta}\nspec: {}\n`;
}

function member(kind: string, name: string, spec: string, owner = 'plant'): string {
  return (
    `---\napiVersion: mqttgrid.io/v1\nkind: ${kind}\nmetadata: {name: ${name}}\n` +
    `spec:\n  namespaceRef: {name: ${owner}}\n  ${spec.replaceAll('\n', '\n  ')}\n`
  );
}

function client(name: string, owner = 'plant'): string {
  const subject = `authentication: {certificateSubject: {commonName: ${name}.example.com}}`;
  return member('Client', name, subject, owner);
}

function space(name: string, template: string): string {
  return member(
    'TopicSpace',
    name,
    `subscriptionSupport: HighFanout\ntopicTemplates: ["${template}"]`,
  );
}

function readyReason(standalone: Standalone, key: string): string | undefined {
  const conditions = standalone.round.statuses.get(key)?.conditions;
  return conditions?.find(({ type }) => type === 'Ready')?.reason;
}

test('a folder is served: violations, conditions, then ready with endpoints', async (t) => {
  const { write, start, events, data } = bench(t);
  write(
    'a.yaml',
    namespace('plant') + client('c-1') + member('ClientGroup', 'all', 'query: "name ="'),
  );
  const standalone = await start();
  assert.deepEqual(events.map(lineOf).slice(1), [
    'violation ClientGroup/default/all spec.query InvalidQuery',
    'MqttNamespace/default/plant Ready',
    'CaCertificate/default/mqttgrid-development Ready',
    'Client/default/c-1 Ready',
    'ClientGroup/default/all InvalidQuery',
    'ready',
  ]);
  assert.match(events.map(lineOf)[0] ?? '', /^notice .*declares no CaCertificate.*development CA/);
  const ready = events.at(-1);
  assert.ok(ready?.event === 'ready');
  assert.equal(ready.certificates, join(data, 'certificates'));
  const [served] = standalone.served;
  assert.equal(ready.endpoints.get('plant'), `mqtts://127.0.0.1:${served?.port}`);
  assert.deepEqual(readdirSync(join(data, 'certificates', 'plant')).sort(), [
    'c-1.crt',
    'c-1.key',
    'c-1.p12',
  ]);
});

test('changes are told once they are in force, and nothing is told twice', async (t) => {
  const { write, start, until, events } = bench(t);
  write('a.yaml', namespace('plant') + client('c-1'));
  const standalone = await start();
  const added = await until('Added Client/default/c-2', () => write('b.yaml', client('c-2')));
  assert.deepEqual(added, ['Added Client/default/c-2']);
  assert.ok(standalone.served[0]?.snapshot.clients.some(({ name }) => name === 'c-2'));
  const disabled = client('c-2').replace('spec:', 'spec:\n  state: Disabled');
  await until('Modified Client/default/c-2', () => write('b.yaml', disabled));
  const removed = await until(/^Removed/, () => write('b.yaml', ''));
  assert.deepEqual(removed, ['Removed Client/default/c-2']);
  const quiet = events.length;
  write('b.yaml', '# only a comment');
  await sleep(400);
  assert.deepEqual(events.slice(quiet), []);
});

test('a violation is told when it arises and when it is mended, not when it moves', async (t) => {
  const { write, start, until, events } = bench(t);
  const broken = member('ClientGroup', 'all', 'query: "name ="');
  write('a.yaml', namespace('plant'));
  await start();
  const violation = 'violation ClientGroup/default/all spec.query InvalidQuery';
  await until(violation, () => write('b.yaml', broken));
  const before = events.length;
  await until('Added ClientGroup/default/other', () =>
    write('b.yaml', `# moved\n\n${broken}${member('ClientGroup', 'other', 'query: name = "b"')}`),
  );
  assert.ok(!events.slice(before).some(({ event }) => event === 'violation'));
  const mended = await until('ClientGroup/default/all Ready', () =>
    write('b.yaml', member('ClientGroup', 'all', 'query: name = "a"')),
  );
  assert.ok(mended.includes('resolved ClientGroup/default/all spec.query InvalidQuery'));
});

test('of two in conflict the older stays across a restart, until it goes', async (t) => {
  const { write, start, until } = bench(t);
  write('a.yaml', namespace('plant') + space('z-older', 'a/+'));
  const first = await start();
  await until('TopicSpace/default/a-younger TemplateOverlap', () =>
    write('b.yaml', space('a-younger', 'a/b')),
  );
  await first.close();
  const second = await start();
  assert.equal(readyReason(second, 'TopicSpace/default/z-older'), 'Ready');
  assert.equal(readyReason(second, 'TopicSpace/default/a-younger'), 'TemplateOverlap');
  await until('TopicSpace/default/a-younger Ready', () => write('a.yaml', namespace('plant')));
});

test('MqttNamespaces come and go, each with a listener', async (t) => {
  const { write, start, until, events } = bench(t);
  const standalone = await start();
  assert.deepEqual(events.map(lineOf).slice(1), ['ready']);
  assert.match(events.map(lineOf)[0] ?? '', /declares no MqttNamespace/);
  await until('endpoints plant', () => write('a.yaml', namespace('plant')));
  const port = standalone.served[0]?.port;
  await until('endpoints plant yard', () => write('b.yaml', namespace('yard')));
  assert.equal(standalone.served.find(({ snapshot }) => snapshot.name === 'plant')?.port, port);
  await until('endpoints yard', () => write('a.yaml', client('c-1')));
  assert.equal(readyReason(standalone, 'Client/default/c-1'), 'RefNotFound');
});

test('a port in use stops the start if it is the first one', async (t) => {
  const { write, fail } = bench(t);
  write('a.yaml', namespace('plant'));
  const other = createServer().listen(0, '127.0.0.1');
  t.after(() => other.close());
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo;
  assert.match(await fail({ port }), new RegExp(`port ${port} is in use on 127.0.0.1: .*--port`));
});

test('a listener that fails later is a violation, and is tried again', async (t) => {
  const { write, start, until } = bench(t);
  write('a.yaml', namespace('plant') + client('c-1', 'yard'));
  const { startBroker } = await import('../broker/broker.ts');
  let isBusy = true;
  const standalone = await start({
    startBroker: async (options) => {
      if (options.snapshot.name !== 'yard' || !isBusy) return await startBroker(options);
      throw Object.assign(new Error('busy'), { code: 'EADDRINUSE' });
    },
  });
  await until('violation MqttNamespace/default/yard  Pending', () =>
    write('b.yaml', namespace('yard')),
  );
  assert.equal(readyReason(standalone, 'Client/default/c-1'), 'Pending');
  assert.equal(readyReason(standalone, 'MqttNamespace/default/plant'), 'Ready');
  await until('MqttNamespace/default/yard Ready', () => {
    isBusy = false;
  });
});

test('a CaCertificate that is declared takes the place of the development CA', async (t) => {
  const { write, start, until } = bench(t);
  const { root } = await testAuthority();
  write('a.yaml', namespace('plant') + client('c-1'));
  const standalone = await start();
  assert.deepEqual(
    standalone.served[0]?.snapshot.caCertificates.map(({ name }) => name),
    ['mqttgrid-development'],
  );
  const pem = JSON.stringify(root.certificatePem);
  const declared = member('CaCertificate', 'own', `encodedCertificate: ${pem}`);
  await until('Added CaCertificate/default/own', () => write('b.yaml', declared));
  assert.deepEqual(
    standalone.served[0]?.snapshot.caCertificates.map(({ name }) => name),
    ['own'],
  );
  assert.equal(standalone.served[0]?.clientFiles.size, 0);
  const refused = member('CaCertificate', 'own', 'encodedCertificate: 7');
  await until('CaCertificate/default/own InvalidShape', () => write('b.yaml', refused));
  assert.deepEqual(standalone.served[0]?.snapshot.caCertificates, []);
});

test('without development certificates it is said who cannot connect', async (t) => {
  const { write, start, events } = bench(t);
  write('a.yaml', namespace('plant') + client('c-1'));
  const standalone = await start({ developmentCertificates: false });
  assert.deepEqual(standalone.served[0]?.snapshot.caCertificates, []);
  assert.match(events.map(lineOf)[0] ?? '', /plant has clients .* cannot connect until/);
});

test('two MqttNamespaces take the development CA, each under a name of its own', async (t) => {
  const { write, start } = bench(t);
  write('a.yaml', namespace('plant') + client('c-1') + namespace('yard') + client('c-2', 'yard'));
  const standalone = await start();
  assert.deepEqual(
    [...standalone.round.statuses.keys()].filter((key) => key.startsWith('CaCertificate')),
    [
      'CaCertificate/default/mqttgrid-development',
      'CaCertificate/default/mqttgrid-development.yard',
    ],
  );
  assert.equal(standalone.served.length, 2);
});

test('an EventTopic that nothing routes to is Ready, and says so', async (t) => {
  const { write, start } = bench(t);
  write(
    'a.yaml',
    'apiVersion: mqttgrid.io/v1\nkind: EventTopic\nmetadata: {name: events}\nspec: {}',
  );
  const standalone = await start();
  const conditions = standalone.round.statuses.get('EventTopic/default/events')?.conditions ?? [];
  const by = new Map(conditions.map((condition) => [condition.type, condition]));
  assert.equal(by.get('Ready')?.status, 'True');
  assert.match(by.get('Programmed')?.message ?? '', /no MqttNamespace routes/);
});

test('a folder that vanishes leaves all in force, and is followed when it is back', async (t) => {
  const { manifests, write, start, until } = bench(t);
  write('a.yaml', namespace('plant') + client('c-1'));
  const standalone = await start();
  await until(/^notice .*stays in force/, () => renameSync(manifests, `${manifests}.away`));
  assert.equal(readyReason(standalone, 'Client/default/c-1'), 'Ready');
  await until('Added Client/default/c-2', () => {
    cpSync(`${manifests}.away`, manifests, { recursive: true });
    write('b.yaml', client('c-2'));
  });
});

test('what cannot work is refused at the start, and leaves nothing behind', async (t) => {
  const { manifests, data, write, fail } = bench(t);
  assert.match(
    await fail({ folder: join(manifests, 'none') }),
    /none" cannot be read: it does not exist/,
  );
  write('a.yaml', '');
  assert.match(await fail({ folder: join(manifests, 'a.yaml') }), /it is not a folder/);
  assert.throws(() => readdirSync(data), /ENOENT/);
  assert.match(
    await fail({ data: join(manifests, 'a.yaml') }),
    /cannot keep state: E\w+; .*--data/,
  );
});

test('a certificate of the listeners that is given needs no authority', async (t) => {
  const { write, start, data } = bench(t);
  const { server } = await testAuthority();
  write('a.yaml', namespace('plant'));
  const tls = { certificatePem: server.chainPem, privateKeyPem: server.privateKeyPem };
  const standalone = await start({ tls, developmentCertificates: false });
  assert.equal(standalone.serverCaFile, undefined);
  assert.deepEqual(readdirSync(data).sort(), ['sessions', 'state']);
  const state = JSON.parse(readFileSync(join(data, 'state', 'first-seen.json'), 'utf8')) as object;
  assert.deepEqual(Object.keys(state), ['version', 'objects']);
});
