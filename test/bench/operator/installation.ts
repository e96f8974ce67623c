/**
 * What is measured: an API server, the operator and two brokers, each a process of its own. No
 * kubelet runs anything: what one would do is done here.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../../control/clock.ts';
import { loadKubeConfig } from '../../../kube/credentials.ts';
import type { KubeObject, ObjectName } from '../../../kube/kube-api.ts';
import { KubeClient } from '../../../kube/kube-client.ts';
import { PODS, SECRETS, STATEFUL_SETS } from '../../../operator/namespace/workload/owned-types.ts';
import type { StatefulSet } from '../../../operator/namespace/workload/stateful-set.ts';
import { NAMESPACES } from '../../support/api-client.ts';
import { startApiServer, type ApiServer } from '../../support/api-server.ts';
import { eventually } from '../../support/within.ts';
import { GridProcess } from './grid-process.ts';

export const GRID = { namespace: 'factory', name: 'grid' } as const;
const SYSTEM = 'mqttgrid-system';
const BROKERS = ['grid-0', 'grid-1'];
/** The bench asks with as many calls at a time as keep an API server on two cores busy. */
export const CALLS_IN_FLIGHT = 16;
const APPEAR_MS = 60_000;
/** As NODE_OPTIONS of deploy/deployment.yaml is, with its limit of memory. */
const OPERATOR_NODE_OPTIONS = ['--max-semi-space-size=8', '--max-old-space-size=768'];

export class Installation {
  readonly server: ApiServer;
  readonly api: KubeClient;
  readonly #folder: string;
  readonly #operatorConfig: string;
  readonly #controlPort: number;
  readonly #profiles: string | undefined;
  #brokers: readonly GridProcess[] = [];
  #operator: GridProcess | undefined;

  private constructor(server: ApiServer, operatorConfig: string, parts: Parts) {
    this.server = server;
    this.api = parts.api;
    this.#folder = mkdtempSync(join(tmpdir(), 'mqttgrid-bench-'));
    this.#operatorConfig = operatorConfig;
    this.#controlPort = parts.controlPort;
    this.#profiles = parts.profiles;
  }

  static async open(profiles: string | undefined): Promise<Installation> {
    const server = await startApiServer();
    try {
      server.applyCrds();
      // Not of `system:masters`: whose calls no API server holds back.
      const operatorConfig = await server.kubeconfigFor({ commonName: 'operator' });
      server.kubectl(
        ...['create', 'clusterrolebinding', 'operator'],
        ...['--clusterrole=cluster-admin', '--user=operator'],
      );
      const api = new KubeClient({
        config: loadKubeConfig(server.kubeconfig),
        clock: systemClock,
        random: Math.random,
        limits: { inFlightMax: CALLS_IN_FLIGHT, writesPerSecond: 1e6, writesBurst: 1e6 },
      });
      for (const name of [GRID.namespace, SYSTEM]) {
        await api.create(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
      }
      const controlPort = await freePort();
      return new Installation(server, operatorConfig, { api, controlPort, profiles });
    } catch (error) {
      await server.stop();
      throw error;
    }
  }

  /** Undefined: it does not run. */
  get operator(): GridProcess {
    if (this.#operator === undefined) throw new Error('the operator does not run');
    return this.#operator;
  }

  /** Does not wait for anything. */
  startOperator(): GridProcess {
    const profiles = this.#profiles;
    this.#operator = new GridProcess(
      [
        'operator',
        ...['--kubeconfig', this.#operatorConfig, '--namespace', SYSTEM],
        ...['--broker-image', 'mqttgrid:bench', '--host', '127.0.0.1'],
        ...['--control-port', String(this.#controlPort)],
        ...['--webhook-port', '0', '--health-port', '0', '--metrics-port', '0'],
        ...['--log-level', 'debug'],
      ],
      [
        ...OPERATOR_NODE_OPTIONS,
        ...(profiles === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profiles}`]),
      ],
    );
    return this.#operator;
  }

  async stopOperator(): Promise<void> {
    await this.#operator?.stop();
    this.#operator = undefined;
  }

  /** With the certificates that the operator made, once it has. */
  async startBrokers(): Promise<void> {
    const control = await this.#certificate('grid-control');
    const server = await this.#certificate('grid-server');
    await this.#standInForKubelet();
    this.#brokers = BROKERS.map((pod) => {
      return new GridProcess([
        'broker',
        ...['--control-host', 'localhost', '--control-port', String(this.#controlPort)],
        ...['--server-certificate', server, '--control-certificate', control],
        ...['--data', join(this.#folder, pod), '--pod-name', pod, '--host', '127.0.0.1'],
        ...['--port', '0', '--health-port', '0', '--metrics-port', '0'],
      ]);
    });
  }

  get brokers(): number {
    return BROKERS.length;
  }

  async close(): Promise<void> {
    await Promise.all(this.#brokers.map((broker) => broker.stop()));
    await this.stopOperator();
    this.api.close();
    await this.server.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #certificate(name: string): Promise<string> {
    const object = { namespace: GRID.namespace, name };
    const { data } = await eventually(APPEAR_MS, `the Secret ${name}`, () => {
      return this.api.get<KubeObject & { readonly data: Record<string, string> }>(SECRETS, object);
    });
    const folder = join(this.#folder, name);
    mkdirSync(folder);
    for (const [file, base64] of Object.entries(data)) {
      writeFileSync(join(folder, file), Buffer.from(base64, 'base64'), { mode: 0o600 });
    }
    return folder;
  }

  /** A pod of the StatefulSet that is ready, or the operator would look for what is amiss. */
  async #standInForKubelet(): Promise<void> {
    const name: Required<ObjectName> = { namespace: GRID.namespace, name: BROKERS[0]! };
    const { spec } = await eventually(APPEAR_MS, 'the StatefulSet', () => {
      return this.api.get<StatefulSet>(STATEFUL_SETS, GRID);
    });
    const { metadata, spec: podSpec } = spec.template;
    const { labels = {}, annotations = {} } = metadata ?? {};
    const volumes = (podSpec?.volumes ?? []).concat({ name: 'data', emptyDir: {} });
    await this.api.create(PODS, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { ...name, labels, annotations },
      spec: { ...podSpec, volumes },
    } as KubeObject);
    const ready = { type: 'Ready', status: 'True' };
    await this.api.patch(
      PODS,
      name,
      { status: { conditions: [ready] } },
      { subresource: 'status' },
    );
  }
}

interface Parts {
  readonly api: KubeClient;
  readonly controlPort: number;
  readonly profiles: string | undefined;
}

/** Brokers have to find an operator again that was started anew. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((listening) => server.once('listening', listening));
  const { port } = server.address() as AddressInfo;
  await new Promise((closed) => server.close(closed));
  return port;
}
