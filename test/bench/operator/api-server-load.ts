/** How busy the API server is kept, by its own metrics. */
import { setTimeout as delay } from 'node:timers/promises';
import { systemClock } from '../../../control/clock.ts';
import { CredentialSource, loadKubeConfig, serverUrl } from '../../../kube/credentials.ts';
import { exchange } from '../../../kube/transport.ts';

const WRITES = /^apiserver_request_total\{(.*verb="(?:APPLY|DELETE|PATCH|POST|PUT)".*)\} (\S+)$/gm;
const IN_FLIGHT = /^apiserver_current_inflight_requests\{request_kind="mutating"\} (\S+)$/m;
/** A leader renews its Lease, and the server says where it is itself. */
const ALL_THE_TIME = ['leases', 'endpoints', 'endpointslices'];
/** The server itself looks once a second at the most that it had in flight. */
const SAMPLE_MS = 1000;
const TIMEOUT_MS = 30_000;

export class ApiServerLoad {
  readonly #server: URL;
  readonly #credentials: CredentialSource;

  constructor(kubeconfig: string) {
    const config = loadKubeConfig(kubeconfig);
    this.#server = serverUrl(config);
    this.#credentials = new CredentialSource(config, 1, systemClock);
  }

  close(): void {
    this.#credentials.close();
  }

  /** Calls so far that write, by what, but for those that are made all the time. */
  async writes(): Promise<ReadonlyMap<string, number>> {
    const counts = new Map<string, number>();
    for (const [, labels = '', count] of (await this.#metrics()).matchAll(WRITES)) {
      const of = (label: string): string =>
        new RegExp(`\\b${label}="(.*?)"`).exec(labels)?.[1] ?? '';
      if (ALL_THE_TIME.includes(of('resource'))) continue;
      const what = `${of('verb')} ${of('resource')} ${of('subresource')}`.trim();
      counts.set(what, (counts.get(what) ?? 0) + Number(count));
    }
    return counts;
  }

  /** Those since `before`. */
  async writesSince(before: ReadonlyMap<string, number>): Promise<ReadonlyMap<string, number>> {
    const since = [...(await this.writes())].map(([what, count]) => {
      return [what, count - (before.get(what) ?? 0)] as const;
    });
    return new Map(since.filter(([, count]) => count > 0));
  }

  /** The most calls that write which it had in flight while `work` was done. */
  async inFlightDuring<Value>(
    work: Promise<Value>,
  ): Promise<{ readonly value: Value; readonly inFlightMax: number }> {
    let isOver = false;
    let inFlightMax = 0;
    const sampling = (async (): Promise<void> => {
      while (!isOver) {
        const text = await this.#metrics();
        inFlightMax = Math.max(inFlightMax, Number(IN_FLIGHT.exec(text)?.[1] ?? 0));
        await delay(SAMPLE_MS);
      }
    })();
    const value = await work.finally(() => (isOver = true));
    await sampling;
    return { value, inFlightMax };
  }

  async #metrics(): Promise<string> {
    const call = { method: 'GET', path: '/metrics' } as const;
    const wait = { clock: systemClock, timeoutMs: TIMEOUT_MS };
    const credentials = await this.#credentials.current();
    return (await exchange(this.#server, call, credentials, wait)).text;
  }
}
