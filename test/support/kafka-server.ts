/**
 * A Kafka of a test's own: one node (KRaft) on free ports, from the jars in the folder that
 * MQTTGRID_KAFKA_LIBS names. It makes no topics by itself, and lets only some users write.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { issueCertificateAuthority, issueServerCertificate } from '../../certificates/issue.ts';
import { freePorts } from './free-ports.ts';
import { startGuarded } from './guarded-process.ts';
import type { GuardedProcess } from './guarded-process.ts';

/** Starting takes 4 s when the machine is quiet. */
const READY_MS = 90_000;
const READY_POLL_MS = 100;
/** A broker of a few partitions: small, and quick to start rather than to run. */
const JAVA = ['-Xms64m', '-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];
const LOOPBACK = '127.0.0.1';
const CLUSTER_ID = 'mqttgridTestCluster000';

/** `alice` may do everything, `bob` nothing. */
export const KAFKA_PASSWORDS = { alice: 'alice-secret', bob: 'bob-secret' } as const;

export interface KafkaServer {
  /** `HOST:PORT`, in clear, for anybody. */
  readonly plain: string;
  /** `localhost:PORT`, TLS, SASL: PLAIN, SCRAM-SHA-256, SCRAM-SHA-512. */
  readonly secure: string;
  /** PEM: who signed the certificate of `secure`. */
  readonly authority: string;
  /** As `kill -9` does. */
  kill(): Promise<void>;
  /** With its data, at the same ports. */
  start(): Promise<void>;
  /** Removes its data as well. */
  stop(): Promise<void>;
}

export interface KafkaServerOptions {
  /** An address of this machine, for `plain`: it listens there only, and is known by it. */
  readonly host?: string;
}

export async function startKafkaServer({
  host = LOOPBACK,
}: KafkaServerOptions = {}): Promise<KafkaServer> {
  const libs = libsFolder();
  const folder = mkdtempSync(path.join(tmpdir(), 'mqttgrid-kafka-'));
  const [plain, secure, controller] = (await freePorts(3)) as [number, number, number];
  const authority = await writeKeyStore(folder);
  const properties = path.join(folder, 'server.properties');
  writeFileSync(properties, propertiesText(folder, { host, plain, secure, controller }));
  const java = [...JAVA, '-cp', path.join(libs, '*')];
  let server: GuardedProcess | undefined;
  const kill = async (): Promise<void> => {
    await server?.stop();
    server = undefined;
  };
  const start = async (): Promise<void> => {
    server = startGuarded(folder, 'java', [...java, 'kafka.Kafka', properties]);
    await ready(server, host, plain);
  };
  const stop = async (): Promise<void> => {
    await kill();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    format(java, properties);
    await start();
  } catch (error) {
    await stop();
    throw error;
  }
  const addresses = { plain: `${host}:${plain}`, secure: `localhost:${secure}` };
  return { ...addresses, authority, kill, start, stop };
}

function libsFolder(): string {
  const folder = process.env['MQTTGRID_KAFKA_LIBS'];
  const isThere = folder !== undefined && existsSync(folder);
  if (isThere && readdirSync(folder).some((name) => /^kafka-clients-.*\.jar$/.test(name))) {
    return folder;
  }
  throw new Error(
    'no jars of Kafka: set MQTTGRID_KAFKA_LIBS to the folder libs of a Kafka (3.7 or later), as' +
      ' in the archive that kafka.apache.org offers',
  );
}

async function writeKeyStore(folder: string): Promise<string> {
  const nowMs = Date.now();
  const authority = await issueCertificateAuthority({ nowMs, commonName: 'test Kafka CA' });
  const hosts = ['localhost'];
  const server = await issueServerCertificate({
    ...{ nowMs, issuer: authority },
    ...{ commonName: 'kafka', hosts },
  });
  const pem = server.privateKeyPem + server.chainPem;
  writeFileSync(path.join(folder, 'keystore.pem'), pem, { mode: 0o600 });
  return authority.certificatePem;
}

function propertiesText(
  folder: string,
  at: { host: string; plain: number; secure: number; controller: number },
): string {
  const users = Object.entries(KAFKA_PASSWORDS);
  const listener = 'listener.name.sasl_ssl';
  const login = 'org.apache.kafka.common.security';
  const plainUsers = users.map(([name, password]) => `user_${name}="${password}"`).join(' ');
  const scram = `${login}.scram.ScramLoginModule required;`;
  const addresses = `PLAINTEXT://${at.host}:${at.plain},SASL_SSL://localhost:${at.secure}`;
  const controller = `${LOOPBACK}:${at.controller}`;
  return `
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@${controller}
listeners=${addresses},CONTROLLER://${controller}
advertised.listeners=${addresses}
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SASL_SSL:SASL_SSL
sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512
${listener}.plain.sasl.jaas.config=${login}.plain.PlainLoginModule required ${plainUsers};
${listener}.scram-sha-256.sasl.jaas.config=${scram}
${listener}.scram-sha-512.sasl.jaas.config=${scram}
${listener}.ssl.keystore.type=PEM
${listener}.ssl.keystore.location=${folder}/keystore.pem
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:ANONYMOUS;User:alice
log.dirs=${folder}/data
auto.create.topics.enable=false
offsets.topic.num.partitions=1
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
broker.heartbeat.interval.ms=200
broker.session.timeout.ms=1000
`;
}

function format(java: readonly string[], properties: string): void {
  const scram = Object.entries(KAFKA_PASSWORDS).flatMap(([name, password]) =>
    ['SCRAM-SHA-256', 'SCRAM-SHA-512'].flatMap((mechanism) => [
      '--add-scram',
      `${mechanism}=[name="${name}",password="${password}"]`,
    ]),
  );
  const parameters = ['format', '-t', CLUSTER_ID, '-c', properties, ...scram];
  const { status, stdout, stderr, error } = spawnSync(
    'java',
    [...java, 'kafka.tools.StorageTool', ...parameters],
    { encoding: 'utf8', timeout: READY_MS },
  );
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`kafka.tools.StorageTool format: ${stdout}${stderr}`);
}

async function ready(server: GuardedProcess, host: string, port: number): Promise<void> {
  const deadlineMs = performance.now() + READY_MS;
  while (!(await isListening(host, port))) {
    const failure = server.failure();
    if (failure !== undefined) throw new Error(failure);
    if (performance.now() > deadlineMs) throw new Error(`Kafka is not ready in ${READY_MS} ms`);
    await delay(READY_POLL_MS);
  }
}

function isListening(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, host);
    socket.on('connect', () => resolve(true));
    socket.on('error', () => resolve(false));
    socket.on('connect', () => socket.destroy());
  });
}
