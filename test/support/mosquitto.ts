/** `mosquitto_pub` and `mosquitto_sub`, where the machine has them. */
import { spawn, spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline';
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

export interface MosquittoRun {
  /** Until a line of its output has this text. */
  printed(text: string): Promise<void>;
  /** All that it printed, once it ended. */
  ended(): Promise<{ code: number | null; output: string }>;
  stop(): void;
}

function run(command: string, parameters: readonly string[]): MosquittoRun {
  const child = spawn(command, parameters, { stdio: ['ignore', 'pipe', 'pipe'] });
  const lines: string[] = [];
  let wake = (): void => undefined;
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => {
      lines.push(line);
      wake();
    });
  }
  const closed = new Promise<number | null>((resolve) => child.once('close', resolve));
  const seen = (text: string): Promise<void> =>
    new Promise((resolve) => {
      wake = (): void => {
        if (lines.some((line) => line.includes(text))) resolve();
      };
      wake();
    });
  return {
    printed: (text) => within(ANSWER_MS, `"${text}" of ${command}`, seen(text)),
    ended: async () => {
      const code = await within(ANSWER_MS, `the end of ${command}`, closed);
      return { code, output: lines.join('\n') };
    },
    stop: () => void child.kill('SIGTERM'),
  };
}

export function mosquittoPublish(
  options: PeerOptions,
  topic: string,
  payload: string,
): MosquittoRun {
  return run('mosquitto_pub', [...connectionArguments(options), '-t', topic, '-m', payload]);
}

/** Ends by itself once `count` messages came. */
export function mosquittoSubscribe(
  options: PeerOptions,
  filter: string,
  count: number,
): MosquittoRun {
  const wanted = ['-t', filter, '-C', String(count)];
  return run('mosquitto_sub', [...connectionArguments(options), ...wanted]);
}
