/** Ends a broker at a moment that chance picks: at any time, or in the middle of something. */
import type { FSWatcher } from 'node:fs';
import { existsSync, watch } from 'node:fs';
import type { Random } from '../hostile/random.ts';
import type { ChildBroker, Ended } from './child-broker.ts';
import type { Publisher } from './clients.ts';

/** When a broker is killed: some time after it listens, and in the middle of something. */
const AIMS = ['any time', 'commit', 'commit', 'acknowledgement', 'start'] as const;
const LIFE_MS_MAX = 500;
const START_MS_MAX = 150;
/** The first writes of a life are of the start; the later, the more is under way. */
const WRITES_MAX = 60;
const ACKNOWLEDGEMENTS_MAX = 60;

export class Killer {
  readonly #broker: ChildBroker;
  readonly #storePath: string;
  readonly #random: Random;

  constructor(broker: ChildBroker, storePath: string, random: Random) {
    this.#broker = broker;
    this.#storePath = storePath;
    this.#random = random;
  }

  /** Until the broker, which runs, has ended by that signal. */
  async live(
    publishers: readonly Publisher[],
    {
      signal = 'SIGKILL',
      lifeMsMax = LIFE_MS_MAX,
    }: { signal?: 'SIGKILL' | 'SIGTERM'; lifeMsMax?: number } = {},
  ): Promise<Ended> {
    let isTold = false;
    const kill = (): void => {
      // The second SIGTERM would end it at once.
      if (!isTold) this.#broker.kill(signal);
      isTold = true;
    };
    const aim = this.#random.pick(AIMS);
    const stopAiming = this.#aim(aim, { publishers, lifeMsMax, kill });
    const limit = setTimeout(kill, lifeMsMax);
    const ended = await this.#broker.ended();
    clearTimeout(limit);
    stopAiming();
    return ended;
  }

  /** False: it was killed while it started. */
  async restart(): Promise<boolean> {
    const started = this.#broker.start();
    let timer: NodeJS.Timeout | undefined;
    if (this.#random.pick(AIMS) === 'start') {
      timer = setTimeout(() => this.#broker.kill(), this.#random.below(START_MS_MAX));
    }
    const listens = await started;
    clearTimeout(timer);
    if (!listens) await this.#broker.ended();
    return listens;
  }

  #aim(
    aim: (typeof AIMS)[number],
    {
      publishers,
      lifeMsMax,
      kill,
    }: { publishers: readonly Publisher[]; lifeMsMax: number; kill: () => void },
  ): () => void {
    if (aim === 'commit') return this.#killAtWrite(1 + this.#random.below(WRITES_MAX), kill);
    if (aim === 'acknowledgement') {
      let left = 1 + this.#random.below(ACKNOWLEDGEMENTS_MAX);
      const countDown = (): void => {
        if (--left === 0) kill();
      };
      for (const publisher of publishers) publisher.onAcknowledged = countDown;
      return () => {
        for (const publisher of publishers) publisher.onAcknowledged = () => undefined;
      };
    }
    const timer = setTimeout(kill, this.#random.below(lifeMsMax));
    return () => clearTimeout(timer);
  }

  /** A write to the log of the database is a commit that is under way, before its fsync. */
  #killAtWrite(writes: number, kill: () => void): () => void {
    let left = writes;
    let watcher: FSWatcher | undefined;
    if (existsSync(`${this.#storePath}-wal`)) {
      watcher = watch(`${this.#storePath}-wal`, () => {
        if (--left === 0) kill();
      });
    }
    return () => watcher?.close();
  }
}
