/** The broker of `served-process.ts`, with this process as its operator. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { systemClock } from '../../../control/clock.ts';
import type { SnapshotStamp, StampedSnapshot } from '../../../control/messages.ts';
import { updateMessages } from '../../../control/messages.ts';
import { hashOf } from '../../../control/snapshot-hash.ts';
import { operatorLink, type OperatorLink } from '../../../control/stream.ts';
import { changesBetween } from '../../../domain/snapshot-changes.ts';
import type { Snapshot } from '../../../domain/snapshot.ts';

export interface ToServed {
  readonly type: 'watch' | 'tell';
}

export interface Watched {
  /** The longest time that the event loop was held up since it is watched. */
  readonly gapMs: number;
  readonly messagesDelivered: number;
  readonly publishesReceived: number;
  readonly connections: number;
}

export type FromServed =
  | { readonly type: 'ready'; readonly port: number }
  | { readonly type: 'watching' }
  | { readonly type: 'watched'; readonly watched: Watched };

export interface ServedOptions {
  readonly certificates: string;
  /** Of this broker's own. */
  readonly folder: string;
  readonly snapshot: Snapshot;
  readonly execArgv?: readonly string[];
}

const ANSWER_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 5000;

export class Served {
  readonly port: number;
  readonly pid: number;
  readonly #child: ChildProcess;
  readonly #operator: Operator;

  private constructor(child: ChildProcess, operator: Operator, port: number) {
    this.#child = child;
    this.#operator = operator;
    this.port = port;
    this.pid = child.pid!;
  }

  static async start(options: ServedOptions): Promise<Served> {
    const { certificates, folder, snapshot, execArgv = [] } = options;
    mkdirSync(folder, { recursive: true });
    const operator = await Operator.listen(snapshot);
    const file = new URL('./served-process.ts', import.meta.url);
    const parameters = [certificates, String(operator.port), folder];
    const child = fork(file, parameters, { execArgv: [...execArgv], stdio: 'inherit' });
    const { port } = await answer(child, 'ready');
    return new Served(child, operator, port);
  }

  /** Resolves once the broker acknowledged it; answers how long that took. */
  async publish(snapshot: Snapshot): Promise<number> {
    return await this.#operator.publish(snapshot);
  }

  async watch(): Promise<void> {
    this.#child.send({ type: 'watch' } satisfies ToServed);
    await answer(this.#child, 'watching');
  }

  async watched(): Promise<Watched> {
    this.#child.send({ type: 'tell' } satisfies ToServed);
    return (await answer(this.#child, 'watched')).watched;
  }

  async stop(): Promise<void> {
    this.#operator.close();
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), STOP_TIMEOUT_MS);
    await ended;
    clearTimeout(timer);
  }
}

/** @throws where the process ends or says nothing of this type in time */
async function answer<Type extends FromServed['type']>(
  child: ChildProcess,
  type: Type,
): Promise<FromServed & { type: Type }> {
  const over = new AbortController();
  const signal = AbortSignal.any([over.signal, AbortSignal.timeout(ANSWER_TIMEOUT_MS)]);
  const ended = once(child, 'exit', { signal }).then(([code]) => {
    throw new Error(`the broker ended with ${code}`);
  });
  ended.catch(() => undefined);
  try {
    for (;;) {
      const told = once(child, 'message', { signal }) as Promise<[FromServed]>;
      told.catch(() => undefined);
      const [message] = await Promise.race([told, ended]);
      if (message.type === type) return message as FromServed & { type: Type };
    }
  } finally {
    over.abort();
  }
}

/** The operator's end of the stream, of one broker and one MqttNamespace. */
class Operator {
  readonly port: number;
  readonly #server: ReturnType<typeof createServer>;
  #content: StampedSnapshot;
  #link: OperatorLink | undefined;
  #acknowledged: (stamp: SnapshotStamp) => void = () => undefined;
  #refused: (reason: string) => void = () => undefined;

  private constructor(server: ReturnType<typeof createServer>, snapshot: Snapshot) {
    this.#server = server;
    this.port = (server.address() as AddressInfo).port;
    this.#content = { stamp: stampOf(snapshot, 1), snapshot };
    server.on('connection', (socket) => {
      socket.setNoDelay(true);
      const link = operatorLink(socket, systemClock);
      this.#link = link;
      link.listen({
        message: (message) => {
          if (message.type === 'Hello') this.#send(undefined, this.#content);
          else if (message.type === 'Acknowledge') this.#acknowledged(message.stamp);
          else if (message.type === 'Refuse') this.#refused(message.message);
        },
        closed: (reason) => this.#refused(reason),
      });
    });
  }

  static async listen(snapshot: Snapshot): Promise<Operator> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new Operator(server, snapshot);
  }

  async publish(snapshot: Snapshot): Promise<number> {
    const base = this.#content;
    const stamp = stampOf(snapshot, base.stamp.version.counter + 1);
    this.#content = { stamp, snapshot };
    const acknowledged = new Promise<void>((resolve, reject) => {
      this.#acknowledged = ({ hash }) => {
        if (hash === stamp.hash) resolve();
      };
      this.#refused = (reason) => reject(new Error(reason));
    });
    const startedMs = performance.now();
    this.#send(base, this.#content);
    await acknowledged;
    return performance.now() - startedMs;
  }

  close(): void {
    this.#link?.close();
    this.#server.close();
  }

  #send(base: StampedSnapshot | undefined, { stamp, snapshot }: StampedSnapshot): void {
    const changes = changesBetween(base?.snapshot, snapshot);
    this.#link!.sendEach(updateMessages(base?.stamp, stamp, changes));
  }
}

function stampOf(snapshot: Snapshot, counter: number): SnapshotStamp {
  return { version: { epoch: 1, counter }, hash: hashOf(snapshot) };
}
