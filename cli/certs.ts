/** `mqttgrid certs`: certificates for development, for clients that are declared or named. */
import { join } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import type { CertificateSubject } from '../domain/resources.ts';
import { systemClock } from '../standalone/clock.ts';
import { declaredClients } from '../standalone/declared-clients.ts';
import { CertificateFileError } from '../standalone/development-certificates.ts';
import { issueWanted } from './certs-issue.ts';
import type { Wanted } from './certs-issue.ts';
import { asJson, asText, asYaml } from './certs-report.ts';

export interface CertsEnvironment {
  readonly nowMs: () => number;
  readonly writeOut: (text: string) => void;
  readonly writeError: (text: string) => void;
  /** Some of what was asked for could not be done. */
  readonly fail: () => void;
}

const PROCESS: CertsEnvironment = {
  nowMs: () => systemClock.nowMs(),
  writeOut: (text) => void process.stdout.write(text),
  writeError: (text) => void process.stderr.write(text),
  fail: () => {
    process.exitCode = 1;
  },
};

/** Of the authority, which nothing outlives. */
const DAYS_MAX = 3650;

const HELP = `
Everything is written under DATA/certificates and never over what is there: to renew a
certificate, delete its files and run this again.

Examples:
  # one certificate for each Client that the folder declares with a certificateSubject
  mqttgrid certs examples/hello-world

  # only for one of them
  mqttgrid certs examples/hello-world --client pub-client

  # for a client that is declared somewhere else; its common name is its own name
  mqttgrid certs --namespace fleet --client vehicle-1

  # the same with the subject that its Client declares
  mqttgrid certs --namespace fleet --client vehicle-1 \\
    --common-name vehicle-1.example.com --organization Contoso --country-code US

  # the certificate of listeners that are reached by other names than localhost
  mqttgrid certs --hosts broker.example.com 192.0.2.7

  # register the authority in a cluster
  mqttgrid certs --namespace fleet -o yaml | kubectl apply -f -
`;

interface CertsOptions {
  readonly client?: readonly string[];
  readonly commonName?: string;
  readonly organization?: string;
  readonly organizationUnit?: string;
  readonly countryCode?: string;
  readonly namespace?: string;
  readonly hosts?: readonly string[];
  readonly rsa?: boolean;
  readonly days?: number;
  readonly data: string;
  readonly output: 'text' | 'json' | 'yaml';
}

export function certsCommand(environment: CertsEnvironment = PROCESS): Command {
  const command = new Command('certs')
    .description('issue a development CA, and client certificates from it (PEM and PKCS#12)')
    .argument('[DIR]', 'folder of manifests: a certificate for each Client with a subject')
    .option('--client <NAME...>', 'only these clients of DIR; without DIR, these clients')
    .option('--namespace <NAME>', 'metadata.name of the MqttNamespace; with DIR: only its clients')
    .option('--common-name <CN>', "without DIR: the subject's common name (default: the name)")
    .option('--organization <O>', "without DIR: the subject's organization")
    .option('--organization-unit <OU>', "without DIR: the subject's organization unit")
    .option('--country-code <C>', "without DIR: the subject's country, two letters")
    .option('--hosts <HOST...>', "also the listeners' certificate, for these and localhost")
    .option('--rsa', 'RSA 2048 instead of ECDSA P-256, for devices that know nothing else')
    .option('--days <N>', `how long certificates are valid (default: 365)`, parseDays)
    .option('--data <DIR>', 'where mqttgrid keeps its state', '.mqttgrid')
    .addOption(
      new Option('-o, --output <FORMAT>', 'json: one line; yaml: the CaCertificates alone')
        .choices(['text', 'json', 'yaml'])
        .default('text'),
    )
    .addHelpText('after', HELP);
  return command.action(async (folder: string | undefined, options: CertsOptions) => {
    await run(command, environment, { folder, options });
  });
}

function parseDays(text: string): number {
  const days = Number(text);
  if (Number.isInteger(days) && days >= 1 && days <= DAYS_MAX) return days;
  throw new InvalidArgumentError(`Give a number of days from 1 to ${DAYS_MAX}.`);
}

