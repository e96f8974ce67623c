import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { Command, Option } from 'commander';
import { destination, pino } from 'pino';
import { failure, success } from '../domain/result.ts';
import type { Result } from '../domain/result.ts';
import { printable } from '../domain/text.ts';
import { systemClock } from '../standalone/clock.ts';
import type { ServerTls } from '../standalone/listeners.ts';
import type { StandaloneEvent } from '../standalone/standalone-events.ts';
import { startStandalone } from '../standalone/standalone.ts';
import type { Standalone } from '../standalone/standalone.ts';
import { demonstrate } from './demo.ts';
import { endOnSignal } from './end-on-signal.ts';
import { ExitCode } from './exit-code.ts';
import { eventJson, writeJsonLine } from './json-lines.ts';
import { LOG_LEVELS, outputOption, parsePort } from './options.ts';
import type { OutputFormat } from './options.ts';
import { styled, writeError, writeLine } from './render.ts';
import { deliveryText, eventText, readyText } from './up-text.ts';
import { validate } from './validate.ts';

const HELP = `
Serves every MqttNamespace that the folder declares, each on a port of its own, and follows the
folder: a change is in force on open connections within a quarter of a second. What is wrong is
told with file, line and column; everything else is served. Ctrl-C ends it.

What the next start needs lies in the folder of --data:
  sessions/<namespace>/<MqttNamespace>/  sessions, subscriptions and queued QoS 1 messages; stays
                                         when the MqttNamespace goes, until you delete it
  state/                                 which object is the older, where two are in conflict
  certificates/                          the development CA and what it issued
  secrets/                               yours to make, if a destination of events names a Secret: a
                                         folder of its name, with a file for each key
                                           webhook.authSecretName     token, or authorization (the
                                                                      whole header), or hmacKey
                                           *.caSecretName             ca.crt, PEM
                                           kafka.saslSecretName       mechanism, username, password
                                         A changed file counts from the next connection on.
Files of events whose path is relative are in there, too: path events/a.ndjson is
.mqttgrid/events/a.ndjson by default.

With -o json, standard output is one JSON line for each event, logs go to standard error:
  {"event":"violation","file","line","column","object","field","reason","message","remedy"}
  {"event":"resolved",...}    the same fields, once a violation is mended
  {"event":"condition","object","ready":true|false,"conditions":[{type,status,reason,message}]}
  {"event":"ready","endpoints":{"<MqttNamespace>":"mqtts://127.0.0.1:8883"},"certificates":"..."}
  {"event":"change","change":"Added"|"Modified"|"Removed","object"}    once it is in force
  {"event":"endpoints","endpoints":{...}}    when they changed after ready
  {"event":"delivery","object","matched","delivered","failed","deadLettered","dropped","pending",
   "fault":{reason,message,since}}    when a destination begins or ceases to take events, and when
                              events are given up, at most once a minute
  {"event":"notice","message"}    {"event":"demo",...}
An object is named Kind/namespace/name. Violations of the start come before ready.

Exit codes: 0 ended as asked, 1 violations (--validate-only), 2 it could not start.

Examples:
  mqttgrid up examples/hello-world --demo
  mqttgrid up manifests/ --port 0 -o json
  mqttgrid up manifests/ --host 0.0.0.0 --tls-certificate server.crt --tls-key server.key`;

interface Options {
  readonly host: string;
  readonly port: number;
  readonly data: string;
  readonly secrets?: string;
  readonly validateOnly?: true;
  readonly output: OutputFormat;
  readonly logLevel: string;
  readonly tlsCertificate?: string;
  readonly tlsKey?: string;
  readonly developmentCertificates: boolean;
  readonly demo?: true;
}

/** Undefined: neither is given. */
function readTls({ tlsCertificate, tlsKey }: Options): Result<ServerTls | undefined, string> {
  if (tlsCertificate === undefined && tlsKey === undefined) return success(undefined);
  if (tlsCertificate === undefined || tlsKey === undefined) {
    return failure('--tls-certificate and --tls-key go together: give both or none');
  }
  try {
    const certificatePem = readFileSync(tlsCertificate, 'utf8');
    const privateKeyPem = readFileSync(tlsKey, 'utf8');
    createSecureContext({ cert: certificatePem, key: privateKeyPem });
    return success({ certificatePem, privateKeyPem });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return failure(`the certificate and key of the listeners cannot be used: ${why}`);
  }
}

/** Before `ready`, events make up the summary that is shown then. */
function textListener(): (event: StandaloneEvent) => void {
  let ready = false;
  return (event) => {
    if (event.event === 'ready') ready = true;
    else if (ready) writeLine(eventText(event));
  };
}

async function showDemo(standalone: Standalone, output: OutputFormat): Promise<void> {
  const shown = await demonstrate(standalone);
  if (output === 'json') {
    writeJsonLine(
      shown.ok ? { event: 'demo', ...shown.value } : { event: 'demo', error: shown.fault },
    );
  } else {
    const text = shown.ok ? deliveryText(shown.value) : styled('yellow', printable(shown.fault));
    writeLine(`\n${text}`);
  }
}

async function up(folder: string, options: Options): Promise<ExitCode> {
  if (options.validateOnly) return validate(folder, options.output);
  const tls = readTls(options);
  if (!tls.ok) {
    writeError(printable(tls.fault));
    return ExitCode.Usage;
  }
  const started = await startStandalone({
    folder,
    host: options.host,
    port: options.port,
    data: options.data,
    secrets: options.secrets,
    tls: tls.value,
    developmentCertificates: options.developmentCertificates,
    clock: systemClock,
    logger: pino({ level: options.logLevel }, destination({ dest: 2, sync: true })),
    onEvent:
      options.output === 'json' ? (event) => writeJsonLine(eventJson(event)) : textListener(),
  });
  if (!started.ok) {
    writeError(printable(started.fault.message));
    return ExitCode.Usage;
  }
  const standalone = started.value;
  endOnSignal(() => standalone.close());
  if (options.output === 'text') writeLine(readyText(standalone));
  if (options.demo) await showDemo(standalone, options.output);
  if (options.output === 'text') {
    writeLine(styled('dim', `\nfollowing ${printable(folder)}; Ctrl-C ends it`));
  }
  return ExitCode.Success;
}

export function upCommand(): Command {
  return new Command('up')
    .description('Serve a folder of manifests with MQTT brokers in this process.')
    .argument('<DIR>', 'folder with *.yaml, *.yml and *.json files')
    .option('--host <address>', 'address to listen on; 0.0.0.0 for all', '127.0.0.1')
    .option('--port <port>', 'of the first MqttNamespace; others get the next', parsePort, 8883)
    .option('--data <folder>', 'where state and certificates are kept', '.mqttgrid')
    .option('--secrets <folder>', 'SECRET/KEY of destinations of events (secrets/ of --data)')
    .option('--validate-only', 'only check the manifests, as mqttgrid validate does')
    .addOption(outputOption())
    .addOption(
      new Option('--log-level <level>', 'of the logs on standard error')
        .choices(LOG_LEVELS)
        .default('warn'),
    )
    .option('--tls-certificate <file>', 'certificate chain of the listeners, PEM')
    .option('--tls-key <file>', 'its private key, PEM')
    .option(
      '--no-development-certificates',
      'admit no client by the development CA where no CaCertificate is declared',
    )
    .option('--demo', 'send one message from one client to another, and go on serving')
    .addHelpText('after', HELP)
    .action(async (folder: string, options: Options) => {
      process.exitCode = await up(folder, options);
    });
}
