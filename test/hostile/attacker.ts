/** All attacks at once, in a process of their own. */
import { systemClock } from '../../broker/clock.ts';
import * as floods from './attacks/floods.ts';
import { deepTopics, hostileNames } from './attacks/names.ts';
import { mutatedConnects, mutatedPackets, randomBytes } from './attacks/packets.ts';
import { halfOpen, slowWriters } from './attacks/stalling.ts';
import type { Assault, Target } from './hostile-socket.ts';
import { Tally } from './hostile-socket.ts';
import { Random } from './random.ts';

export interface AttackOrder {
  readonly target: Target;
  readonly seed: string;
  readonly durationMs: number;
  /** The one attack to run; all of them unless given. */
  readonly only: string | undefined;
}

export interface AttackReport {
  readonly attacks: Readonly<Record<string, Tally>>;
}

type Attack = (assault: Assault) => Promise<void>;
type Attacks = Readonly<Record<string, Attack>>;

const { pingFlood, largeFlood, smallFlood, tooLargeFlood, byteFlood, slowConsumers } = floods;
const { manySubscribes, largeSubscribes, tooLargeSubscribes } = floods;
const { handshakeFlood, connectionFlood, takeovers } = floods;

const THROUGHOUT: Attacks = { halfOpen, slowWriters, slowConsumers };
/** One after the other, so that each has the processor to itself for a while. */
const PHASES: readonly Attacks[] = [
  { mutatedPackets, mutatedConnects, randomBytes, hostileNames },
  { largeFlood, smallFlood, tooLargeFlood, byteFlood, pingFlood },
  { manySubscribes, largeSubscribes, tooLargeSubscribes, deepTopics },
  { handshakeFlood, connectionFlood, takeovers },
];

/** How often the tallies are told, so that they are known when the broker dies. */
const REPORT_MS = 500;

async function attack({ target, seed, durationMs, only }: AttackOrder): Promise<void> {
  const attacks: Record<string, Tally> = {};
  const report = (): void => void process.send!({ attacks } satisfies AttackReport);
  const stopReporting = systemClock.every(REPORT_MS, report);
  const runAll = async (group: Attacks, groupMs: number): Promise<void> => {
    const endMs = performance.now() + groupMs;
    const running = Object.entries(group)
      .filter(([name]) => only === undefined || name === only)
      .map(([name, run]) => {
        const tally = (attacks[name] = new Tally());
        return run({ target, random: new Random(`${seed} ${name}`), tally, endMs });
      });
    await Promise.all(running);
  };
  const throughout = runAll(THROUGHOUT, durationMs);
  for (const phase of PHASES) await runAll(phase, durationMs / PHASES.length);
  await throughout;
  stopReporting();
  report();
  process.disconnect();
}

process.once('message', (order: AttackOrder) => void attack(order));
