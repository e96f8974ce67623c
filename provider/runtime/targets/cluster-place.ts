/** Which cluster is meant, from a kubeconfig that is found as `kubectl` finds it. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { dirname, resolve } from 'node:path';
import type * as ClientNode from '@kubernetes/client-node';
import { isRecord } from '../../../domain/validate/shape.ts';
import { failure, success, type Result } from '../../../domain/result.ts';
import { either, printable, quote } from '../../../domain/text.ts';
import type { TargetPlace } from '../declaration.ts';
import type { Fault } from './target.ts';

export type ClusterPlace = NonNullable<TargetPlace['cluster']>;

export interface Cluster {
  readonly config: ClientNode.KubeConfig;
  /** Of the API server, without a slash at its end. */
  readonly server: string;
  readonly namespace: string;
  /** For people. */
  readonly context: string;
}

/** What client-node calls the context that it makes up where it finds none. */
const NOTHING_FOUND = 'loaded-context';

/** So many contexts are told of to who names one that is not there. */
const CONTEXTS_SHOWN_MAX = 20;

/** Loading client-node takes half a second, which only programs with a cluster shall pay. */
function newKubeConfig(): ClientNode.KubeConfig {
  const load = createRequire(import.meta.url);
  const clientNode = load('@kubernetes/client-node') as typeof ClientNode;
  return new clientNode.KubeConfig();
}

export function resolveCluster(place: ClusterPlace): Result<Cluster, Fault> {
  const config = newKubeConfig();
  const source = sourceOf(place.kubeconfig);
  const fault = load(config, place.kubeconfig, source);
  if (fault !== undefined) return failure(fault);
  const names = (config.getContexts() ?? []).map(({ name }) => name);
  const context = place.context ?? config.getCurrentContext();
  if (!names.includes(context)) return failure(noContext(source, context, names));
  config.setCurrentContext(context);
  const server = serverOf(config);
  if (server === undefined) return failure(noServer(source, context));
  const { namespace } = config.getContextObject(context) ?? {};
  return success({
    config,
    server,
    namespace: place.namespace ?? (namespace?.trim() || 'default'),
    context,
  });
}

/** Longer than any path that somebody wrote; what else it is may be a secret. */
const PATH_SHOWN_MAX = 255;

/** For people: never a text, which may hold a key. */
function sourceOf(kubeconfig: string | undefined): string {
  if (kubeconfig === undefined) return process.env['KUBECONFIG'] || '~/.kube/config';
  const isPath = !isText(kubeconfig) && kubeconfig.length <= PATH_SHOWN_MAX;
  return isPath ? printable(kubeconfig) : 'that is given as text';
}

function isText(kubeconfig: string): boolean {
  return kubeconfig.includes('\n') || kubeconfig.includes('apiVersion');
}

function load(
  config: ClientNode.KubeConfig,
  kubeconfig: string | undefined,
  source: string,
): Fault | undefined {
  try {
    if (kubeconfig === undefined) {
      config.loadFromDefault();
    } else if (isText(kubeconfig)) {
      config.loadFromString(kubeconfig);
    } else {
      const file = resolve(kubeconfig.replace(/^~(?=$|[/\\])/, () => homedir()));
      config.loadFromString(readFileSync(file, 'utf8'));
      config.makePathsAbsolute(dirname(file));
    }
    return undefined;
  } catch (error) {
    return { message: `the kubeconfig ${source} ${whyUnread(error)}`, remedy: REMEDY };
  }
}

const REMEDY =
  'state mqttgrid:kubeconfig, set KUBECONFIG, or make mqttgrid:target directory, which needs none';

/** What a parser says of a text quotes it, and this one may hold a key. */
function whyUnread(error: unknown): string {
  const { code, mark } = error as { readonly code?: unknown; readonly mark?: unknown };
  if (code === 'ENOENT') return 'does not exist';
  if (typeof code === 'string') return `cannot be read (${code})`;
  const line = isRecord(mark) && typeof mark['line'] === 'number' ? mark['line'] + 1 : undefined;
  return `is not a kubeconfig${line === undefined ? '' : `: line ${line} is not YAML`}`;
}

function noContext(source: string, context: string | undefined, names: readonly string[]): Fault {
  const shown = names.slice(0, CONTEXTS_SHOWN_MAX).map(quote);
  if (shown.length === 0) {
    return { message: `the kubeconfig ${source} has no context`, remedy: REMEDY };
  }
  return {
    message: context
      ? `the kubeconfig ${source} has no context ${quote(context)}`
      : `the kubeconfig ${source} has no current context`,
    remedy: `make mqttgrid:context ${either(shown)}`,
  };
}

function noServer(source: string, context: string): Fault {
  if (context === NOTHING_FOUND) {
    const message = 'no cluster: there is no KUBECONFIG, no ~/.kube/config and no service account';
    return { message, remedy: REMEDY };
  }
  return {
    message: `context ${quote(context)} of the kubeconfig ${source} has no https server`,
    remedy: 'give its cluster the https URL of an API server',
  };
}

/** Without any configuration client-node goes to http://localhost:8080. */
function serverOf(config: ClientNode.KubeConfig): string | undefined {
  const server = config.getCurrentCluster()?.server;
  if (server === undefined || !URL.canParse(server)) return undefined;
  const { protocol, origin, pathname } = new URL(server);
  return protocol === 'https:' ? `${origin}${pathname}`.replace(/\/+$/, '') : undefined;
}
