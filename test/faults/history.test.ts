import assert from 'node:assert/strict';
import { test } from 'node:test';
import { History } from './history.ts';

type Step =
  | readonly ['sent' | 'acknowledged', number]
  | readonly ['delivered' | 'again', number, crashes?: number];

/** The kinds of violations in what happened on one topic to one subscriber. */
function kindsOf(...steps: readonly Step[]): string[] {
  const history = new History();
  history.subscribed('s');
  for (const [what, number, crashes = 0] of steps) {
    if (what === 'sent') history.sent('t', number);
    else if (what === 'acknowledged') history.acknowledged('t', number);
    else history.delivered('s', { topic: 't', number }, { crashes, duplicate: what === 'again' });
  }
  return history.finish().map(({ kind }) => kind);
}

const CASES: readonly (readonly [title: string, steps: readonly Step[], kinds: string[]])[] = [
  [
    'what was acknowledged and came is right',
    [
      ['sent', 0],
      ['acknowledged', 0],
      ['delivered', 0],
    ],
    [],
  ],
  ['what was never acknowledged may be gone', [['sent', 0]], []],
  [
    'what was acknowledged may not be gone',
    [
      ['sent', 0],
      ['acknowledged', 0],
    ],
    ['lost'],
  ],
  [
    'the first deliveries are in order',
    [
      ['sent', 0],
      ['sent', 1],
      ['delivered', 1],
      ['delivered', 0],
    ],
    ['out of order'],
  ],
  [
    'a redelivery may be out of order',
    [
      ['sent', 0],
      ['sent', 1],
      ['delivered', 0],
      ['delivered', 1],
      ['again', 0],
    ],
    [],
  ],
  [
    'a duplicate has DUP',
    [
      ['sent', 0],
      ['delivered', 0],
      ['delivered', 0],
    ],
    ['duplicate'],
  ],
  [
    'a duplicate may lack DUP after a crash',
    [
      ['sent', 0],
      ['delivered', 0, 0],
      ['delivered', 0, 1],
    ],
    [],
  ],
  [
    'but only one',
    [
      ['sent', 0],
      ['delivered', 0, 0],
      ['delivered', 0, 1],
      ['delivered', 0, 1],
    ],
    ['duplicate'],
  ],
  [
    'a message that was published twice may come twice',
    [
      ['sent', 0],
      ['sent', 0],
      ['delivered', 0],
      ['delivered', 0],
    ],
    [],
  ],
  ['nothing is invented', [['delivered', 0]], ['invented']],
];

for (const [title, steps, kinds] of CASES) {
  test(title, () => {
    assert.deepEqual(kindsOf(...steps), kinds);
  });
}
