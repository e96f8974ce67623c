/** What each thread would hold of its own: the broker's code, the snapshot, and its policy. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import type { MemoryFigures } from './memory-process.ts';

const CLIENTS = 10000;
const THREADS = [0, 1, 2, 3, 4];
const ATTRIBUTES_BYTES = [50, 1024];

export async function measureMemory(): Promise<string> {
  const lines = ['attributes  threads  resident MiB  heap of each MiB: code  snapshot  policy'];
  for (const attributesBytes of ATTRIBUTES_BYTES) {
    for (const threads of THREADS) {
      const parameters = [threads, CLIENTS, attributesBytes].map(String);
      const child = fork(new URL('./memory-process.ts', import.meta.url), parameters, {
        execArgv: ['--expose-gc'],
      });
      const [figures] = (await once(child, 'message')) as [MemoryFigures];
      await once(child, 'exit');
      lines.push(lineOf(attributesBytes, threads, figures));
    }
  }
  return lines.join('\n');
}

function lineOf(attributesBytes: number, threads: number, figures: MemoryFigures): string {
  const { residentBytes, heapBytes } = figures;
  const heap = heapBytes.map((bytes) => mib(bytes).padStart(8)).join(' ');
  return `${attributesBytes} B  ${threads}  ${mib(residentBytes)}  ${heap}`;
}

function mib(bytes: number): string {
  return (bytes / 1048576).toFixed(1);
}
