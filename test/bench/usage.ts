/** What a process costs the machine, from Linux' /proc; every figure is 0 where there is none. */
import { readFileSync } from 'node:fs';

export interface Usage {
  /** User and system time of all its threads. */
  readonly cpuSeconds: number;
  /** Of its first thread alone, and none of the processes that it started. */
  readonly mainThreadCpuSeconds: number;
  readonly residentKib: number;
  /** Bytes sent to block devices; 0 for a store in a file system in memory. */
  readonly writtenBytes: number;
}

/** USER_HZ, in which /proc counts: 100 wherever Node runs on Linux. */
const TICKS_PER_SECOND = 100;

/** Of a process and those that it started. */
export function usageOf(pid: number): Usage {
  const mainThreadCpuSeconds = cpuSeconds(read(`/proc/${pid}/task/${pid}/stat`));
  const usage = { cpuSeconds: 0, mainThreadCpuSeconds, residentKib: 0, writtenBytes: 0 };
  for (const member of family(pid)) {
    usage.cpuSeconds += cpuSeconds(read(`/proc/${member}/stat`));
    usage.residentKib += numberAfter(read(`/proc/${member}/status`), 'VmRSS:');
    usage.writtenBytes += numberAfter(read(`/proc/${member}/io`), 'write_bytes:');
  }
  return usage;
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
