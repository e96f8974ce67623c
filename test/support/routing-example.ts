/** The example of routing, served from a copy that a test may change. */
import { spawn } from 'node:child_process';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { runScript } from './run-command.ts';
import { temporaryFolder } from './temporary-folder.ts';
import { REPOSITORY, startUp } from './up.ts';
import type { Up } from './up.ts';
import { eventually } from './within.ts';

export const ROUTING = path.join(REPOSITORY, 'examples/routing');
/** Generous: retries wait, and the machine that runs the tests may be busy. */
const EVENTUALLY_MS = 60_000;

export interface RoutingExample {
  readonly up: Up;
  /** What `--data` is. */
  readonly data: string;
  /** As `cp` of the README does, with one text in it replaced by another. */
  readonly copy: (manifest: string, replaced?: readonly [string, string]) => Promise<void>;
  /** @throws where client.ts fails */
  readonly runClient: () => Promise<void>;
}

export async function serveRoutingExample(t: TestContext): Promise<RoutingExample> {
  const folder = temporaryFolder(t);
  const [manifests, data] = [path.join(folder, 'manifests'), path.join(folder, 'data')];
  cpSync(ROUTING, manifests, { recursive: true });
  const up = await startUp(manifests, data);
  t.after(() => up.stop());
  return {
    up,
    data,
    async copy(manifest, replaced) {
      const text = routingManifest(manifest, replaced);
      const added = up.next(({ event }) => event === 'change');
      writeFileSync(path.join(manifests, `${manifest}.yaml`), text);
      await added;
    },
    runClient: () => runRoutingClient(up.endpoint('routing'), up.certificates),
  };
}

/** The EventSubscription in a folder of the example, with one text in it replaced by another. */
export function routingManifest(
  folder: string,
  [text, other]: readonly [string, string] = ['', ''],
): string {
  const source = readFileSync(path.join(ROUTING, folder, 'event-subscription.yaml'), 'utf8');
  if (!source.includes(text)) throw new Error(`${folder} does not hold ${text}`);
  return source.replace(text, other);
}

/** @throws where client.ts fails */
export async function runRoutingClient(endpoint: string, certificates: string): Promise<void> {
  const { code, stderr } = await runScript([path.join(ROUTING, 'client.ts')], {
    MQTTGRID_ENDPOINT: endpoint,
    MQTTGRID_CERTIFICATES: certificates,
  });
  if (code !== 0) throw new Error(stderr);
}

export interface RunningReceiver {
  readonly port: number;
  /** The next so many lines of what it prints; it has not printed more. */
  readonly lines: (count: number) => Promise<readonly string[]>;
  readonly stop: () => Promise<void>;
}

/** receiver.ts of the example. */
export async function runReceiver(t: TestContext, port = 0): Promise<RunningReceiver> {
  const child = spawn(process.execPath, [path.join(ROUTING, 'receiver.ts')], {
    env: { ...process.env, PORT: String(port) },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const stop = async (): Promise<void> => {
    child.kill();
    await ended;
  };
  t.after(stop);
  const line = await eventually(EVENTUALLY_MS, 'the receiver', () => /^.*\n/.exec(text)?.[0]);
  const told = Number(/receiving on port (\d+)/.exec(line)?.[1]);
  return {
    port: told,
    async lines(count) {
      await eventually(EVENTUALLY_MS, `${count} lines of the receiver`, () =>
        text.split('\n').length > count + 1 ? true : undefined,
      );
      const printed = text.split('\n').slice(1, -1);
      text = line;
      return printed;
    },
    stop,
  };
}
