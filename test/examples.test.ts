/** Every example as its README says, against the real broker, with clients that others wrote. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { commandBlocks } from './support/command-blocks.ts';
import { REQUIRED_PEERS, startPeers } from './support/peers.ts';
import type { Peers } from './support/peers.ts';
import { playScenario } from './support/play.ts';
import { runScript } from './support/run-command.ts';
import { SCENARIOS } from './support/scenarios.ts';
import { REPOSITORY, startUp } from './support/up.ts';
import type { Up } from './support/up.ts';

const EXAMPLES = path.join(REPOSITORY, 'examples');
const PROMPT = 'npx node ';

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
  const folders = readdirSync(EXAMPLES, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !['invalid', 'support'].includes(entry.name))
    .map((entry) => entry.name);
  assert.deepEqual(folders.sort(), SCENARIOS.map((scenario) => scenario.name).sort());
});

for (const scenario of SCENARIOS) {
  const folder = path.join(EXAMPLES, scenario.name);

  describe(scenario.name, () => {
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

    test('prints what its README shows', async () => {
      const environment = {
        MQTTGRID_ENDPOINT: up.endpoint(scenario.name),
        MQTTGRID_CERTIFICATES: up.certificates,
      };
      const blocks = commandBlocks(readFileSync(path.join(folder, 'README.md'), 'utf8'));
      // Those without an output go on until Ctrl-C.
      const checked = blocks.filter(({ output }) => output !== '');
      assert.ok(checked.some(({ command }) => command.endsWith('client.ts')));
      assert.ok(checked.some(({ command }) => command.includes(' explain ')));
      for (const { command, output } of checked) {
        assert.ok(command.startsWith(PROMPT), command);
        const parameters = command.slice(PROMPT.length).split(' ');
        const { stdout, stderr } = await runScript(parameters, environment);
        assert.equal(stdout, output, `${command}\n${stderr}`);
      }
    });

    test('leaves with exit code 0, twice in a row', async () => {
      const environment = {
        MQTTGRID_ENDPOINT: up.endpoint(scenario.name),
        MQTTGRID_CERTIFICATES: up.certificates,
      };
      const { code, stderr } = await runScript([path.join(folder, 'client.ts')], environment);
      assert.equal(code, 0, stderr);
    });

    for (const name of REQUIRED_PEERS) {
      for (const version of [4, 5] as const) {
        const protocol = version === 5 ? 'MQTT 5' : 'MQTT 3.1.1';
        test(`delivers and refuses as promised to ${name}, ${protocol}`, async (t) => {
          const peer = peers.find(name, t);
          if (peer !== undefined) await playScenario(scenario, { up, peer, version });
        });
      }
    }
  });
}
