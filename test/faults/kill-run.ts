/** One history of a broker that is killed again and again while clients publish and receive. */
import { setTimeout as delay } from 'node:timers/promises';
import { Random } from '../hostile/random.ts';
import type { ChildBroker } from './child-broker.ts';
import type { ClientWorld, Presence, Version } from './clients.ts';
import { Publisher, Subscriber } from './clients.ts';
import type { FaultWorld } from './fault-world.ts';
import { aFaultWorld } from './fault-world.ts';
import { History } from './history.ts';
import { Killer } from './killer.ts';

export interface KillRunOptions {
  readonly seed: string;
  /** Those that hit a broker while it starts count too. */
  readonly kills: number;
  /** Runs the broker that acknowledges before it commits. */
  readonly hasty?: boolean;
}

export interface KillRunResult {
  readonly history: History;
  readonly startsKilled: number;
  /** What the brokers wrote to standard error. */
  readonly errors: string;
}

/** How long nothing may come before what is missing counts as lost. */
const SILENCE_MS = 2500;

const PUBLISHERS: readonly Version[] = [4, 5, 4];
const SUBSCRIBERS = (['connected', 'flapping', 'away'] as const).flatMap((presence) =>
  ([4, 5] as const).map((version) => ({ presence, version })),
);
const publisherNames = PUBLISHERS.map((version, index) => `publisher-${version}-${index}`);
const subscriberNames = SUBSCRIBERS.map(({ presence, version }) => `${presence}-${version}`);

class KillRun {
  readonly history = new History();
  readonly #random: Random;
  readonly #broker: ChildBroker;
  readonly #publishers: Publisher[] = [];
  readonly #subscribers: Subscriber[];
  readonly #world: ClientWorld;
  readonly #killer: Killer;
  startsKilled = 0;

  constructor({ broker, storePath, credentials }: FaultWorld, random: Random) {
    this.#broker = broker;
    this.#killer = new Killer(broker, storePath, random);
    this.#random = random;
    this.#world = { broker, credentials, random, history: this.history };
    this.#subscribers = SUBSCRIBERS.map((options) => new Subscriber(this.#world, options));
  }

  async run(kills: number): Promise<void> {
    await this.#broker.start();
    for (const subscriber of this.#subscribers) await subscriber.subscribe();
    for (const subscriber of this.#those('away')) subscriber.leave(true);
    PUBLISHERS.forEach((version, index) => {
      this.#publishers.push(new Publisher(this.#world, { name: publisherNames[index]!, version }));
    });
    for (let kill = 0; kill + this.startsKilled < kills; kill++) {
      await this.#live();
      while (!(await this.#killer.restart())) this.startsKilled++;
    }
    await Promise.all(this.#publishers.map((publisher) => publisher.stop()));
    await this.#receiveAll();
  }

  end(): void {
    for (const publisher of this.#publishers) publisher.end();
    for (const subscriber of this.#subscribers) subscriber.leave(false);
  }

  get failure(): Error | undefined {
    return this.#publishers.find(({ failure }) => failure !== undefined)?.failure;
  }

  /** Until the broker is killed. */
  async #live(): Promise<void> {
    const ended = this.#killer.live(this.#publishers);
    const flapping = this.#flap();
    await ended;
    await flapping;
  }

  async #flap(): Promise<void> {
    const random = this.#random;
    for (const subscriber of this.#those('away')) if (random.below(8) === 0) subscriber.connect();
    while (this.#broker.isRunning) {
      await delay(random.below(60));
      for (const subscriber of this.#those('flapping')) {
        if (random.below(3) === 0) this.#turn(subscriber);
      }
    }
    for (const subscriber of this.#those('away')) subscriber.leave(random.below(2) === 0);
  }

  #turn(subscriber: Subscriber): void {
    if (subscriber.isThere) subscriber.leave(this.#random.below(2) === 0);
    else subscriber.connect();
  }

  #those(presence: Presence): Subscriber[] {
    return this.#subscribers.filter((subscriber) => subscriber.presence === presence);
  }

  /** Until nothing is missing, or nothing comes any more. */
  async #receiveAll(): Promise<void> {
    for (const subscriber of this.#subscribers) subscriber.connect();
    let deliveries = -1;
    let silentSince = performance.now();
    while (this.history.missing() > 0 && performance.now() - silentSince < SILENCE_MS) {
      if (this.history.deliveries !== deliveries) silentSince = performance.now();
      deliveries = this.history.deliveries;
      await delay(100);
    }
  }
}

export async function runKills({
  seed,
  kills,
  hasty = false,
}: KillRunOptions): Promise<KillRunResult> {
  const world = await aFaultWorld([...publisherNames, ...subscriberNames], { hasty });
  const run = new KillRun(world, new Random(seed));
  try {
    await run.run(kills);
    if (run.failure !== undefined) throw run.failure;
    const { history, startsKilled } = run;
    return { history, startsKilled, errors: world.broker.errors };
  } finally {
    run.end();
    await world.dispose();
  }
}
