/** One history of a broker that is killed again and again while it delivers what is published. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { EventFilter } from '../../domain/event-filter/event-filter.ts';
import type { Limits } from '../../domain/limits.ts';
import type { Destination, OutboxOverflow } from '../../domain/resources.ts';
import type { SnapshotEventSubscription } from '../../domain/snapshot.ts';
import { eventually, within } from '../support/within.ts';
import { Random } from '../hostile/random.ts';
import type { ChildBroker } from './child-broker.ts';
import type { PublisherOptions, Version } from './clients.ts';
import { Publisher } from './clients.ts';
import { EventHistory, GrowingFile } from './event-history.ts';
import type { FaultWorld } from './fault-world.ts';
import { aFaultFolder, aFaultWorld } from './fault-world.ts';
import { FaultyReceiver } from './faulty-receiver.ts';
import { Killer } from './killer.ts';

export interface RouteRunOptions {
  readonly seed: string;
  readonly kills: number;
  /** Runs the broker that acknowledges before it commits. */
  readonly hasty?: boolean;
  readonly limits?: Partial<Limits>;
  readonly outboxOverflow?: OutboxOverflow;
  /** How many messages are to be acknowledged, at the least, before the destinations are well. */
  readonly messagesMin?: number;
}

export interface RouteRunResult {
  readonly events: EventHistory;
  /** Those that a publisher was told of. */
  readonly refusals: number;
  /** Of each subscription, as the last broker counts. */
  readonly dropped: ReadonlyMap<string, number>;
  readonly terminations: number;
  /** What the brokers wrote to standard error. */
  readonly errors: string;
}

/** A thread has to start in it. */
const LIFE_MS_MAX = 900;
/** One end of so many is SIGTERM. */
const TERMINATION_EVERY = 5;
/** How long nothing may come, of a broker that is well, before what is missing counts as lost. */
const SILENCE_MS = 8000;
/** How long publishers may need for what they are to publish. */
const WORK_MS_MAX = 30_000;
const BATCH_EVENTS = 20;

const PUBLISHERS: readonly { readonly version: Version; readonly options: PublisherOptions }[] = [
  { version: 4, options: {} },
  { version: 5, options: { json: true, refusable: true } },
  { version: 5, options: { refusable: true } },
];
const nameOf = (index: number): string => `publisher-${index}`;
const names = PUBLISHERS.map((_, index) => nameOf(index));

const SUBSCRIPTIONS = ['file', 'filtered', 'faulty', 'away'] as const;
const FILES = ['file', 'filtered'] as const;
const JSON_TOPICS = 't/publisher-1/';
const EVEN: EventFilter = {
  subjectBeginsWith: JSON_TOPICS,
  advancedFilters: [{ operatorType: 'BoolEquals', key: 'data.even', value: true }],
};

const isEven = (topic: string, number: number): boolean =>
  topic.startsWith(JSON_TOPICS) && number % 2 === 0;

function aSubscription(
  name: string,
  destination: Destination,
  filter: EventFilter = {},
): SnapshotEventSubscription {
  const policy = { maxDeliveryAttempts: 30, eventTimeToLiveMs: 86_400_000 };
  return { name, filter, destination, ...policy };
}

interface Parts {
  readonly world: FaultWorld;
  readonly events: EventHistory;
  readonly receivers: Receivers;
  readonly files: ReadonlyMap<string, GrowingFile>;
}

interface Receivers {
  readonly faulty: FaultyReceiver;
  readonly away: FaultyReceiver;
}

class RouteRun {
  readonly #parts: Parts;
  readonly #broker: ChildBroker;
  readonly #killer: Killer;
  readonly #random: Random;
  readonly #publishers: Publisher[] = [];
  #terminations = 0;

  constructor(parts: Parts, random: Random) {
    const { broker, storePath } = parts.world;
    this.#parts = parts;
    this.#broker = broker;
    this.#random = random;
    this.#killer = new Killer(broker, storePath, random);
  }

