/** A broker in a child process, as seen from the test. */
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { within } from '../support/within.ts';
import type { BrokerAnswer, BrokerRequest, BrokerSettings, BrokerState } from './broker-process.ts';

const START_MS = 20000;
const STATE_MS = 10000;

export class ChildBroker {
  readonly port: number;
  /** What it wrote to standard error: the trace of an exception that nobody caught, for one. */
  errors = '';
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, port: number) {
    this.#child = child;
    this.port = port;
    child.stderr?.on('data', (chunk: Buffer) => (this.errors += chunk.toString()));
  }

  static async start(settings: BrokerSettings): Promise<ChildBroker> {
    const child = fork(new URL('./broker-process.ts', import.meta.url), {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      serialization: 'advanced',
    });
    child.send({ type: 'start', settings } satisfies BrokerRequest);
    const answer = await within(START_MS, 'the start of the broker', nextAnswer(child));
    if (answer.type !== 'listening') throw new Error(`not listening, but ${answer.type}`);
    return new ChildBroker(child, answer.port);
  }

  get isAlive(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** What became of it. */
  get fate(): string {
    return `exit code ${this.#child.exitCode}, signal ${this.#child.signalCode}:\n${this.errors}`;
  }

  async state(): Promise<BrokerState> {
    const answer = nextAnswer(this.#child);
    this.#child.send('state' satisfies BrokerRequest);
    const state = await within(STATE_MS, 'the state of the broker', answer);
    if (state.type !== 'state') throw new Error(`no state, but ${state.type}`);
    return state;
  }

  async stop(): Promise<void> {
    if (!this.isAlive) return;
    const closed = once(this.#child, 'close');
    this.#child.kill('SIGKILL');
    await closed;
  }
}

async function nextAnswer(child: ChildProcess): Promise<BrokerAnswer> {
  const [answer] = (await once(child, 'message')) as [BrokerAnswer];
  return answer;
}
