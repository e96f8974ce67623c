import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startTestBroker } from '../../test/support/broker.ts';
import { SteppedClock } from '../../test/conformance/stepped-clock.ts';
import { FlappingClients } from './flapping.ts';

const CONNECTION_RATE_EXCEEDED = 0x9f;
const SERVER_UNAVAILABLE = 3;
const HOLD_OFF_MS = 30000;

/** How often the client is let in of so many times, one each `everyMs`. */
function letIn(times: number, everyMs: number, isInterrupted: boolean): number {
  const clock = new SteppedClock();
  const flapping = new FlappingClients(clock);
  let count = 0;
  for (let time = 0; time < times; time++) {
    if (flapping.connecting('client') === undefined) {
      count++;
      if (isInterrupted) flapping.interrupted('client');
    }
    clock.step(everyMs);
    flapping.sweep();
  }
  return count;
}

const habits: readonly [string, number, number, boolean, number][] = [
  ['that connects for each message, one a second', 600, 1000, false, 600],
  ['whose network is lost every three seconds', 200, 3000, true, 200],
  ['that comes back once after the broker', 1, 1, true, 1],
  // 16 of each round of 45 or 46 connections.
  ['that is thrown out each time, and waits for a second', 91, 1000, true, 32],
  ['that is thrown out each time, and does not wait', 3000, 10, true, 16],
  ['that connects again and again', 3000, 10, false, 60],
];
for (const [name, times, everyMs, isInterrupted, expected] of habits) {
  test(`a client ${name} is let in ${expected} times of ${times}`, () => {
    assert.equal(letIn(times, everyMs, isInterrupted), expected);
  });
}

test('clients are held off one by one, told so, and let in again', async (t) => {
  const clock = new SteppedClock();
  const { raw, refusal, connect, broker } = await startTestBroker(t, {}, { clock });
  for (let time = 0; time < 16; time++) {
    const client = await raw('publisher', 5);
    client.connect('publisher');
    const connack = await client.next();
    assert.equal(connack?.cmd === 'connack' && connack.reasonCode, 0);
    client.write(Buffer.from([0xc1, 0]));
    await client.closed;
  }
  assert.equal(await refusal('publisher', { protocolVersion: 5 }), CONNECTION_RATE_EXCEEDED);
  assert.equal(await refusal('publisher', { protocolVersion: 4 }), SERVER_UNAVAILABLE);
  assert.equal(broker.metrics.flappingConnectionsRefused, 2);
  await connect('subscriber');
  clock.step(HOLD_OFF_MS);
  await connect('publisher');
});

test('nobody holds off a client by its name alone', async (t) => {
  const { raw, connect, broker } = await startTestBroker(t);
  for (let time = 0; time < 100; time++) {
    const stranger = await raw('subscriber', 4);
    stranger.connect('publisher');
    await stranger.closed;
  }
  assert.equal(broker.metrics.connectionsRefused, 100);
  await connect('publisher');
});
