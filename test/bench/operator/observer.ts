/** What can be seen from outside of how far a change has come: at the brokers, and in statuses. */
import { pino } from 'pino';
import type { Kind } from '../../../domain/resources.ts';
import { systemClock } from '../../../control/clock.ts';
import { Informer } from '../../../kube/informer.ts';
import type { KubeClient } from '../../../kube/kube-client.ts';
import { resourceTypeOf } from '../../../kube/declared-types.ts';
import { readStatus, type DeclaredObject } from '../../../operator/namespace/declared.ts';
import { findCondition } from '../../../operator/namespace/status.ts';
import { within } from '../../support/within.ts';
import { GRID } from './installation.ts';
import type { GridProcess } from './grid-process.ts';

/** In the operator's log, at debug. */
const ACKNOWLEDGED = 'a broker acknowledged';

/** When each broker last said that it runs what it was sent, as the operator took note of it. */
export class Acknowledgements {
  readonly #atMs = new Map<string, number>();
  readonly #end: () => void;
  #onNext: () => void = () => undefined;

  constructor(operator: GridProcess) {
    this.#end = operator.onLine(({ msg, pod, time }) => {
      if (msg !== ACKNOWLEDGED || pod === undefined) return;
      this.#atMs.set(pod, time);
      this.#onNext();
    });
  }

  close(): void {
    this.#end();
  }

  forget(): void {
    this.#atMs.clear();
  }

  get pods(): number {
    return this.#atMs.size;
  }

  /** Of the slowest broker; in milliseconds since the epoch. */
  get lastMs(): number {
    return Math.max(...this.#atMs.values());
  }

  /** Resolves when so many have acknowledged something since `forget`. */
  async ofAll(pods: number, timeoutMs: number): Promise<number> {
    const all = new Promise<void>((resolve) => {
      this.#onNext = () => this.pods >= pods && resolve();
      this.#onNext();
    });
    await within(timeoutMs, `${pods} brokers acknowledge`, all);
    return this.lastMs;
  }
}

/** Follows the statuses of one kind. */
export class Statuses {
  readonly #informer: Informer<DeclaredObject>;
  /** Generations that are in force on every broker, as statuses say, by name. */
  readonly #ready = new Map<string, number>();
  /** When a status was last seen; milliseconds since the epoch. */
  lastMs = 0;
  #onChange: () => void = () => undefined;

  private constructor(api: KubeClient, kind: Kind, name?: string) {
    this.#informer = new Informer<DeclaredObject>({
      api,
      type: resourceTypeOf(kind),
      clock: systemClock,
      random: Math.random,
      logger: pino({ level: 'silent' }),
      selection: {
        namespace: GRID.namespace,
        ...(name !== undefined && { fieldSelector: `metadata.name=${name}` }),
      },
      // Thousands are followed, and only this is looked at.
      transform: ({ apiVersion, kind: own, metadata, status }) => {
        return { apiVersion, kind: own, metadata, status };
      },
      onChange: (before, after) => this.#take(before, after),
    });
  }

  static async open(api: KubeClient, kind: Kind, name?: string): Promise<Statuses> {
    const opened = new Statuses(api, kind, name);
    opened.#informer.start();
    await opened.#informer.synced;
    return opened;
  }

  close(): void {
    this.#informer.stop();
  }

  /** How many say of their present generation that they are in force on every broker. */
  get ready(): number {
    return this.#ready.size;
  }

  /** Of which its status says so. */
  readyGeneration(name: string): number | undefined {
    return this.#ready.get(name);
  }

  /** Resolves with when that became so. */
  async until(what: string, isSo: () => boolean, timeoutMs: number): Promise<number> {
    const so = new Promise<void>((resolve) => {
      this.#onChange = () => isSo() && resolve();
      this.#onChange();
    });
    await within(timeoutMs, what, so);
    return this.lastMs;
  }

  #take(before: DeclaredObject | undefined, after: DeclaredObject | undefined): void {
    const { metadata } = after ?? before!;
    this.lastMs = Date.now();
    const { name, generation = 0 } = metadata;
    if (after !== undefined && isReady(after)) this.#ready.set(name, generation);
    else this.#ready.delete(name);
    this.#onChange();
  }
}

function isReady({ metadata, status }: DeclaredObject): boolean {
  const { conditions } = readStatus(status);
  const condition = findCondition(conditions, 'Programmed');
  return condition?.status === 'True' && condition.observedGeneration === metadata.generation;
}