  async run({ kills, messagesMin = 0, ...options }: RouteRunOptions): Promise<RouteRunResult> {
    const { events, receivers, world } = this.#parts;
    await receivers.away.leave();
    await this.#broker.start();
    const client = { ...world, random: this.#random, history: events.history };
    // MQTT 3.1.1 has no answer for a refusal but the end of the connection, and a client whose
    // connection ends 15 times in 30 s is held off for as long (broker/admission/flapping.ts).
    const versionMin = options.outboxOverflow === 'RejectPublish' ? 5 : 4;
    for (const [index, { version, options: kind }] of PUBLISHERS.entries()) {
      if (version < versionMin) continue;
      const publisher = new Publisher(client, { name: nameOf(index), version }, kind);
      this.#publishers.push(publisher);
    }
    for (let kill = 0; kill < kills; kill++) {
      await this.#live();
      while (!(await this.#killer.restart())) kill++;
      this.#readFiles();
      if (events.history.violations.length > 0) break;
    }
    await until('enough was acknowledged', () => {
      return events.history.acknowledgedMessages + this.#refusals >= messagesMin;
    });
    await this.#drain();
    return {
      events,
      refusals: this.#refusals,
      dropped: new Map(this.#broker.deliveries.map(({ name, dropped }) => [name, dropped])),
      terminations: this.#terminations,
      errors: world.broker.errors + world.broker.log,
    };
  }

  end(): void {
    for (const publisher of this.#publishers) publisher.end();
  }

  get #refusals(): number {
    return this.#publishers.reduce((sum, { refusals }) => sum + refusals, 0);
  }

  async #live(): Promise<void> {
    const { away } = this.#parts.receivers;
    const isTerminated = this.#random.below(TERMINATION_EVERY) === 0;
    if (this.#random.below(3) === 0) await away.comeBack();
    const ended = await this.#killer.live(this.#publishers, {
      signal: isTerminated ? 'SIGTERM' : 'SIGKILL',
      lifeMsMax: LIFE_MS_MAX,
    });
    if (isTerminated) {
      assert.deepEqual(ended, { code: 0, signal: null });
      this.#terminations++;
    }
    await away.leave();
  }

  /** All destinations are well, and take what there is. */
  async #drain(): Promise<void> {
    const { faulty, away } = this.#parts.receivers;
    for (const receiver of [faulty, away]) receiver.isWell = true;
    await away.comeBack();
    // The next one has not waited for any destination yet.
    assert.deepEqual(await this.#broker.terminate(), { code: 0, signal: null });
    await this.#broker.start();
    const stopped = Promise.all(this.#publishers.map((publisher) => publisher.stop()));
    await within(WORK_MS_MAX, 'the end of publishing', stopped);
    for (const { failure } of this.#publishers) assert.equal(failure, undefined);
    const { history } = this.#parts.events;
    let before = -1;
    let silentSince = performance.now();
    while (!this.#isUpToDate && performance.now() - silentSince < SILENCE_MS) {
      if (history.deliveries !== before) silentSince = performance.now();
      before = history.deliveries;
      await delay(50);
      this.#readFiles();
    }
    // What was counted is told a little later.
    await delay(500);
    for (const file of this.#parts.files.values()) file.check();
  }

  get #isUpToDate(): boolean {
    return SUBSCRIPTIONS.every((name) => this.#parts.events.history.isUpToDate(name));
  }

  #readFiles(): void {
    const { events, files } = this.#parts;
    for (const [name, file] of files) {
      for (const event of file.read()) events.received(name, event);
    }
  }
}

async function until(what: string, holds: () => boolean): Promise<void> {
  await eventually(WORK_MS_MAX, what, () => holds() || undefined);
}

async function openParts(options: RouteRunOptions): Promise<Parts> {
  const { seed, hasty = false, limits = {}, outboxOverflow = 'DropOldest' } = options;
  const events = new EventHistory();
  for (const name of SUBSCRIPTIONS)
    events.subscribed(name, name === 'filtered' ? isEven : undefined);
  const receive = (name: keyof Receivers): Promise<FaultyReceiver> =>
    FaultyReceiver.open(new Random(`${seed} ${name}`), (event) => events.received(name, event));
  const receivers = { faulty: await receive('faulty'), away: await receive('away') };
  const folder = aFaultFolder();
  const pathOf = (name: string): string => join(folder, `${name}.ndjson`);
  const toWebhook = ({ url }: FaultyReceiver): Destination => ({
    webhook: { url, maxEventsPerBatch: BATCH_EVENTS },
  });
  const world = await aFaultWorld(names, {
    hasty,
    folder,
    sketch: {
      route: { eventTopic: 'events', outboxOverflow },
      eventSubscriptions: [
        aSubscription('away', toWebhook(receivers.away)),
        aSubscription('faulty', toWebhook(receivers.faulty)),
        aSubscription('file', { file: { path: pathOf('file') } }),
        aSubscription('filtered', { file: { path: pathOf('filtered') } }, EVEN),
      ],
      limits,
    },
  });
  const files = new Map(FILES.map((name) => [name, new GrowingFile(pathOf(name))]));
  return { world, events, receivers, files };
}

export async function runRoute(options: RouteRunOptions): Promise<RouteRunResult> {
  const parts = await openParts(options);
  const run = new RouteRun(parts, new Random(options.seed));
  try {
    return await run.run(options);
  } finally {
    run.end();
    await parts.world.dispose();
    await parts.receivers.faulty.leave();
    await parts.receivers.away.leave();
  }
}
