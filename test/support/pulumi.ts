/** The real pulumi CLI on a stack of the test's own, without network. */
import { spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { killTree } from './process-tree.ts';
import {
  diagnosticsOf,
  normalised,
  operationsOf,
  type Diagnostic,
  type EngineEvent,
} from './pulumi-output.ts';
import { temporaryFolder } from './temporary-folder.ts';
import { REPOSITORY } from './up.ts';
import { within } from './within.ts';

/** A preview of few resources takes 3 s when the machine is quiet. */
const COMMAND_MS = 180_000;

const PROVIDER = /@pulumi\/pulumi\/cmd\/dynamic-provider/;

/** By which `fixtures/` are encrypted, too. */
const PASSPHRASE = 'mqttgrid';

export interface StackOptions {
  /** Text by path of a file of the program, such as `index.ts`. */
  readonly files?: Readonly<Record<string, string>>;
  /** A folder of the repository with a program, which is copied. */
  readonly program?: string;
  /** `mqttgrid:directory` and the like; of `secrets` the state has only ciphertext. */
  readonly config?: Readonly<Record<string, string>>;
  readonly secrets?: Readonly<Record<string, string>>;
  /** Name of the stack: `test` by default. */
  readonly stack?: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** Puts the packages where the program finds them; by default `linkPackages`. */
  readonly install?: (folder: string) => void | Promise<void>;
}

export interface PulumiResult {
  readonly code: number | null;
  /** Standard output, and then standard error, without what differs from run to run. */
  readonly text: string;
  /** As they were written. */
  readonly stdout: string;
  readonly stderr: string;
  /** Of commands that deploy. */
  readonly events: readonly EngineEvent[];
  /** `[['TopicSpace alerts', 'create']]`, in the order in which they began. */
  readonly operations: readonly (readonly [string, string])[];
  readonly diagnostics: readonly Diagnostic[];
}

export interface RunningPulumi {
  /** What it has printed so far. */
  printed(): string;
  /** As Ctrl-C does: what runs is finished, nothing new begun. A second time: at once. */
  interrupt(): void;
  /** As a machine that loses power does; the file backend may be left with half a checkpoint. */
  kill(): void;
  /** The process of mqttgrid's provider alone, in the middle of whatever it does. */
  killProvider(): void;
  readonly result: Promise<PulumiResult>;
}

/** As `pulumi stack export` prints it. */
export interface ExportedStack {
  readonly deployment: {
    readonly resources?: readonly ExportedResource[];
    readonly pending_operations?: readonly unknown[];
  };
}

export interface ExportedResource {
  readonly urn: string;
  readonly type: string;
  readonly id?: string;
  readonly inputs?: Readonly<Record<string, unknown>>;
  readonly outputs?: Readonly<Record<string, unknown>>;
  readonly initErrors?: readonly string[];
}

/** As a program that Pulumi's own template began. */
const FILES: Readonly<Record<string, string>> = {
  'Pulumi.yaml': 'name: test\nruntime: nodejs\n',
  'package.json': '{ "name": "test", "main": "index.ts" }\n',
  'tsconfig.json': JSON.stringify({
    compilerOptions: {
      strict: true,
      target: 'es2022',
      module: 'nodenext',
      moduleResolution: 'nodenext',
      types: ['node'],
    },
    files: ['index.ts'],
  }),
};

const DEPLOYING = ['preview', 'up', 'refresh', 'destroy'];
const QUIET = ['--non-interactive', '--color', 'never'];

export class Stack {
  /** Of the program. */
  readonly folder: string;
  readonly #home: string;
  readonly #environment: Readonly<Record<string, string>>;
  readonly #running = new Set<RunningPulumi>();
  #count = 0;

  constructor(t: TestContext, environment: Readonly<Record<string, string>>) {
    // Before the folder goes: hooks run in the order in which they came.
    t.after(() => {
      for (const command of this.#running) command.kill();
    });
    const root = temporaryFolder(t);
    this.folder = path.join(root, 'program');
    this.#home = path.join(root, 'home');
    for (const folder of ['program', 'home', 'state']) mkdirSync(path.join(root, folder));
    this.#environment = {
      ...inheritedEnvironment(),
      // Neither a kubeconfig nor credentials of whoever runs the tests.
      HOME: this.#home,
      PULUMI_HOME: this.#home,
      PULUMI_BACKEND_URL: `file://${path.join(root, 'state')}`,
      PULUMI_CONFIG_PASSPHRASE: PASSPHRASE,
      PULUMI_SKIP_UPDATE_CHECK: 'true',
      PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: 'true',
      // Without them there is no --event-log.
      PULUMI_DEBUG_COMMANDS: 'true',
      ...environment,
    };
  }

  write(name: string, text: string): void {
    const file = path.join(this.folder, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text);
  }

  preview(...flags: string[]): Promise<PulumiResult> {
    return this.run('preview', ...flags);
  }

  up(...flags: string[]): Promise<PulumiResult> {
    return this.run('up', '--yes', '--skip-preview', ...flags);
  }

  refresh(...flags: string[]): Promise<PulumiResult> {
    return this.run('refresh', '--yes', '--skip-preview', ...flags);
  }

  destroy(...flags: string[]): Promise<PulumiResult> {
    return this.run('destroy', '--yes', '--skip-preview', ...flags);
  }

  /** Secrets stay ciphertext. */
  async exported(): Promise<ExportedStack> {
    const { stdout } = await this.#succeeding('stack', 'export');
    return JSON.parse(stdout) as ExportedStack;
  }

  /** The state of one resource, by the name that the program gives it. */
  async exportedResource(name: string): Promise<ExportedResource | undefined> {
    const { deployment } = await this.exported();
    return deployment.resources?.find(({ urn }) => urn.endsWith(`::${name}`));
  }

  async outputs(): Promise<Record<string, unknown>> {
    const { stdout } = await this.#succeeding('stack', 'output', '--json');
    return JSON.parse(stdout) as Record<string, unknown>;
  }

  async configure(
    plain: Readonly<Record<string, string>>,
    secrets: Readonly<Record<string, string>> = {},
  ): Promise<void> {
    const pairs = [
      ...Object.entries(plain).map(([key, value]) => ['--plaintext', `${key}=${value}`]),
      ...Object.entries(secrets).map(([key, value]) => ['--secret', `${key}=${value}`]),
    ];
    if (pairs.length > 0) await this.#succeeding('config', 'set-all', ...pairs.flat());
  }

  async create(stack: string): Promise<void> {
    await this.#succeeding('stack', 'init', stack);
  }

  run(command: string, ...parameters: string[]): Promise<PulumiResult> {
    return this.start(command, ...parameters).result;
  }

  start(command: string, ...parameters: string[]): RunningPulumi {
    const eventLog = path.join(this.#home, `events-${this.#count++}.json`);
    const isDeploying = DEPLOYING.includes(command);
    const reporting = ['--event-log', eventLog, '--suppress-progress', '--suppress-permalink=true'];
    const line = [command, ...parameters, ...QUIET, ...(isDeploying ? reporting : [])];
    const child = spawn('pulumi', line, {
      cwd: this.folder,
      env: this.#environment,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    const closed = new Promise<number | null>((resolve) => child.once('close', resolve));
    const kill = (): void => {
      if (child.pid !== undefined && child.exitCode === null) killTree(child.pid);
    };
    const resultOf = async (): Promise<PulumiResult> => {
      try {
        const code = await within(COMMAND_MS, `pulumi ${line.join(' ')}`, closed);
        return this.#resultOf({ code, stdout, stderr }, isDeploying ? eventLog : undefined);
      } catch (error) {
        kill();
        throw new Error(`it printed:\n${stdout}\n${stderr}`, { cause: error });
      } finally {
        this.#running.delete(running);
      }
    };
    const running: RunningPulumi = {
      printed: () => stdout + stderr,
      interrupt: () => void child.kill('SIGINT'),
      kill,
      killProvider: () => {
        if (child.pid !== undefined) killTree(child.pid, (command) => PROVIDER.test(command));
      },
      result: resultOf(),
    };
    this.#running.add(running);
    return running;
  }

  #resultOf(
    { code, stdout, stderr }: Pick<PulumiResult, 'code' | 'stdout' | 'stderr'>,
    eventLog: string | undefined,
  ): PulumiResult {
    const events = eventLog === undefined ? [] : readEvents(eventLog);
    const names = new Map([
      [this.folder, 'PROGRAM'],
      [path.dirname(this.folder), 'TEMPORARY'],
      [REPOSITORY, 'REPOSITORY'],
    ]);
    const text = normalised(stdout + stderr, names);
    const operations = operationsOf(events);
    return { code, text, stdout, stderr, events, operations, diagnostics: diagnosticsOf(events) };
  }

  async #succeeding(command: string, ...parameters: string[]): Promise<PulumiResult> {
    const result = await this.run(command, ...parameters);
    if (result.code === 0) return result;
    throw new Error(`pulumi ${command} ended with ${result.code}:\n${result.text}`);
  }
}

/** @throws where there is no pulumi, with what to do about it */
export async function openStack(t: TestContext, options: StackOptions): Promise<Stack> {
  requirePulumi();
  const stack = new Stack(t, options.environment ?? {});
  if (options.program !== undefined) {
    cpSync(path.join(REPOSITORY, options.program), stack.folder, { recursive: true });
  }
  for (const [name, text] of Object.entries(FILES)) {
    if (!existsSync(path.join(stack.folder, name))) stack.write(name, text);
  }
  for (const [name, text] of Object.entries(options.files ?? {})) stack.write(name, text);
  await (options.install ?? linkPackages)(stack.folder);
  await stack.create(options.stack ?? 'test');
  await stack.configure(options.config ?? {}, options.secrets);
  return stack;
}

/** What `npm run build` made, as if it were installed. */
export function linkPackages(folder: string): void {
  if (!existsSync(path.join(REPOSITORY, 'dist'))) throw new Error('no dist/: npm run build');
  const linked = ['@pulumi/pulumi', '@types/node', 'typescript'];
  const targets = linked.map((name) => [name, `${REPOSITORY}/node_modules/${name}`] as const);
  for (const [name, target] of [...targets, ['mqttgrid', REPOSITORY] as const]) {
    const link = path.join(folder, 'node_modules', name);
    mkdirSync(path.dirname(link), { recursive: true });
    symlinkSync(target, link, 'dir');
  }
}

function requirePulumi(): void {
  const { error, status } = spawnSync('pulumi', ['version'], { encoding: 'utf8' });
  if (error === undefined && status === 0) return;
  throw new Error(
    'no pulumi: put a folder on PATH that has the CLI, pulumi-language-nodejs and ' +
      'pulumi-resource-pulumi-nodejs, as https://www.pulumi.com/docs/install/ installs them',
  );
}

/** With the Node that runs the test first; Pulumi's settings of others mean other stacks. */
function inheritedEnvironment(): Record<string, string> {
  const inherited = Object.entries(process.env).flatMap(([name, value]) =>
    value === undefined || name.startsWith('PULUMI_') || name === 'KUBECONFIG'
      ? []
      : [[name, value] as const],
  );
  const nodeFirst = `${path.dirname(process.execPath)}${path.delimiter}${process.env['PATH']}`;
  return { ...Object.fromEntries(inherited), PATH: nodeFirst };
}

function readEvents(file: string): EngineEvent[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as EngineEvent);
}
