import { Command, Option } from 'commander';
import { destination, pino } from 'pino';
import { printable } from '../domain/text.ts';
import { systemClock } from '../control/clock.ts';
import { Pod } from '../pod/pod.ts';
import { endOnSignal, endWith } from './end-on-signal.ts';
import { ExitCode } from './exit-code.ts';
import { LOG_LEVELS, parsePort } from './options.ts';
import { random } from '../control/random.ts';
import { writeError } from './render.ts';

const HELP = `
Serves one MqttNamespace, as the operator tells it to. The operator deploys it: nobody else needs to
run it, but to look into a pod that does not do what it should.

It opens one stream to the operator that leads, with a certificate by which the operator knows whose
broker it is, and puts in force what comes on it: on open connections too, as a whole or not at all,
never an older version. The last good snapshot lies in the folder of --data: without an operator it
serves that after 3 seconds, and goes on trying. Nothing that happens to the operator disturbs
clients.

Folders of certificates, followed as Kubernetes replaces them:
  --server-certificate   tls.crt, tls.key            shown to MQTT clients
  --control-certificate  tls.crt, tls.key, ca.crt    shown to the operator, and by whom to know it

The file of --destination-secrets holds, as JSON, what destinations of events authenticate with. It
is followed, too; without it events to destinations that need it wait.

The folder of --data:
  sessions.db      sessions, subscriptions, queued QoS 1 messages and events to be delivered
  snapshot.jsonl   the last good snapshot, and the changes since

For probes and Prometheus:
  /healthz on --health-port     200 while the process runs
  /readyz on --health-port      200 when it serves what is current; or 503, and why it does not
  /metrics on --metrics-port    mqttgrid_broker_connections, mqttgrid_broker_snapshot_counter, ...

SIGTERM and SIGINT end it: it answers what it took, and tells MQTT 5 clients 0x8B. Logs are JSON
lines on standard output.

Exit codes: 0 ended as asked, 1 it could not go on, 2 it could not start.

Examples:
  kubectl -n factory logs plant-0
  kubectl -n factory port-forward plant-0 8081 & curl localhost:8081/readyz
  mqttgrid broker --control-host localhost --pod-name plant-0 --data /tmp/plant \\
    --server-certificate certs/server --control-certificate certs/control`;

interface Options {
  readonly controlHost: string;
  readonly controlPort: number;
  readonly data: string;
  readonly serverCertificate: string;
  readonly controlCertificate: string;
  readonly destinationSecrets: string;
  readonly host: string;
  readonly port: number;
  readonly healthPort: number;
  readonly metricsPort: number;
  readonly podName: string;
  readonly logLevel: string;
}

async function serve(options: Options): Promise<void> {
  const logger = pino({ level: options.logLevel }, destination({ dest: 1, sync: true }));
  const fatal = Promise.withResolvers<unknown>();
  let pod: Pod;
  try {
    pod = await Pod.start({
      pod: options.podName,
      controlHost: options.controlHost,
      controlPort: options.controlPort,
      controlCertificateFolder: options.controlCertificate,
      serverCertificateFolder: options.serverCertificate,
      destinationSecretsFile: options.destinationSecrets,
      dataFolder: options.data,
      host: options.host,
      port: options.port,
      healthPort: options.healthPort,
      metricsPort: options.metricsPort,
      clock: systemClock,
      random,
      logger,
      onFatal: fatal.resolve,
    });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    writeError(printable(`this broker cannot start: ${why}`));
    process.exitCode = ExitCode.Usage;
    return;
  }
  endOnSignal((signal) => {
    logger.info({ signal }, 'this broker ends');
    return pod.close();
  });
  const [healthPort, metricsPort] = pod.httpPorts;
  logger.info({ pod: options.podName, healthPort, metricsPort }, 'this broker started');
  const error = await fatal.promise;
  logger.fatal({ error }, 'this broker cannot go on');
  endWith(ExitCode.Failed, () => pod.close());
}

export function brokerCommand(): Command {
  return new Command('broker')
    .description('Serve one MqttNamespace in a pod, as the operator says.')
    .requiredOption('--control-host <name>', 'of the operator; all its addresses are tried')
    .option('--control-port <port>', 'of the operator', parsePort, 8884)
    .option('--data <folder>', 'where sessions and the last snapshot are kept', '/var/lib/mqttgrid')
    .option('--server-certificate <folder>', 'of the listener', '/etc/mqttgrid/server')
    .option('--control-certificate <folder>', 'of the stream', '/etc/mqttgrid/control')
    .option(
      '--destination-secrets <file>',
      'what destinations of events authenticate with',
      '/etc/mqttgrid/destinations/secrets.json',
    )
    .addOption(new Option('--host <address>', 'address to listen on').default('', 'all'))
    .option('--port <port>', 'of MQTT over TLS', parsePort, 8883)
    .option('--health-port <port>', 'of /healthz and /readyz', parsePort, 8081)
    .option('--metrics-port <port>', 'of /metrics', parsePort, 8080)
    .addOption(
      new Option('--pod-name <name>', 'what the operator calls it')
        .env('POD_NAME')
        .makeOptionMandatory(),
    )
    .addOption(
      new Option('--log-level <level>', 'of the log on standard output')
        .choices(LOG_LEVELS)
        .default('info'),
    )
    .addHelpText('after', HELP)
    .action(serve);
}
