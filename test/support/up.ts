/** `mqttgrid up` as a child process, as a script would run it. */
import { spawn } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { createInterface } from 'node:readline';
import path from 'node:path';
import { eventually, within } from './within.ts';

export const REPOSITORY = path.resolve(import.meta.dirname, '../..');
export const CLI = path.join(REPOSITORY, 'cli/mqttgrid.ts');

/** Ready means: a CA made, certificates issued, a listener open; on a busy machine, too. */
const READY_MS = 20_000;
const EVENT_MS = 10_000;
const STOP_MS = 10_000;

/** One line of `-o json`. */
export interface UpEvent {
  readonly event: string;
  readonly [field: string]: unknown;
}

interface ReadyEvent extends UpEvent {
  readonly endpoints: Readonly<Record<string, string>>;
  readonly certificates: string;
}

export interface Up {
  /** `mqtts://127.0.0.1:PORT` of the MqttNamespace with this name. */
  endpoint(namespace: string): string;
  /** The folder of the certificates that it made. */
  readonly certificates: string;
  /** Since it started. */
  readonly events: readonly UpEvent[];
  /** The next event that is one of these, from now on. */
  next(isWanted: (event: UpEvent) => boolean): Promise<UpEvent>;
  /** What it wrote to standard error so far: its log. */
  log(): string;
  /** Until its log says so, behind the first `offset` characters of it. */
  logged(pattern: RegExp, offset: number): Promise<void>;
  /** Ends it as Ctrl-C does; the answer is its exit code. */
  stop(): Promise<number | null>;
}

/** @throws where it ends, or is silent, before it is ready; with what it wrote to standard error */
export async function startUp(folder: string, dataFolder: string): Promise<Up> {
  const child = spawn(
    process.execPath,
    [CLI, 'up', folder, '--port', '0', '--data', dataFolder, '-o', 'json'],
    { cwd: REPOSITORY, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let log = '';
  child.stderr.on('data', (chunk: Buffer) => (log += chunk.toString()));
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  const events: UpEvent[] = [];
  const arrivals = new EventEmitter<{ event: [UpEvent] }>();
  const ready = new Promise<ReadyEvent>((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      const event = JSON.parse(line) as UpEvent;
      events.push(event);
      arrivals.emit('event', event);
      if (event.event === 'ready') resolve(event as ReadyEvent);
    });
    void ended.then((code) => reject(new Error(`mqttgrid up ended with ${code}:\n${log}`)));
  });
  const next = (isWanted: (event: UpEvent) => boolean): Promise<UpEvent> => {
    const arrival = new Promise<UpEvent>((resolve) => {
      const listener = (event: UpEvent): void => {
        if (!isWanted(event)) return;
        arrivals.off('event', listener);
        resolve(event);
      };
      arrivals.on('event', listener);
    });
    return within(EVENT_MS, 'an event of mqttgrid up', arrival);
  };
  const logged = async (pattern: RegExp, offset: number): Promise<void> => {
    const find = (): string | undefined => pattern.exec(log.slice(offset))?.[0];
    await eventually(EVENT_MS, `${pattern} in the log`, find);
  };
  const stop = (): Promise<number | null> => {
    child.kill('SIGINT');
    return within(STOP_MS, 'the end of mqttgrid up', ended);
  };
  try {
    const { endpoints, certificates } = await within(READY_MS, 'mqttgrid up', ready);
    const known = new Map(Object.entries(endpoints));
    const endpoint = (namespace: string): string => {
      const found = known.get(namespace);
      if (found === undefined) throw new Error(`no endpoint of ${namespace}`);
      return found;
    };
    return { endpoint, certificates, events, next, log: () => log, logged, stop };
  } catch (error) {
    child.kill('SIGKILL');
    throw new Error(`mqttgrid up is not ready; it wrote:\n${log}`, { cause: error });
  }
}
