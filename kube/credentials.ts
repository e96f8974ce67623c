import { Agent } from 'node:https';
import type { AgentOptions, RequestOptions } from 'node:https';
import { KubeConfig } from '@kubernetes/client-node';
import type { Clock } from '../control/clock.ts';

/**
 * A kubeconfig: the given file, or else what KUBECONFIG names, or `~/.kube/config`, or the
 * service account of the pod that this runs in.
 * @throws where there is none, or it names no server that is reached by https
 */
export function loadKubeConfig(file?: string): KubeConfig {
  const config = new KubeConfig();
  if (file !== undefined) config.loadFromFile(file);
  else config.loadFromDefault();
  serverUrl(config);
  return config;
}

/** @throws where it is not an https URL */
export function serverUrl(config: KubeConfig): URL {
  const server = config.getCurrentCluster()?.server;
  // Without any configuration client-node goes to http://localhost:8080.
  if (server === undefined || !URL.canParse(server) || new URL(server).protocol !== 'https:') {
    throw new Error(
      'no API server: set KUBECONFIG to a kubeconfig whose current context has an https server, ' +
        'or run in a pod with a service account',
    );
  }
  return new URL(server);
}

/** What goes with each request. */
export interface Credentials {
  readonly agent: NonNullable<RequestOptions['agent']>;
  readonly headers: Readonly<Record<string, string>>;
  /** User and password. */
  readonly auth: string | undefined;
}

/**
 * Reading them costs file reads or more, so not at each call; tokens and certificates are replaced
 * long before they expire. (client-node itself reads a token's file each minute.)
 */
const FRESH_MS = 10_000;

/** Shorter than the 90 s after which an API server closes a quiet connection that we might use. */
const IDLE_SOCKET_MS = 45_000;

/** Which material connections are made with. */
type TlsOptions = Pick<AgentOptions, 'ca' | 'cert' | 'key' | 'rejectUnauthorized' | 'servername'>;

const TLS_FIELDS = ['ca', 'cert', 'key', 'rejectUnauthorized', 'servername'] as const;

/** Credentials of a kubeconfig as they are now: tokens, plugins' answers, certificates in files. */
export class CredentialSource {
  readonly #config: KubeConfig;
  readonly #socketsMax: number;
  readonly #clock: Clock;
  #agent: Agent | undefined;
  #material: string | undefined;
  #current: { readonly untilMs: number; readonly credentials: Promise<Credentials> } | undefined;

  constructor(config: KubeConfig, socketsMax: number, clock: Clock) {
    this.#config = config;
    this.#socketsMax = socketsMax;
    this.#clock = clock;
  }

  current(): Promise<Credentials> {
    const nowMs = this.#clock.nowMs();
    if (this.#current === undefined || nowMs >= this.#current.untilMs) {
      const credentials = this.#load();
      this.#current = { untilMs: nowMs + FRESH_MS, credentials };
      // A failure is not kept: the next call tries again.
      credentials.catch(() => this.forget());
    }
    return this.#current.credentials;
  }

  /** The server does not accept them. */
  forget(): void {
    this.#current = undefined;
  }

  close(): void {
    this.#agent?.destroy();
  }

  async #load(): Promise<Credentials> {
    const options: RequestOptions = {};
    await this.#config.applyToHTTPSOptions(options);
    const headers = options.headers as Record<string, string> | undefined;
    const isProxied = this.#config.getCurrentCluster()?.proxyUrl !== undefined;
    return {
      // client-node's agents keep no connection open, and never look at the material again.
      agent: isProxied && options.agent ? options.agent : this.#agentFor(options),
      headers: headers ?? {},
      auth: options.auth ?? undefined,
    };
  }

  #agentFor(options: TlsOptions): Agent {
    const material = JSON.stringify(TLS_FIELDS.map((field) => options[field]));
    if (this.#agent === undefined || material !== this.#material) {
      const tls = Object.fromEntries(
        TLS_FIELDS.flatMap((field) =>
          options[field] === undefined ? [] : [[field, options[field]]],
        ),
      );
      this.#material = material;
      // The one before ends with the calls that still use it.
      this.#agent = new Agent({
        ...tls,
        keepAlive: true,
        maxSockets: this.#socketsMax,
        scheduling: 'lifo',
        timeout: IDLE_SOCKET_MS,
      });
    }
    return this.#agent;
  }
}
