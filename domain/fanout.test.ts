import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { allTopics, anyFilter } from '../test/support/topics.ts';
import { findCrowdedTopic, type FanoutAnswer } from './fanout.ts';
import { FanoutIndex, type FanoutNode } from './fanout-index.ts';
import { filterMatches, splitLevels } from './topic-filter.ts';

const STEPS_MAX = 20000;

interface Entry {
  readonly filter: string;
  readonly subscriber: number;
}

function indexOf(entries: readonly Entry[]): FanoutIndex<number> {
  const index = new FanoutIndex<number>();
  for (const { filter, subscriber } of entries) index.add(splitLevels(filter), subscriber);
  return index;
}

function othersOn(topic: string, entries: readonly Entry[], subscriber: number): number {
  const levels = splitLevels(topic);
  const matching = entries.filter((entry) => filterMatches(splitLevels(entry.filter), levels));
  const subscribers = new Set(matching.map((entry) => entry.subscriber));
  subscribers.delete(subscriber);
  return subscribers.size;
}

/** Every topic of up to four levels out of these; "z" is in no filter. */
const TOPICS = allTopics(['a', 'b', '', '$c', 'z'], 4);

const aFilter = anyFilter(['a', 'b', '+', '', '$c']);
const anEntry = fc.record({ filter: aFilter, subscriber: fc.nat(4) });

function distinct(entries: readonly Entry[]): Entry[] {
  return [...new Map(entries.map((entry) => [JSON.stringify(entry), entry])).values()];
}

test('a crowded topic is found exactly where trying all topics finds one', () => {
  fc.assert(
    fc.property(
      fc.array(anEntry, { maxLength: 14 }).map(distinct),
      aFilter,
      fc.integer({ min: 1, max: 4 }),
      (entries, filter, crowd) => {
        const question = { subscriber: 0, crowd, stepsMax: Infinity };
        const answer = findCrowdedTopic(indexOf(entries), splitLevels(filter), question);
        const crowded = TOPICS.filter((topic) => {
          const matches = filterMatches(splitLevels(filter), splitLevels(topic));
          return matches && othersOn(topic, entries, 0) >= crowd;
        });
        assert.equal(answer.outcome, crowded.length > 0 ? 'Crowded' : 'Room', crowded[0]);
        if (answer.outcome !== 'Crowded') return;
        assert.ok(filterMatches(splitLevels(filter), splitLevels(answer.topic)), answer.topic);
        assert.ok(othersOn(answer.topic, entries, 0) >= crowd, answer.topic);
      },
    ),
    { numRuns: 600 },
  );
});

/** What counts, to compare one tree with another. */
function shapeOf(node: FanoutNode<number> | undefined): unknown {
  if (node === undefined) return undefined;
  const literals = [...node.literals].sort(([a], [b]) => (a < b ? -1 : 1));
  const peaks = literals.map(([, { peak }]) => peak);
  for (const peak of new Set(peaks.filter((each) => each > 1))) {
    const listed = [...node.literalsOfPeak(peak)].map(({ level }) => level).sort();
    assert.deepEqual(
      listed,
      literals.filter(([, each]) => each.peak === peak).map(([level]) => level),
    );
  }
  assert.equal(node.literalPeak, Math.max(0, ...peaks));
  return {
    subscribers: [...node.subscribers].sort(),
    single: shapeOf(node.single),
    multi: shapeOf(node.multi),
    literals: literals.map(([level, child]) => [level, shapeOf(child)]),
    peak: node.peak,
  };
}

test('an index that filters came to and left is the same as one of those that are left', () => {
  fc.assert(
    fc.property(fc.array(anEntry, { maxLength: 40 }), (changes) => {
      const index = new FanoutIndex<number>();
      const present = new Map<string, Entry>();
      for (const entry of changes) {
        const key = JSON.stringify(entry);
        const levels = splitLevels(entry.filter);
        if (present.delete(key)) index.remove(levels, entry.subscriber);
        else {
          present.set(key, entry);
          index.add(levels, entry.subscriber);
        }
        index.remove([...levels, 'unknown'], entry.subscriber);
      }
      assert.deepEqual(shapeOf(index.root), shapeOf(indexOf([...present.values()]).root));
    }),
    { numRuns: 200 },
  );
});

