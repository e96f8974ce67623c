/** What is measured beside one thread: clients shared among several, or TLS in front of one. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { startBroker } from '../brokers/start.ts';
import type { Means } from './channel.ts';
import type { Ready, Shape } from './floor-process.ts';

export interface Variant {
  readonly name: string;
  readonly describes: string;
  /** Undefined: mqttgrid's own broker, as it is. */
  readonly floor?: {
    readonly shape: Shape;
    /** Those that have clients. */
    readonly threads: number;
    readonly means: Means;
  };
}

export const VARIANTS: readonly Variant[] = [
  variant('1', 'one thread', 'share', 1),
  variant('2', 'two threads', 'share', 2),
  variant('3', 'three threads', 'share', 3),
  variant('4', 'four threads', 'share', 4),
  variant('2-ring', 'two threads, rings of shared memory', 'share', 2, 'ring'),
  variant('1+1', 'a thread for TLS in front of the one that routes', 'front', 1),
  variant('2+1', 'two threads for TLS in front of the one that routes', 'front', 2),
  { name: 'mqttgrid', describes: "mqttgrid's own broker, which is one thread" },
];

function variant(
  name: string,
  describes: string,
  shape: Shape,
  ...[threads, means = 'message']: [threads: number, means?: Means]
): Variant {
  return { name, describes, floor: { shape, threads, means } };
}

export interface RunningVariant {
  readonly pid: number;
  readonly port: number;
  /** Of each thread that has clients. */
  readonly ownPorts: readonly number[];
  readonly stop: () => Promise<void>;
}

export interface VariantFiles {
  readonly certificates: string;
  readonly clients: number;
  /** A folder of its own. */
  readonly folder: string;
}

export async function startVariant(
  { floor }: Variant,
  files: VariantFiles,
): Promise<RunningVariant> {
  if (floor === undefined) {
    const { pid, port, stop } = await startBroker('mqttgrid', files);
    return { pid, port, ownPorts: [port], stop };
  }
  const parameters = [files.certificates, floor.shape, String(floor.threads), floor.means];
  const child = fork(new URL('./floor-process.ts', import.meta.url), parameters);
  const [ready] = (await Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(() => Promise.reject(new Error('the floor ended at its start'))),
  ])) as [Ready];
  return {
    ...ready,
    pid: child.pid!,
    async stop() {
      const ended = once(child, 'exit');
      child.disconnect();
      await ended;
    },
  };
}
