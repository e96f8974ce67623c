/** `mqttgrid` as a process of its own: its log read as it comes, and what it costs. */
import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { within } from '../../support/within.ts';

const PROGRAM = resolve(import.meta.dirname, '../../../cli/mqttgrid.ts');
const READY_MS = 120_000;
const STOP_MS = 60_000;
/** Of the log, for when it ends by itself. */
const LINES_KEPT = 20;
/** USER_HZ, which Linux has as 100 everywhere. */
const TICKS_PER_SECOND = 100;

/** A line of a pino log, as far as we look at it. */
export interface LogLine {
  /** Milliseconds since the epoch. */
  readonly time: number;
  readonly level: number;
  readonly msg?: string;
  readonly pod?: string;
  readonly version?: string;
}

export class GridProcess {
  readonly #child: ChildProcess;
  readonly #listeners = new Set<(line: LogLine) => void>();
  readonly #ended: Promise<string>;
  readonly #last: string[] = [];
  #stopping = false;

  constructor(parameters: readonly string[], nodeOptions: readonly string[] = []) {
    this.#child = spawn(process.execPath, [...nodeOptions, PROGRAM, ...parameters], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.#child.stdout!, this.#child.stderr!]) {
      createInterface({ input: stream }).on('line', (text) => this.#take(text));
    }
    this.#ended = new Promise((ended) => {
      this.#child.once('exit', (code, signal) => ended(String(code ?? signal)));
    });
    void this.#ended.then((how) => {
      if (this.#stopping) return;
      const log = this.#last.join('\n');
      throw new Error(`mqttgrid ${parameters[0]} ended with ${how}:\n${log}`);
    });
  }

  #take(text: string): void {
    this.#last.push(text);
    if (this.#last.length > LINES_KEPT) this.#last.shift();
    if (!text.startsWith('{')) return;
    const line = JSON.parse(text) as LogLine;
    for (const listener of this.#listeners) listener(line);
  }

  /** Answers how to end it. */
  onLine(listener: (line: LogLine) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The next line with this message. */
  async line(message: string): Promise<LogLine> {
    const found = Promise.withResolvers<LogLine>();
    const end = this.onLine((line) => {
      if (line.msg === message) found.resolve(line);
    });
    return await within(READY_MS, `the log line "${message}"`, found.promise).finally(end);
  }

  /** What the operating system holds in memory for it, in MiB. */
  get residentMib(): number {
    return this.#kib('VmRSS') / 1024;
  }

  get residentMaxMib(): number {
    return this.#kib('VmHWM') / 1024;
  }

  #kib(field: string): number {
    const status = readFileSync(join('/proc', String(this.#child.pid), 'status'), 'utf8');
    return Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]);
  }

  /** User and system, of all threads. */
  get cpuSeconds(): number {
    const stat = readFileSync(join('/proc', String(this.#child.pid), 'stat'), 'utf8');
    // After the command's name, which may hold anything (proc_pid_stat(5): utime is field 14).
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    this.#child.kill('SIGTERM');
    await within(STOP_MS, 'an orderly end', this.#ended).finally(() => this.#child.kill('SIGKILL'));
  }
}
