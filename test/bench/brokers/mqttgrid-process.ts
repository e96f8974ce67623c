/**
 * mqttgrid's own broker for a measurement: the real one, with identity, permissions and metrics,
 * and the limits out of the way. `node mqttgrid-process.ts CERTIFICATES CLIENTS [STORE [ROUTE]]`
 */
import { X509Certificate } from 'node:crypto';
import { Session } from 'node:inspector/promises';
import { PerformanceObserver } from 'node:perf_hooks';
import { pino } from 'pino';
import type { Broker } from '../../../broker/broker.ts';
import { startBroker } from '../../../broker/broker.ts';
import { SqliteStore } from '../../../broker/store/sqlite-store.ts';
import type { Limits } from '../../../domain/limits.ts';
import { LIMIT_RULES, limitsOf } from '../../../domain/limits.ts';
import type { Snapshot, SnapshotPermissionBinding } from '../../../domain/snapshot.ts';
import { clientName, readCertificates } from '../certificates.ts';
import { IN_FLIGHT_MESSAGES, ROOT } from '../load/job.ts';
import type { Insight, Route, ToBroker } from './process.ts';
import { tell, tellReady } from './process.ts';

/** Far beyond what a machine does; the default bounds stay where they are no rates. */
const RAISED: readonly (keyof Limits)[] = [
  'connectsPerSecond',
  'subscribesPerSecond',
  'inboundMessagesPerSecond',
  'outboundMessagesPerSecond',
  'inboundMessagesPerSecondPerConnection',
  'outboundMessagesPerSecondPerConnection',
];
const SESSION_QUEUE_MESSAGES = 1000000;

function raisedLimits(others: Partial<Limits> = {}): Limits {
  const ceilings = RAISED.map((name) => [name, LIMIT_RULES[name].ceiling]);
  return limitsOf({
    ...(Object.fromEntries(ceilings) as Partial<Limits>),
    clients: 100000,
    sessionQueueMessages: SESSION_QUEUE_MESSAGES,
    inFlightMessages: IN_FLIGHT_MESSAGES,
    ...others,
  });
}

/** Devices publish where their name is; everybody reads. */
const SPACES = {
  reports: { support: 'NotSupported', templates: ['in/${client.name}'], permission: 'Publisher' },
  readings: { support: 'HighFanout', templates: ['in/#'], permission: 'Subscriber' },
  commands: { support: 'HighFanout', templates: ['cmd/+'], permission: 'both' },
  broadcasts: { support: 'HighFanout', templates: ['out/#'], permission: 'both' },
} as const;

function bindingsOf(topicSpaceName: string, permission: string): SnapshotPermissionBinding[] {
  return (['Publisher', 'Subscriber'] as const)
    .filter((each) => permission === 'both' || permission === each)
    .map((each) => {
      const name = `${topicSpaceName}-${each}`;
      return { name, clientGroupName: '$all', topicSpaceName, permission: each };
    });
}

function snapshotOf(authorityPem: string, clients: number, route: Route | undefined): Snapshot {
  const spaces = Object.entries(SPACES);
  return {
    name: 'bench',
    limits: raisedLimits(route?.limits),
    caCertificates: [
      { name: 'ca', certificate: new X509Certificate(authorityPem).raw.toString('base64') },
    ],
    clients: Array.from({ length: clients }, (_, number) => ({
      name: clientName(number),
      state: 'Enabled',
      credential: {
        type: 'CertificateSubject',
        subject: { commonName: clientName(number) },
      },
      attributes: { number },
    })),
    clientGroups: [],
    topicSpaces: spaces.map(([name, { support, templates }]) => ({
      name,
      subscriptionSupport: support,
      topicTemplates: templates.map((template) => `${ROOT}/${template}`),
    })),
    permissionBindings: spaces.flatMap(([name, { permission }]) => bindingsOf(name, permission)),
    eventSubscriptions: route === undefined ? [] : [route.subscription],
    ...(route && { route: { eventTopic: 'bench', outboxOverflow: 'DropOldest' } }),
  };
}

let commits = 0;
let garbageCollections = 0;

/** Commits are the store's own affair: they are counted where it tells of them. */
function countCommits(): void {
  const listen = Reflect.get(SqliteStore.prototype, 'listen');
  SqliteStore.prototype.listen = function (this: SqliteStore, events) {
    const committed = (batch: number): void => {
      commits++;
      events.committed(batch);
    };
    Reflect.apply(listen, this, [{ ...events, committed }]);
  };
}

function insightOf({ metrics, deliveries }: Broker): Insight {
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return {
    commits,
    events: deliveries[0],
    publishesReceived: metrics.publishesReceived,
    messagesDelivered: metrics.messagesDelivered,
    messagesDropped:
      metrics.messagesDroppedSlowConsumer +
      metrics.messagesDroppedExpired +
      metrics.messagesDroppedPacketTooLarge +
      metrics.messagesDroppedNotAuthorized,
    heapBytes: heapUsed,
    bufferBytes: arrayBuffers,
    garbageCollections,
  };
}

let profiler: Session | undefined;

/** Starts a CPU profile of this thread; the second time ends it and hands it over. */
async function profile(): Promise<void> {
  if (profiler === undefined) {
    profiler = new Session();
    profiler.connect();
    await profiler.post('Profiler.enable');
    await profiler.post('Profiler.start');
    return;
  }
  const { profile: taken } = await profiler.post('Profiler.stop');
  profiler.disconnect();
  profiler = undefined;
  tell({ type: 'profile', profile: JSON.stringify(taken) });
}

const [certificates, clients, storePath, routeJson] = process.argv.slice(2);
const { authorityPem, serverChainPem, serverKeyPem } = readCertificates(certificates!);
const route = routeJson === undefined ? undefined : (JSON.parse(routeJson) as Route);
if (storePath !== undefined) countCommits();
// Observing has its price, so it is only for those who count bytes.
if (globalThis.gc !== undefined) {
  const collected = new PerformanceObserver((list) => {
    garbageCollections += list.getEntries().length;
  });
  collected.observe({ entryTypes: ['gc'] });
}
const broker = await startBroker({
  host: '127.0.0.1',
  port: 0,
  tls: { certificatePem: serverChainPem, privateKeyPem: serverKeyPem },
  snapshot: snapshotOf(authorityPem, Number(clients), route),
  // What an operator of a busy broker keeps: refusals, not every client that comes and goes.
  logger: pino({ level: 'warn' }, process.stderr),
  ...(storePath === undefined ? {} : { storePath }),
});

process.on('message', (message: ToBroker) => {
  if (message.type === 'ask') tell({ type: 'insight', insight: insightOf(broker) });
  else if (message.type === 'profile') void profile();
  else globalThis.gc?.();
});
tellReady(broker.port);
