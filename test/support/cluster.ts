/**
 * A cluster with nodes, for tests of the whole: KUBECONFIG names it, MQTTGRID_IMAGE what its nodes
 * run. It is driven by kubectl, as users do, and all of it is the tests': they install and
 * uninstall mqttgrid.
 */
import { execFile } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import type { KstatusObject } from './kstatus.ts';

/** Anything that kubectl waits for: images are there, so pods start in seconds. */
const KUBECTL_MS = 180_000;
/** A list of a kind with all of an object's text. */
const OUTPUT_BYTES_MAX = 64 * 1024 * 1024;
const POLL_MS = 200;

export const OPERATOR_NAMESPACE = 'mqttgrid-system';

export interface ClusterObject extends KstatusObject {
  readonly apiVersion: string;
  readonly metadata: KstatusObject['metadata'] & {
    readonly name: string;
    readonly namespace?: string;
    readonly uid: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly ownerReferences?: readonly { readonly kind: string; readonly uid: string }[];
  };
}

function setting(name: string, what: string): string {
  const value = process.env[name];
  if (value !== undefined && value !== '') return value;
  throw new Error(`${name} is not set: it is to name ${what}; docs/HACKING.md has how to run this`);
}

/** @throws where there is no cluster to test on, rather than have tests that test nothing */
export function clusterImage(): string {
  setting('KUBECONFIG', 'the kubeconfig of a cluster that mqttgrid is installed into and removed');
  return setting(
    'MQTTGRID_IMAGE',
    "the image of deploy/build-image, which the cluster's nodes have",
  );
}

export interface Outcome {
  /** 0: it did what it was told. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ToolOptions {
  readonly input?: string;
  readonly environment?: Readonly<Record<string, string>>;
}

/** Runs kubectl or helm on the cluster; the exit code is for the caller to judge. */
export function runTool(
  tool: string,
  parameters: readonly string[],
  { input = '', environment = {} }: ToolOptions = {},
): Promise<Outcome> {
  clusterImage();
  return new Promise((resolve, reject) => {
    const options = {
      timeout: KUBECTL_MS,
      maxBuffer: OUTPUT_BYTES_MAX,
      env: { ...process.env, ...environment },
    };
    const child = execFile(tool, parameters, options, (error, stdout, stderr) => {
      const code = error === null ? 0 : error.code;
      if (typeof code === 'number') resolve({ code, stdout, stderr });
      else reject(new Error(`${tool} ${parameters.join(' ')}: ${stderr}`, { cause: error }));
    });
    // It may end without having read what it was given.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input);
  });
}

/** @throws with what it wrote to standard error where it fails */
export async function kubectl(...parameters: readonly string[]): Promise<string> {
  return succeeded('kubectl', parameters, await runTool('kubectl', parameters));
}

export function succeeded(
  tool: string,
  parameters: readonly string[],
  { code, stdout, stderr }: Outcome,
): string {
  if (code === 0) return stdout;
  throw new Error(`${tool} ${parameters.join(' ')} ended with ${code}:\n${stderr}${stdout}`);
}

/** `kubectl apply` of the text of a manifest, in a Kubernetes namespace. */
export async function applyText(namespace: string, manifest: string): Promise<string> {
  const parameters = ['-n', namespace, 'apply', '-f', '-'];
  return succeeded(
    'kubectl',
    parameters,
    await runTool('kubectl', parameters, { input: manifest }),
  );
}

/** `reference` is `kind/name`. Undefined: there is none. */
export async function find<T = ClusterObject>(
  namespace: string,
  reference: string,
): Promise<T | undefined> {
  const text = await kubectl(
    ...['-n', namespace, 'get', reference, '-o', 'json', '--ignore-not-found'],
  );
  return text === '' ? undefined : (JSON.parse(text) as T);
}

export async function get<T = ClusterObject>(namespace: string, reference: string): Promise<T> {
  const found = await find<T>(namespace, reference);
  if (found === undefined) throw new Error(`there is no ${reference} in ${namespace}`);
  return found;
}

export async function list<T = ClusterObject>(
  ...parameters: readonly string[]
): Promise<readonly T[]> {
  const text = await kubectl('get', ...parameters, '-o', 'json');
  return (JSON.parse(text) as { readonly items: readonly T[] }).items;
}

/** `kubectl wait`, which ends the test where the condition does not come. */
export async function waitFor(
  namespace: string,
  references: readonly string[],
  condition: string,
  timeoutSeconds = 90,
): Promise<void> {
  await kubectl(
    ...['-n', namespace, 'wait', `--for=condition=${condition}`, ...references],
    `--timeout=${timeoutSeconds}s`,
  );
}

/** Asks the cluster again and again. @throws where `find` finds nothing within `timeoutMs` */
export async function eventuallyFinds<Value>(
  timeoutMs: number,
  what: string,
  search: () => Promise<Value | undefined>,
): Promise<Value> {
  const deadlineMs = performance.now() + timeoutMs;
  for (;;) {
    const value = await search();
    if (value !== undefined) return value;
    if (performance.now() > deadlineMs) throw new Error(`${what}: not within ${timeoutMs} ms`);
    await delay(POLL_MS);
  }
}
