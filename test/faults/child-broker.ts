/** Brokers that run one after the other on one store and one port, as the test sees them. */
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { DeliveryStanding } from '../../domain/delivery-standing.ts';
import { within } from '../support/within.ts';
import type { BrokerAnswer, BrokerSettings } from './broker-process.ts';

const START_MS = 20000;
const END_MS = 20000;

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A process that has loaded the broker, so that a start takes no longer than it must. */
class BrokerProcess {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  readonly #loaded: Promise<unknown>;
  errors = '';
  deliveries: readonly DeliveryStanding[] = [];

  constructor() {
    this.child = fork(new URL('./broker-process.ts', import.meta.url), {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    this.child.stderr?.on('data', (chunk: Buffer) => (this.errors += chunk.toString()));
    this.ended = new Promise((resolve) => {
      this.child.once('close', (code, signal) => resolve({ code, signal }));
    });
    this.#loaded = once(this.child, 'message');
  }

  /** What the broker says of its start; undefined: the process ended before it could say it. */
  async start(settings: BrokerSettings): Promise<BrokerAnswer | undefined> {
    await within(START_MS, 'the load of the broker', Promise.race([this.#loaded, this.ended]));
    const answer = once(this.child, 'message') as Promise<[BrokerAnswer]>;
    this.child.on('message', (told: BrokerAnswer) => {
      if (told.type === 'deliveries') this.deliveries = told.deliveries;
    });
    this.child.send(settings);
    const first = Promise.race([answer, this.ended.then(() => [undefined] as const)]);
    const [told] = await within(START_MS, 'the start of the broker', first);
    return told;
  }
}

export class ChildBroker {
  /** 0 until the first start. */
  port = 0;
  /** Counts ends that nobody could prepare for. */
  crashes = 0;
  /** What all of them wrote to standard error. */
  errors = '';
  readonly #settings: Omit<BrokerSettings, 'port'>;
  #running: BrokerProcess | undefined;
  #next = new BrokerProcess();

  constructor(settings: Omit<BrokerSettings, 'port'>) {
    this.#settings = settings;
  }

  get pid(): number {
    return this.#running!.child.pid!;
  }

  get isRunning(): boolean {
    return this.#running !== undefined;
  }

  /** False: it was killed before it listened. @throws where it says why it cannot start */
  async start(): Promise<boolean> {
    const starting = this.#next;
    this.#running = starting;
    this.#next = new BrokerProcess();
    const answer = await starting.start({ ...this.#settings, port: this.port });
    if (answer === undefined) return false;
    if (answer.type !== 'listening') throw new Error(JSON.stringify(answer));
    this.port = answer.port;
    return true;
  }

  /** Safe to call from anywhere, also while it starts; it ends a moment later. */
  kill(signal: 'SIGKILL' | 'SIGTERM' = 'SIGKILL'): void {
    this.#running?.child.kill(signal);
  }

  terminate(): Promise<Ended> {
    this.#running!.child.kill('SIGTERM');
    return this.ended();
  }

  /** What was written by then is in `errors`. */
  async ended(): Promise<Ended> {
    const running = this.#running!;
    const ended = await within(END_MS, 'the end of the broker', running.ended);
    this.errors += running.errors;
    if (ended.signal === 'SIGKILL') this.crashes++;
    this.#running = undefined;
    return ended;
  }

  /** How the EventSubscriptions of the running one fare. */
  get deliveries(): readonly DeliveryStanding[] {
    return this.#running?.deliveries ?? [];
  }

  /** What the running one wrote to standard error so far. */
  get log(): string {
    return this.#running?.errors ?? '';
  }

  async stop(): Promise<void> {
    this.#next.child.kill('SIGKILL');
    if (this.#running === undefined) return;
    this.kill();
    await this.ended();
  }
}