type WantedClients = Pick<Wanted, 'clients' | 'warnings'>;

interface Invocation {
  readonly folder: string | undefined;
  readonly options: CertsOptions;
}

async function run(
  command: Command,
  environment: CertsEnvironment,
  invocation: Invocation,
): Promise<void> {
  const { folder, options } = invocation;
  const wantedClients =
    folder === undefined
      ? namedClients(command, options)
      : clientsOfFolder(command, folder, options);
  const { hosts = [], namespace } = options;
  const wanted = { ...wantedClients, hosts, namespace };
  const report = await issueWanted(wanted, {
    folder: join(options.data, 'certificates'),
    nowMs: environment.nowMs(),
    keyAlgorithm: options.rsa === true ? 'rsa-2048' : 'ecdsa-p256',
    validDays: options.days,
  }).catch((error: unknown) => {
    if (error instanceof CertificateFileError) return command.error(`error: ${error.message}`);
    throw error;
  });
  const print = { text: asText, json: asJson, yaml: asYaml }[options.output];
  environment.writeOut(print(report));
  if (options.output !== 'json') {
    for (const warning of report.warnings) environment.writeError(`warning: ${warning}\n`);
    for (const error of report.errors) environment.writeError(`error: ${error}\n`);
  }
  if (report.errors.length > 0) environment.fail();
}

const SUBJECT_OPTIONS = [
  ['commonName', '--common-name'],
  ['organization', '--organization'],
  ['organizationUnit', '--organization-unit'],
  ['countryCode', '--country-code'],
] as const;

function clientsOfFolder(command: Command, folder: string, options: CertsOptions): WantedClients {
  for (const [field, flag] of SUBJECT_OPTIONS) {
    if (options[field] === undefined) continue;
    command.error(`error: the manifests in ${folder} state the subjects: leave out ${flag} or DIR`);
  }
  const declared = declaredClients(folder);
  if (!declared.ok) {
    return command.error(`error: ${declared.fault.message}; ${declared.fault.remedy}`);
  }
  const { clients, byThumbprint, violations } = declared.value;
  const chosen = clients.filter(
    ({ name, namespace }) =>
      (options.client?.includes(name) ?? true) && namespace === (options.namespace ?? namespace),
  );
  const missing = options.client?.find((name) => !chosen.some((client) => client.name === name));
  if (missing !== undefined) {
    command.error(`error: ${folder} declares no Client ${missing} with a certificateSubject`);
  }
  const warnings = byThumbprint.map(
    (key) => `${key} is known by a thumbprint, so it needs the certificate that has it`,
  );
  if (violations > 0) {
    const hint = `mqttgrid validate ${folder} lists them`;
    warnings.push(`the manifests in ${folder} break ${violations} rules: ${hint}`);
  }
  return { clients: chosen, warnings };
}

function namedClients(command: Command, options: CertsOptions): WantedClients {
  const { client: names = [], namespace } = options;
  const subject = subjectOf(options);
  const flags = SUBJECT_OPTIONS.filter(([field]) => options[field] !== undefined);
  if (flags[0] !== undefined && names.length === 0) {
    command.error(`error: say with --client whose subject ${flags[0][1]} belongs to`);
  }
  if (options.commonName !== undefined && names.length > 1) {
    command.error('error: --common-name tells clients apart: give one --client at a time');
  }
  if (names.length === 0) return { clients: [], warnings: [] };
  if (namespace === undefined) {
    return command.error('error: say with --namespace which MqttNamespace the client belongs to');
  }
  const clients = names.map((name) => ({
    namespace,
    name,
    subject: { commonName: name, ...subject },
  }));
  return { clients, warnings: [] };
}

function subjectOf(options: CertsOptions): Partial<CertificateSubject> {
  const fields = SUBJECT_OPTIONS.map(([field]) => [field, options[field]] as const);
  return Object.fromEntries(fields.filter(([, value]) => value !== undefined));
}
