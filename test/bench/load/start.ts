/** Runs a job in a load generator: ours, or `mqttload` where it is there and knows the job. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text as readAll } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { findProgram } from '../brokers/find.ts';
import { CLIENT_PREFIX } from '../certificates.ts';
import type { Job, MessagesJob, Outcome } from './job.ts';
import { ROOT } from './job.ts';

/** Beyond warming and measuring: handshakes, queues to fill, goodbyes. */
const GRACE_SECONDS = 60;

export type Generator = 'own' | 'mqttload';

/** `own`, unless mqttload is on PATH or MQTTGRID_MQTTLOAD names it. */
export function preferredGenerator(): Generator {
  return findMqttload() === undefined ? 'own' : 'mqttload';
}

function findMqttload(): string | undefined {
  return findProgram('mqttload', 'MQTTGRID_MQTTLOAD');
}

/** mqttload has one group, the pace of its own loops, clean sessions, and no resumption. */
export function generatorFor(job: Job, preferred: Generator): Generator {
  if (preferred === 'own' || job.kind !== 'messages') return 'own';
  const [group, ...others] = job.groups;
  const plain = others.length === 0 && group!.rate === undefined && job.burst > 1;
  return plain && !job.persistent && !job.halfLoad ? 'mqttload' : 'own';
}

/** @throws where the job cannot be done, with the load generator's own words */
export async function runLoad(job: Job, generator: Generator): Promise<Outcome> {
  if (generator === 'mqttload') {
    const output = await run(findMqttload()!, mqttloadParameters(job as MessagesJob), job);
    return fromMqttload(JSON.parse(output) as MqttloadResult);
  }
  const file = fileURLToPath(new URL('./load.ts', import.meta.url));
  return JSON.parse(await run(process.execPath, [file, JSON.stringify(job)], job)) as Outcome;
}

async function run(program: string, parameters: readonly string[], job: Job): Promise<string> {
  const child = spawn(program, parameters, { stdio: ['ignore', 'pipe', 'pipe'] });
  const timeoutMs = (job.warmSeconds + 2 * job.seconds + GRACE_SECONDS) * 1000;
  const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
  const ended = once(child, 'close') as Promise<[number | null, string | null]>;
  const [output, errors] = await Promise.all([readAll(child.stdout), readAll(child.stderr)]);
  const [code, signal] = await ended;
  clearTimeout(timer);
  if (code === 0) return output;
  const said = /^\w*Error: .*$/m.exec(errors)?.[0] ?? errors.trim().split('\n').at(-1) ?? '';
  throw new Error(said === '' ? `the load generator ended with ${code ?? signal}` : said);
}

const SCENARIOS = { pairs: 'pairs', fanIn: 'fanin', fanOut: 'fanout' } as const;

function mqttloadParameters(job: MessagesJob): string[] {
  const { shape, publishers, subscribers } = job.groups[0]!;
  const options = {
    addr: `127.0.0.1:${job.port}`,
    certs: job.certificates,
    prefix: CLIENT_PREFIX,
    root: ROOT,
    scenario: SCENARIOS[shape],
    pubs: publishers,
    subs: subscribers,
    qos: job.qos,
    size: job.payloadBytes,
    window: job.window,
    level: job.level,
    pid: job.pid,
    warm: `${job.warmSeconds}s`,
    duration: `${job.seconds}s`,
  };
  return ['run', ...Object.entries(options).map(([name, value]) => `-${name}=${value}`)];
}

interface MqttloadResult {
  readonly seconds: number;
  readonly delivered: number;
  readonly broker_cpu_s?: number;
  readonly broker_rss_mib?: number;
  readonly p50_ms?: number;
  readonly p99_ms?: number;
  readonly p999_ms?: number;
}

function fromMqttload(result: MqttloadResult): Outcome {
  return {
    units: result.delivered,
    seconds: result.seconds,
    brokerCpuSeconds: result.broker_cpu_s ?? 0,
    residentKib: (result.broker_rss_mib ?? 0) * 1024,
    ...(result.p50_ms === undefined ? {} : { p50Ms: result.p50_ms }),
    ...(result.p99_ms === undefined ? {} : { p99Ms: result.p99_ms }),
    ...(result.p999_ms === undefined ? {} : { p999Ms: result.p999_ms }),
  };
}
