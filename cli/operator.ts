import { Command, InvalidArgumentError, Option } from 'commander';
import { destination, pino } from 'pino';
import { MQTT_NAMESPACES_MAX } from '../domain/limits.ts';
import { printable } from '../domain/text.ts';
import { systemClock } from '../control/clock.ts';
import { CALL_LIMITS_DEFAULT } from '../kube/call-limiter.ts';
import { loadKubeConfig } from '../kube/credentials.ts';
import { startOperatorProcess } from '../operator/process.ts';
import { endOnSignal } from './end-on-signal.ts';
import { ExitCode } from './exit-code.ts';
import { LOG_LEVELS, parsePort } from './options.ts';
import { random } from '../control/random.ts';
import { writeError } from './render.ts';

const HELP = `
Follows what a Kubernetes cluster declares of mqttgrid.io/v1: judges it, runs broker pods for each
MqttNamespace, keeps them configured, and says in each object's status how it stands. Several
replicas may run: one leads, the others answer the admission webhook and wait.

It talks to the API server that its service account or --kubeconfig names, and needs the
permissions of deploy/operator-access.yaml. Brokers connect to it with certificates that it issues
itself; its authority is the Secret mqttgrid-authority of its namespace.

On the health port are /healthz and /readyz, on the metrics port is /metrics, for Prometheus.

Exit codes: 0 ended as asked, 2 it could not start.

Examples:
  kubectl apply -k deploy/                      what runs it in a cluster
  mqttgrid operator --kubeconfig ~/.kube/config --broker-image registry.example/mqttgrid:0.1.0
                                                on a laptop, for a cluster that can reach it at
                                                --control-host`;

interface Options {
  readonly kubeconfig?: string;
  readonly namespace: string;
  readonly podName?: string;
  readonly brokerImage?: string;
  readonly controlHost?: string;
  readonly host: string;
  readonly controlPort: number;
  readonly webhookPort: number;
  readonly healthPort: number;
  readonly metricsPort: number;
  readonly mqttNamespacesMax: number;
  readonly apiCallsInFlight: number;
  readonly apiWritesPerSecond: number;
  readonly logLevel: string;
}

/** More than any cluster takes, and still a number that somebody meant. */
const COUNT_MAX = 100_000;

function parseCount(text: string): number {
  const count = /^\d{1,6}$/.test(text) ? Number(text) : Number.NaN;
  if (count >= 1 && count <= COUNT_MAX) return count;
  throw new InvalidArgumentError(`It is a number from 1 to ${COUNT_MAX}.`);
}

async function operate(options: Options): Promise<void> {
  const logger = pino({ level: options.logLevel }, destination({ dest: 1, sync: true }));
  try {
    const { namespace, apiCallsInFlight, apiWritesPerSecond } = options;
    const started = await startOperatorProcess({
      config: loadKubeConfig(options.kubeconfig),
      namespace,
      podName: options.podName,
      brokerImage: options.brokerImage,
      controlHost: options.controlHost ?? `mqttgrid-control.${namespace}.svc`,
      host: options.host,
      ports: {
        control: options.controlPort,
        webhook: options.webhookPort,
        health: options.healthPort,
        metrics: options.metricsPort,
      },
      limits: {
        inFlightMax: apiCallsInFlight,
        writesPerSecond: apiWritesPerSecond,
        // Two seconds' worth, as CALL_LIMITS_DEFAULT has it.
        writesBurst: 2 * apiWritesPerSecond,
      },
      mqttNamespacesMax: options.mqttNamespacesMax,
      clock: systemClock,
      random,
      logger,
    });
    endOnSignal(() => started.stop());
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    writeError(printable(`the operator could not start: ${why}`));
    process.exit(ExitCode.Usage);
  }
}

export function operatorCommand(): Command {
  return new Command('operator')
    .description('Run the control plane of a Kubernetes cluster.')
    .option('--kubeconfig <file>', 'of the API server; the service account, or $KUBECONFIG, else')
    .addOption(
      new Option('--namespace <name>', 'Kubernetes namespace of the Lease and the authority')
        .env('POD_NAMESPACE')
        .default('mqttgrid-system'),
    )
    .addOption(
      new Option('--pod-name <name>', 'of this replica, whose image brokers get').env('POD_NAME'),
    )
    .addOption(
      new Option('--broker-image <image>', 'of brokers; its own where it runs in a pod').env(
        'MQTTGRID_BROKER_IMAGE',
      ),
    )
    .option('--control-host <host>', 'by which brokers find it (default: its Service)')
    .option('--host <address>', 'address to listen on', '::')
    .option('--control-port <port>', 'that brokers connect to', parsePort, 8884)
    .option('--webhook-port <port>', 'that the API server asks for admission', parsePort, 9443)
    .option('--health-port <port>', 'of /healthz and /readyz', parsePort, 8081)
    .option('--metrics-port <port>', 'of /metrics', parsePort, 8080)
    .option(
      '--mqtt-namespaces-max <count>',
      'MqttNamespaces in one Kubernetes namespace',
      parseCount,
      MQTT_NAMESPACES_MAX,
    )
    .option(
      '--api-calls-in-flight <count>',
      'calls to the API server at a time',
      parseCount,
      CALL_LIMITS_DEFAULT.inFlightMax,
    )
    .option(
      '--api-writes-per-second <count>',
      'writes to the API server, in the long run',
      parseCount,
      CALL_LIMITS_DEFAULT.writesPerSecond,
    )
    .addOption(
      new Option('--log-level <level>', 'of the log on standard output')
        .choices(LOG_LEVELS)
        .default('info'),
    )
    .addHelpText('after', HELP)
    .action(operate);
}
