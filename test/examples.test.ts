/**
 * Every example as its README says, against the real broker, with clients that others wrote.
 * `UPDATE_GOLDEN=1 node --test test/examples.test.ts` writes the outputs in the READMEs anew; the
 * difference is for review.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, suite, test } from 'node:test';
import { commandBlocks, withOutputs } from './support/command-blocks.ts';
import { REQUIRED_PEERS, startPeers } from './support/peers.ts';
import type { Peers } from './support/peers.ts';
import { playScenario } from './support/play.ts';
import { runScript } from './support/run-command.ts';
import { manifestExamples, SCENARIOS } from './support/scenarios.ts';
import type { Scenario } from './support/scenarios.ts';
import { REPOSITORY, startUp } from './support/up.ts';
import type { Up } from './support/up.ts';

const EXAMPLES = path.join(REPOSITORY, 'examples');
/** What `npx` runs of this repository, and the arguments that `node` gets instead. */
const RUNNERS: readonly (readonly [command: string, script: string])[] = [
  ['npx mqttgrid ', 'cli/mqttgrid.ts '],
  ['npx node ', ''],
];
/** Where `mqttgrid up` keeps what it needs, unless it is told another folder. */
const DATA = '.mqttgrid/';
const UPDATE = process.env['UPDATE_GOLDEN'] === '1';

let data: string;
let peers: Peers;
before(() => {
  data = mkdtempSync(path.join(tmpdir(), 'mqttgrid-examples-'));
  peers = startPeers();
});
after(async () => {
  await peers.stop();
  rmSync(data, { recursive: true });
});

test('every folder with manifests is a scenario here', () => {
  assert.deepEqual(manifestExamples(), SCENARIOS.map((scenario) => scenario.name).sort());
});

test('a script whose broker is not there says so and leaves with exit code 1', async () => {
  const { code, stderr } = await runScript([path.join(EXAMPLES, 'fan-out/client.ts')], {
    MQTTGRID_CERTIFICATES: path.join(data, 'nowhere'),
  });
  assert.equal(code, 1);
  assert.match(stderr, /s1-vehicle1\.crt/);
});

/** @param folder what the broker was given as that of `--data` */
function scriptOf(command: string, folder: string): string[] {
  const runner = RUNNERS.find(([prefix]) => command.startsWith(prefix));
  assert.ok(runner !== undefined, command);
  const words = (runner[1] + command.slice(runner[0].length)).split(' ');
  return words.map((word) =>
    word.startsWith(DATA) ? path.join(folder, word.slice(DATA.length)) : word,
  );
}

function describeScenario(scenario: Scenario): void {
  const folder = path.join(EXAMPLES, scenario.name);

  // One after another: a client that connects twice takes its own session over.
  suite(scenario.name, { concurrency: 1 }, () => {
    let up: Up;
    before(async () => {
      up = await startUp(folder, path.join(data, scenario.name));
    });
    after(async () => {
      assert.equal(await up.stop(), 0, up.log());
    });

    test('is valid as it stands', () => {
      assert.deepEqual(
        up.events.filter((event) => event.event === 'violation'),
        [],
      );
    });

    const environment = (): Readonly<Record<string, string>> => ({
      MQTTGRID_ENDPOINT: up.endpoint(scenario.name),
      MQTTGRID_CERTIFICATES: up.certificates,
    });

    test('prints what its README shows', async () => {
      const readme = path.join(folder, 'README.md');
      const text = readFileSync(readme, 'utf8');
      const outputs = new Map<string, string>();
      for (const { command, output } of commandBlocks(text)) {
        // What shows no output goes on until Ctrl-C.
        if (output === '') continue;
        const { stdout, stderr } = await runScript(
          scriptOf(command, path.join(data, scenario.name)),
          environment(),
        );
        assert.notEqual(stdout, '', `${command}\n${stderr}`);
        outputs.set(command, stdout);
      }
      const commands = [...outputs.keys()];
      assert.ok(commands.some((command) => command.endsWith('client.ts')));
      assert.ok(commands.some((command) => command.includes(' explain ')));
      const expected = withOutputs(text, outputs);
      if (UPDATE) writeFileSync(readme, expected);
      else assert.equal(text, expected);
    });

    test('runs again, with sessions that are there already', async () => {
      const { code, stderr } = await runScript([path.join(folder, 'client.ts')], environment());
      assert.equal(code, 0, stderr);
    });
  });
  for (const name of REQUIRED_PEERS) describePeer(scenario, name);
}

/**
 * A broker of its own for each: what is refused ends connections, and a client that is ended again
 * and again is held off for a while.
 */
function describePeer(scenario: Scenario, name: (typeof REQUIRED_PEERS)[number]): void {
  suite(`${scenario.name}, with ${name}`, { concurrency: 1 }, () => {
    let up: Up;
    before(async () => {
      const folder = path.join(EXAMPLES, scenario.name);
      up = await startUp(folder, path.join(data, `${scenario.name}-${name}`));
    });
    after(async () => {
      assert.equal(await up.stop(), 0, up.log());
    });

    for (const version of [4, 5] as const) {
      const protocol = version === 5 ? 'MQTT 5' : 'MQTT 3.1.1';
      test(`delivers and refuses as promised, ${protocol}`, async (t) => {
        const peer = peers.find(name, t);
        if (peer !== undefined) await playScenario(scenario, { up, peer, version });
      });
    }
  });
}

// Most of the time goes into starting processes, for which there is more than one core.
suite('each example', { concurrency: 2 }, () => SCENARIOS.forEach(describeScenario));
