/** Starts the brokers under test, each in a process of its own, on loopback. */
import type { ChildProcess } from 'node:child_process';
import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { IN_FLIGHT_MESSAGES, ROOT } from '../load/job.ts';
import { findAedes, findProgram } from './find.ts';
import type { FromBroker, Insight, Route, ToBroker } from './process.ts';

export const BROKER_NAMES = ['mqttgrid', 'floor', 'durable', 'mosquitto', 'aedes'] as const;
/** `durable` is mqttgrid with its session store on disk. */
export type BrokerName = (typeof BROKER_NAMES)[number];

export interface RunningBroker {
  readonly name: BrokerName;
  readonly port: number;
  readonly pid: number;
  /** Undefined where the broker is not ours. */
  readonly insight: () => Promise<Insight | undefined>;
  /**
   * Starts or ends a CPU profile, which it then answers; undefined where the broker is not ours.
   */
  readonly profile: () => Promise<string | undefined>;
  /** Collects garbage before whatever is asked next; for Node with --expose-gc. */
  readonly collect: () => void;
  readonly stop: () => Promise<void>;
}

export interface BrokerFiles {
  readonly certificates: string;
  /** How many client certificates there are. */
  readonly clients: number;
  /** A folder of this broker's own: stores, configuration. */
  readonly folder: string;
  /** Of mqttgrid with its store on disk. */
  readonly route?: Route;
  /** For Node, in front of the broker's file. */
  readonly execArgv?: readonly string[];
}

const START_TIMEOUT_MS = 20000;
const STOP_TIMEOUT_MS = 5000;

/** Why a broker cannot be part of a run on this machine; undefined: it can. */
export function absence(name: BrokerName): string | undefined {
  if (name === 'mosquitto' && findProgram('mosquitto', 'MQTTGRID_MOSQUITTO') === undefined) {
    return 'mosquitto is not installed: apt-get install mosquitto, or MQTTGRID_MOSQUITTO=PROGRAM';
  }
  if (name === 'aedes' && findAedes() === undefined) {
    return 'aedes is not installed: npm install it in another folder, and MQTTGRID_AEDES=FOLDER';
  }
  return undefined;
}

export function startBroker(name: BrokerName, files: BrokerFiles): Promise<RunningBroker> {
  mkdirSync(files.folder, { recursive: true });
  const { certificates, clients, folder } = files;
  if (name === 'mosquitto') return startMosquitto(files);
  if (name === 'floor') {
    return startFork(name, new URL('../floor.ts', import.meta.url), [certificates], files);
  }
  if (name === 'aedes') {
    const parameters = [certificates, findAedes()!];
    return startFork(name, new URL('./aedes-process.ts', import.meta.url), parameters, files);
  }
  const store = name === 'durable' ? [join(folder, 'sessions.db')] : [];
  const route = files.route === undefined ? [] : [JSON.stringify(files.route)];
  const parameters = [certificates, String(clients), ...store, ...route];
  return startFork(name, new URL('./mqttgrid-process.ts', import.meta.url), parameters, files);
}

async function startFork(
  name: BrokerName,
  file: URL,
  parameters: readonly string[],
  { execArgv = [] }: BrokerFiles,
): Promise<RunningBroker> {
  const child = fork(file, parameters, { execArgv: [...execArgv], stdio: 'inherit' });
  const ready = await answer(child, 'ready', START_TIMEOUT_MS);
  const ours = name === 'mqttgrid' || name === 'durable';
  let profiling = false;
  return {
    name,
    port: ready.port,
    pid: child.pid!,
    async insight() {
      if (!ours) return undefined;
      child.send({ type: 'ask' } satisfies ToBroker);
      return (await answer(child, 'insight', START_TIMEOUT_MS)).insight;
    },
    async profile() {
      if (!ours) return undefined;
      child.send({ type: 'profile' } satisfies ToBroker);
      profiling = !profiling;
      if (profiling) return undefined;
      return (await answer(child, 'profile', START_TIMEOUT_MS)).profile;
    },
    collect: () => void child.send({ type: 'collect' } satisfies ToBroker),
    stop: () => stop(child),
  };
}

/** @throws where the process ends or says nothing of this type in time */
function answer<Type extends FromBroker['type']>(
  child: ChildProcess,
  type: Type,
  timeoutMs: number,
): Promise<FromBroker & { type: Type }> {
  return new Promise((resolve, reject) => {
    const settle = (): void => {
      clearTimeout(timer);
      child.off('message', onMessage);
      child.off('exit', onExit);
    };
    const fail = (reason: string): void => {
      settle();
      reject(new Error(`${child.spawnargs.join(' ')}: ${reason}`));
    };
    const onExit = (code: number | null): void => fail(`ended with ${code}`);
    const onMessage = (message: FromBroker): void => {
      if (message.type !== type) return;
      settle();
      resolve(message as FromBroker & { type: Type });
    };
    const timer = setTimeout(() => fail(`no "${type}" in ${timeoutMs} ms`), timeoutMs);
    child.on('message', onMessage);
    child.on('exit', onExit);
  });
}

async function startMosquitto({ certificates, folder }: BrokerFiles): Promise<RunningBroker> {
  const port = await freePort();
  const configuration = join(folder, 'mosquitto.conf');
  const access = join(folder, 'mosquitto.acl');
  writeFileSync(access, `pattern readwrite ${ROOT}/#\n`, { mode: 0o600 });
  const settings = [
    `listener ${port} 127.0.0.1`,
    `cafile ${join(certificates, 'ca.pem')}`,
    `certfile ${join(certificates, 'server.pem')}`,
    `keyfile ${join(certificates, 'server.key')}`,
    'require_certificate true',
    'use_identity_as_username true',
    'allow_anonymous false',
    `acl_file ${access}`,
    `max_inflight_messages ${IN_FLIGHT_MESSAGES}`,
    'max_queued_messages 1000000',
    'set_tcp_nodelay true',
    'log_type error',
    // Without it, mosquitto started by root becomes a user that cannot read the keys.
    ...(process.getuid?.() === 0 ? ['user root'] : []),
  ];
  writeFileSync(configuration, `${settings.join('\n')}\n`);
  const program = findProgram('mosquitto', 'MQTTGRID_MOSQUITTO')!;
  const child = spawn(program, ['-c', configuration], { stdio: ['ignore', 'ignore', 'inherit'] });
  await untilListening(port, child);
  return {
    name: 'mosquitto',
    port,
    pid: child.pid!,
    insight: () => Promise.resolve(undefined),
    profile: () => Promise.resolve(undefined),
    collect: () => undefined,
    stop: () => stop(child),
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function untilListening(port: number, child: ChildProcess): Promise<void> {
  const deadlineMs = performance.now() + START_TIMEOUT_MS;
  while (performance.now() < deadlineMs && child.exitCode === null) {
    const socket = connect(port, '127.0.0.1');
    const connected = once(socket, 'connect').then(
      () => true,
      () => false,
    );
    const listening = await connected;
    socket.destroy();
    if (listening) return;
    await delay(20);
  }
  child.kill('SIGKILL');
  throw new Error(`mosquitto does not listen on port ${port}`);
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
  await ended;
  clearTimeout(timer);
}
