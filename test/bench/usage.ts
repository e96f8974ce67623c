/** What a process costs the machine, from Linux' /proc; every figure is 0 where there is none. */
import { readdirSync, readFileSync } from 'node:fs';

export interface Usage {
  /** User and system time of all its threads. */
  readonly cpuSeconds: number;
  /** Of its first thread alone, and none of the processes that it started. */
  readonly mainThreadCpuSeconds: number;
  /** Of each of its threads, by the kernel's number for it. */
  readonly threadsCpuSeconds: ReadonlyMap<string, number>;
  readonly residentKib: number;
  /** Bytes sent to block devices; 0 for a store in a file system in memory. */
  readonly writtenBytes: number;
  /** System calls of the kinds read and write, of files, pipes and sockets alike. */
  readonly readCalls: number;
  readonly writeCalls: number;
}

/** USER_HZ, in which /proc counts: 100 wherever Node runs on Linux. */
const TICKS_PER_SECOND = 100;

/**
 * CPU time of all threads that a process has, exact where ticks are not: the scheduler's own count.
 * Undefined: this system does not tell (CONFIG_SCHED_INFO of Linux).
 */
export function exactCpuSeconds(pid: number): number | undefined {
  const threads = list(`/proc/${pid}/task`).map((thread) => {
    const [nanoseconds = ''] = read(`/proc/${pid}/task/${thread}/schedstat`).split(' ');
    return Number(nanoseconds);
  });
  const total = threads.reduce((sum, nanoseconds) => sum + nanoseconds, 0);
  return total === 0 ? undefined : total / 1e9;
}

function list(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

/** Of a process and those that it started. */
export function usageOf(pid: number): Usage {
  const threadsCpuSeconds = new Map(
    list(`/proc/${pid}/task`).map((thread) => {
      return [thread, cpuSeconds(read(`/proc/${pid}/task/${thread}/stat`))] as const;
    }),
  );
  const mainThreadCpuSeconds = threadsCpuSeconds.get(String(pid)) ?? 0;
  const counts = { residentKib: 0, writtenBytes: 0, readCalls: 0, writeCalls: 0 };
  const usage = { cpuSeconds: 0, mainThreadCpuSeconds, threadsCpuSeconds, ...counts };
  for (const member of family(pid)) {
    usage.cpuSeconds += cpuSeconds(read(`/proc/${member}/stat`));
    usage.residentKib += numberAfter(read(`/proc/${member}/status`), 'VmRSS:');
    const inputOutput = read(`/proc/${member}/io`);
    usage.writtenBytes += numberAfter(inputOutput, 'write_bytes:');
    usage.readCalls += numberAfter(inputOutput, 'syscr:');
    usage.writeCalls += numberAfter(inputOutput, 'syscw:');
  }
  return usage;
}

/** What the thread took that took the most in between. */
export function busiest(before: Usage, after: Usage): number {
  const taken = [...after.threadsCpuSeconds].map(([thread, seconds]) => {
    return seconds - (before.threadsCpuSeconds.get(thread) ?? 0);
  });
  return Math.max(0, ...taken);
}

function family(pid: number): number[] {
  const children = read(`/proc/${pid}/task/${pid}/children`).split(' ').filter(Boolean);
  return [pid, ...children.flatMap((child) => family(Number(child)))];
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

/** Fields 14 and 15; the command name before them may hold anything, parentheses too. */
function cpuSeconds(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) / TICKS_PER_SECOND;
}

function numberAfter(lines: string, label: string): number {
  const line = lines.split('\n').find((each) => each.startsWith(label));
  return line === undefined ? 0 : Number.parseInt(line.slice(label.length), 10);
}
