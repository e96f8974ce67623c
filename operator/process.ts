/** The operator as a process: its servers, its certificates, and the API server it talks to. */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { KubeConfig } from '@kubernetes/client-node';
import type { Logger } from 'pino';
import { serveHttp, type Routes } from '../health/http-server.ts';
import { Authority } from './authority/authority.ts';
import { keepWebhookTrusted } from './authority/webhook-trust.ts';
import type { Clock } from '../control/clock.ts';
import type { CallLimits } from '../kube/call-limiter.ts';
import { KubeClient } from '../kube/kube-client.ts';
import { PODS } from './namespace/workload/owned-types.ts';
import type { Pod } from './namespace/workload/pods.ts';
import { KubeWorkloads } from './namespace/workload/workload.ts';
import { Observation } from './observation.ts';
import { Operator } from './operator.ts';
import { openAdmissionServer, openControlServer } from './servers.ts';

export interface OperatorProcessOptions {
  readonly config: KubeConfig;
  /** The Kubernetes namespace that it runs in. */
  readonly namespace: string;
  /** Its pod, where it runs in one. */
  readonly podName?: string | undefined;
  /** Of the brokers; its own where absent. */
  readonly brokerImage?: string | undefined;
  /** Where brokers find the control stream. */
  readonly controlHost: string;
  readonly host: string;
  /** 0: any that is free. */
  readonly ports: {
    readonly control: number;
    readonly webhook: number;
    readonly health: number;
    readonly metrics: number;
  };
  readonly limits?: Partial<CallLimits> | undefined;
  readonly mqttNamespacesMax?: number | undefined;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
}

export interface OperatorProcess {
  readonly operator: Operator;
  readonly ports: OperatorProcessOptions['ports'];
  /** Lets another replica lead, then ends; brokers serve on. */
  stop(): Promise<void>;
}

const LEASE_NAME = 'mqttgrid-operator';

/** Rejects where the API server does not let it start, or a port is taken. */
export async function startOperatorProcess(
  options: OperatorProcessOptions,
): Promise<OperatorProcess> {
  const { config, clock, random, logger, namespace } = options;
  const identity = `${options.podName ?? hostname()}_${randomUUID()}`;
  const observation = new Observation({ identity, clock, random, logger });
  const { registry, countCall, queueObserver } = observation;
  const api = new KubeClient({ config, clock, random, limits: options.limits, countCall });
  // Renewing the Lease must not wait behind thousands of writes.
  const electionApi = new KubeClient({ config, clock, random, countCall });
  const authority = new Authority({ api, namespace, clock, log: logger });
  await authority.start();
  const settings = {
    image: options.brokerImage ?? (await ownImage(api, options)),
    operatorNamespace: namespace,
    controlHost: options.controlHost,
    controlPort: options.ports.control,
  };
  const operator = new Operator({
    api,
    electionApi,
    lease: { namespace, name: LEASE_NAME },
    identity,
    workloads: (parts) => new KubeWorkloads({ ...parts, authority, clock, settings }),
    events: (parts) => observation.eventsOf(parts),
    queueObserver,
    clock,
    random,
    logger,
    mqttNamespacesMax: options.mqttNamespacesMax,
  });
  observation.watch(operator, LEASE_NAME);
  const servers = { ...options, operator, authority };
  const control = await openControlServer(servers, options.ports.control);
  const webhook = await openAdmissionServer(servers, options.ports.webhook);
  const health = await serveHttp(options.host, options.ports.health, probes(operator));
  const metrics = await serveHttp(options.host, options.ports.metrics, {
    '/metrics': async () => ({
      status: 200,
      type: registry.contentType,
      body: await registry.metrics(),
    }),
  });
  const endTrust = keepWebhookTrusted({ api, authority, clock, log: logger });
  // Followers answer admission and wait; nothing else depends on the caches being complete.
  const started = operator.start();
  return {
    operator,
    ports: {
      control: control.port,
      webhook: webhook.port,
      health: health.port,
      metrics: metrics.port,
    },
    async stop() {
      endTrust();
      await operator.stop();
      await started;
      observation.stop();
      await Promise.all([control, webhook, health, metrics].map((server) => server.close()));
      authority.close();
      api.close();
      electionApi.close();
    },
  };
}

function probes(operator: Operator): Routes {
  return {
    '/healthz': () => ({ status: 200, body: 'ok' }),
    // Followers too: they answer the webhook, and may lead at any moment.
    '/readyz': () =>
      operator.isSynced
        ? { status: 200, body: 'ok' }
        : { status: 503, body: 'what the cluster declares is not all read yet' },
  };
}

/** Brokers are run from the image that the operator was installed as, however it is called. */
async function ownImage(api: KubeClient, options: OperatorProcessOptions): Promise<string> {
  const { namespace, podName: name } = options;
  const pod = name === undefined ? undefined : await api.get<Pod>(PODS, { namespace, name });
  const image = pod?.spec?.containers[0]?.image;
  if (image !== undefined) return image;
  throw new Error(
    "there is no pod to take the brokers' image from: name it with --broker-image, or run in a " +
      'pod with POD_NAME and POD_NAMESPACE',
  );
}