const VEHICLES = 10000;
const vehicles = Array.from({ length: VEHICLES }, (_, subscriber) => ({
  filter: `vehicles/${subscriber}/commands`,
  subscriber,
}));

function monitors(count: number, ...filters: string[]): Entry[] {
  return Array.from({ length: count }, (_, number) => VEHICLES + number).flatMap((subscriber) =>
    filters.map((filter) => ({ filter, subscriber })),
  );
}

const usual: [string, Entry[], string, number, FanoutAnswer['outcome']][] = [
  ['a vehicle beside 9,999 others', vehicles.slice(1), 'vehicles/0/commands', 0, 'Room'],
  ['a monitor of 10,000 vehicles', vehicles, 'vehicles/+/commands', -1, 'Room'],
  ['all of it beside 10,000 vehicles', vehicles, '#', -1, 'Room'],
  ['a tenth monitor', monitors(9, 'vehicles/+/commands'), 'vehicles/+/commands', -1, 'Room'],
  [
    'an eleventh monitor',
    monitors(10, 'vehicles/+/commands'),
    'vehicles/+/commands',
    -1,
    'Crowded',
  ],
  [
    'the same filter of one of ten monitors',
    monitors(10, 'vehicles/+/commands'),
    'vehicles/+/commands',
    VEHICLES,
    'Room',
  ],
  [
    'a ninth monitor of 10,000 vehicles',
    [...vehicles, ...monitors(8, 'vehicles/+/commands')],
    'vehicles/+/commands',
    -1,
    'Room',
  ],
  [
    'a tenth monitor of 10,000 vehicles, which would be the eleventh with each of them',
    [...vehicles, ...monitors(9, 'vehicles/+/commands')],
    'vehicles/+/commands',
    -1,
    'Crowded',
  ],
  [
    'a vehicle that nine monitors watch',
    [...vehicles.slice(1), ...monitors(9, 'vehicles/+/commands')],
    'vehicles/0/commands',
    0,
    'Room',
  ],
  [
    'a vehicle that ten monitors watch',
    [...vehicles.slice(1), ...monitors(10, 'vehicles/+/#')],
    'vehicles/0/commands',
    0,
    'Crowded',
  ],
  [
    'a monitor more where five watch twice',
    [...vehicles, ...monitors(5, 'vehicles/+/commands', 'vehicles/#')],
    'vehicles/#',
    -1,
    'Room',
  ],
  [
    'another filter of one of nine monitors',
    [...vehicles, ...monitors(9, 'vehicles/+/commands')],
    'vehicles/#',
    VEHICLES,
    'Room',
  ],
];
for (const [name, entries, filter, subscriber, outcome] of usual) {
  test(`${name}: ${outcome}, after a few steps`, () => {
    const question = { subscriber, crowd: 10, stepsMax: STEPS_MAX };
    const answer = findCrowdedTopic(indexOf(entries), splitLevels(filter), question);
    assert.equal(answer.outcome, outcome);
    assert.ok(answer.steps <= 100, `${answer.steps} steps`);
  });
}

/** Nine have one of two words at each level and one any: which one differs, so all words count. */
function tangle(levels: number): Entry[] {
  return Array.from({ length: 4 * levels }, (_, subscriber) => {
    const words = Array.from({ length: levels }, (_word, level) => {
      if (level === subscriber % levels) return '+';
      return (subscriber * (level + 3)) % 5 < 2 ? 'a' : 'b';
    });
    return { filter: words.join('/'), subscriber };
  });
}

test('a search that goes on too long gives up, after as many steps as it may take', () => {
  const index = indexOf(tangle(16));
  const filter = new Array<string>(16).fill('+');
  const question = { subscriber: -1, crowd: 10, stepsMax: 100 };
  const answer = findCrowdedTopic(index, filter, question);
  assert.equal(answer.outcome, 'Undecided');
  assert.ok(answer.steps < 300, `${answer.steps} steps`);
});

test('a filter of thirty thousand levels is searched without recursion', () => {
  const levels = new Array<string>(30000).fill('a');
  const entries = [1, 2].map((subscriber) => ({ filter: levels.join('/'), subscriber }));
  const question = { subscriber: 0, crowd: 2, stepsMax: Infinity };
  assert.equal(findCrowdedTopic(indexOf(entries), ['#'], question).outcome, 'Crowded');
});
