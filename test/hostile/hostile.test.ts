/**
 * Hostile clients against the real listener of a broker in a process of its own.
 *   MQTTGRID_SEED          makes the same choices again
 *   MQTTGRID_FUZZ_SECONDS  how long; 16 unless given
 *   MQTTGRID_FUZZ_ONLY     the one attack to run, by its name in the report
 */
import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { SnapshotClient } from '../../domain/snapshot.ts';
import type { TestAuthority } from '../support/certificates.ts';
import { testAuthority } from '../support/certificates.ts';
import { aClient, aSnapshot } from '../support/snapshots.ts';
import type { AttackOrder, AttackReport } from './attacker.ts';
import type { BrokerState } from './broker-process.ts';
import { ChildBroker } from './child-broker.ts';
import { PROTOTYPE_NAMES } from './hostile-texts.ts';
import type { Service } from './well-behaved.ts';
import { WellBehaved } from './well-behaved.ts';

const SEED = process.env['MQTTGRID_SEED'] ?? randomBytes(6).toString('hex');
/** Longer than the broker lets anybody be silent before CONNECT. */
const SECONDS = Number(process.env['MQTTGRID_FUZZ_SECONDS'] ?? 16);
const ONLY = process.env['MQTTGRID_FUZZ_ONLY'];
const GRACE_MS = 60000;

/** What Node needs for itself is about 100 MiB; see the figures that the test prints. */
const RSS_BYTES_MAX = 768 * 1024 * 1024;
/** On two loaded cores that the attackers share with the broker. */
const ROUND_TRIP_MS_MAX = 2000;
const CONNECT_MS_MAX = 10000;
/** Five categories of at most 100 lines of a KiB a second, and 1000 at once. */
const LOG_BYTES_MAX = 5 * 1024 * (1000 + 100 * (SECONDS + 30));
const LOG_LINE_BYTES_MAX = 4096;
/** Of the well-behaved pair. */
const SOCKETS_LEFT = 2;
const SOCKETS_GONE_MS = 20000;

const HOSTILE = [
  ...Array.from({ length: 400 }, (_, index) => `hostile-${index}`),
  ...PROTOTYPE_NAMES,
];

/** All of them with the same certificate. */
function hostileClient(name: string): SnapshotClient {
  const subject = { commonName: 'hostile' };
  const attributes = Object.fromEntries(PROTOTYPE_NAMES.map((key) => [key, key]));
  return aClient(name, { credential: { type: 'CertificateSubject', subject }, attributes });
}

const SNAPSHOT = {
  clients: [
    ...['good-publisher', 'good-subscriber', 'good-visitor'].map((name) => aClient(name)),
    ...HOSTILE.map(hostileClient),
  ],
  groups: { good: "name IN ['good-publisher', 'good-subscriber', 'good-visitor']" },
  spaces: {
    good: { templates: ['good/#'], publishers: ['good'], subscribers: ['good'] },
    hostile: { templates: ['hostile/#', '/#', '${client.attributes.constructor}/#'] },
  },
  // Higher than what is usual, so that the rates spare the broker little.
  limits: {
    connectsPerSecond: 10000,
    inboundMessagesPerSecond: 40000,
    outboundMessagesPerSecond: 40000,
    inboundMessagesPerSecondPerConnection: 4000,
    outboundMessagesPerSecondPerConnection: 4000,
  },
} as const;

async function startBroker(t: TestContext, authority: TestAuthority): Promise<ChildBroker> {
  const { chainPem, privateKeyPem } = authority.server;
  const broker = await ChildBroker.start({
    tls: { certificatePem: chainPem, privateKeyPem },
    snapshot: aSnapshot({ ...SNAPSHOT, caCertificates: [authority.root.certificatePem] }),
  });
  t.after(() => broker.stop());
  return broker;
}

/** Resolves with what was done once the attackers gave up. */
async function attack(t: TestContext, order: AttackOrder): Promise<AttackReport> {
  const attacker = fork(new URL('./attacker.ts', import.meta.url));
  t.after(() => attacker.kill('SIGKILL'));
  let report: AttackReport = { attacks: {} };
  attacker.on('message', (told: AttackReport) => (report = told));
  attacker.send(order);
  await once(attacker, 'close');
  return report;
}

/** The state once so few sockets are left, or after the time for it. */
async function settled(broker: ChildBroker): Promise<BrokerState> {
  const deadlineMs = performance.now() + SOCKETS_GONE_MS;
  for (;;) {
    const state = await broker.state();
    if (state.sockets <= SOCKETS_LEFT || performance.now() > deadlineMs) return state;
    await delay(200);
  }
}

function tellFigures(
  t: TestContext,
  { attacks }: AttackReport,
  state: BrokerState,
  service: Service,
): void {
  for (const [name, { connections, writes, bytes }] of Object.entries(attacks)) {
    t.diagnostic(`${name}: ${connections} connections, ${writes} writes, ${bytes} bytes`);
  }
  const { rssBytes, logBytes, turnMs, metrics } = state;
  const mebibytes = (rssBytes / 1024 / 1024).toFixed();
  t.diagnostic(`broker: RSS ${mebibytes} MiB, log ${logBytes} bytes, longest turn ${turnMs} ms`);
  t.diagnostic(JSON.stringify(metrics));
  t.diagnostic(JSON.stringify(service));
}

test(
  `hostile clients neither end the broker nor stop others (MQTTGRID_SEED=${SEED})`,
  { timeout: 1000 * SECONDS + GRACE_MS },
  async (t) => {
    const authority = await testAuthority();
    const broker = await startBroker(t, authority);
    const wellBehaved = await WellBehaved.start(broker.port, authority.clientOptions);
    t.after(() => wellBehaved.end());
    const served = wellBehaved.run();
    served.catch(() => undefined);
    const { cert, key } = await authority.clientOptions('hostile');
    const target = { port: broker.port, cert, key, clients: HOSTILE };
    const order = { target, seed: SEED, durationMs: 1000 * SECONDS, only: ONLY };
    const report = await attack(t, order);
    assert.ok(broker.isAlive, `${broker.fate}\n${JSON.stringify(report, undefined, 1)}`);
    wellBehaved.stop();
    const service = await served;
    const state = await settled(broker);
    tellFigures(t, report, state, service);
    assert.ok(state.rssBytes < RSS_BYTES_MAX, `RSS was ${state.rssBytes} bytes`);
    assert.ok(service.longestRoundTripMs < ROUND_TRIP_MS_MAX, JSON.stringify(service));
    assert.ok(service.longestConnectMs < CONNECT_MS_MAX, JSON.stringify(service));
    assert.equal(state.sockets, SOCKETS_LEFT, 'the sockets of all attackers are gone');
    assert.ok(state.logBytes < LOG_BYTES_MAX, `the log is of ${state.logBytes} bytes`);
    assert.ok(state.longestLogLine.length < LOG_LINE_BYTES_MAX, state.longestLogLine);
    for (const [name, { connections, overdue }] of Object.entries(report.attacks)) {
      assert.ok(connections > 0, `${name} got no connection`);
      assert.equal(overdue, 0, `connections of ${name} were not ended in time`);
    }
    assert.equal(broker.errors, '');
  },
);
