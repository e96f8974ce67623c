/** `mosquitto_pub` and `mosquitto_sub`, where the machine has them. */
import { spawn, spawnSync } from 'node:child_process';
import type { PeerOptions } from './peer.ts';
import { within } from './within.ts';

export const MOSQUITTO_MISSING =
  'the mosquitto clients are not installed: run "apt-get install mosquitto-clients"';

const ANSWER_MS = 10_000;

export function hasMosquitto(): boolean {
  // Both answer --help with exit code 1.
  return spawnSync('mosquitto_pub', ['--help'], { stdio: 'ignore' }).error === undefined;
}

function connectionArguments(options: PeerOptions): string[] {
  const { hostname, port } = new URL(options.endpoint);
  return [
    ...['-h', hostname, '-p', port, '-i', options.clientId],
    ...['-V', options.version === 5 ? 'mqttv5' : 'mqttv311', '-q', '1', '-d'],
    ...['--cafile', options.ca],
    ...(options.certificate === undefined ? [] : ['--cert', options.certificate]),
    ...(options.key === undefined ? [] : ['--key', options.key]),
  ];
}

export interface MosquittoResult {
  readonly code: number | null;
  /** Of both streams: the program's own debugging, and what it has to say. */
  readonly output: string;
}

async function run(command: string, parameters: readonly string[]): Promise<MosquittoResult> {
  const child = spawn(command, parameters, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  }
  const closed = new Promise<number | null>((resolve) => child.once('close', resolve));
  const code = await within(ANSWER_MS, command, closed).finally(() => child.kill());
  return { code, output };
}

export function mosquittoPublish(
  options: PeerOptions,
  topic: string,
  payload: string,
): Promise<MosquittoResult> {
  return run('mosquitto_pub', [...connectionArguments(options), '-t', topic, '-m', payload]);
}

/** A session that stays when the connection ends: what comes meanwhile waits in it. */
function sessionArguments({ version }: PeerOptions): string[] {
  return version === 5 ? ['-c', '-x', '3600'] : ['-c'];
}

/** Subscribes, and ends with the answer; the subscription stays. */
export function mosquittoSubscribe(options: PeerOptions, filter: string): Promise<MosquittoResult> {
  const session = sessionArguments(options);
  const parameters = [...connectionArguments(options), ...session, '-E', '-t', filter];
  return run('mosquitto_sub', parameters);
}

/** Resumes the session, and ends with the first message. */
export function mosquittoReceive(options: PeerOptions, filter: string): Promise<MosquittoResult> {
  const session = sessionArguments(options);
  const parameters = [...connectionArguments(options), ...session, '-C', '1', '-t', filter];
  return run('mosquitto_sub', [...parameters, '-F', 'received %p on %t']);
}
