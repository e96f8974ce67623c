/** What the figures were measured on. */
import { execFileSync } from 'node:child_process';
import { statfsSync } from 'node:fs';
import { cpus, loadavg, release, totalmem } from 'node:os';

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGib: number;
  readonly kernel: string;
  readonly node: string;
  readonly openssl: string;
  /** Processes that wanted a core in the minute before: anything near 1 disturbs. */
  readonly loadBefore: number;
  readonly commit: string;
  /** The store is in memory, so commits cost nothing and durable figures mean nothing. */
  readonly storeInMemory: boolean;
}

/** statfs(2): TMPFS_MAGIC. */
const TMPFS = 0x01021994;

export function describeMachine(storeFolder: string): Machine {
  const processors = cpus();
  return {
    cpu: processors[0]?.model ?? 'unknown',
    cores: processors.length,
    memoryGib: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    node: process.version,
    openssl: process.versions.openssl,
    loadBefore: loadavg()[0]!,
    commit: commitOf(),
    storeInMemory: statfsSync(storeFolder).type === TMPFS,
  };
}

/** In front of whatever was measured on it. */
export function captionOf({ cpu, cores, node, loadBefore, commit }: Machine): string {
  const load = `load average ${loadBefore.toFixed(2)} before`;
  return `${cpu}, ${cores} cores, Node ${node}, ${load}; ${commit}`;
}

function commitOf(): string {
  try {
    const parameters = ['describe', '--always', '--dirty'];
    const folder = import.meta.dirname;
    return execFileSync('git', parameters, { cwd: folder, encoding: 'utf8' }).trim();
  } catch {
    return 'unknown';
  }
}
