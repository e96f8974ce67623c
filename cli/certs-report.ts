/** What `mqttgrid certs` says about the certificates: to people, to scripts and to kubectl. */
import { stringify } from 'yaml';
import { API_VERSION } from '../domain/resources.ts';
import { PKCS12_PASSWORD } from '../standalone/development-certificates.ts';
import type { ClientCertificateFiles } from '../standalone/development-certificates.ts';

export interface FileReport {
  readonly file: string;
  /** False: it was there before. */
  readonly issued: boolean;
}

export interface ClientReport extends Omit<ClientCertificateFiles, 'warnings'> {
  /** `metadata.name` of the MqttNamespace. */
  readonly namespace: string;
  readonly name: string;
}

export interface CertsReport {
  readonly ca: FileReport;
  readonly caCertificatePem: string;
  readonly server: FileReport | undefined;
  /** Where the listener is, for examples. */
  readonly host: string;
  readonly clients: readonly ClientReport[];
  /** MqttNamespaces that clients belong to. */
  readonly namespaces: readonly string[];
  readonly warnings: readonly string[];
  readonly errors: readonly string[];
}

/** Equal to what `mqttgrid up` registers by itself. */
const CA_CERTIFICATE_NAME = 'mqttgrid-development';

/** A CaCertificate for each MqttNamespace, as `kubectl apply -f -` takes them. */
export function asYaml(report: CertsReport): string {
  const manifests = report.namespaces.map((namespace) =>
    stringify({
      apiVersion: API_VERSION,
      kind: 'CaCertificate',
      metadata: {
        // Several may be applied to one Kubernetes namespace.
        name: `${CA_CERTIFICATE_NAME}.${namespace}`,
      },
      spec: {
        namespaceRef: { name: namespace },
        name: CA_CERTIFICATE_NAME,
        encodedCertificate: report.caCertificatePem,
      },
    }),
  );
  return manifests.join('---\n');
}

/** One line of JSON. */
export function asJson(report: CertsReport): string {
  const { ca, server, clients, warnings, errors } = report;
  const event = { event: 'certificates', ca, server, clients, warnings, errors };
  return `${JSON.stringify(event)}\n`;
}

export function asText(report: CertsReport): string {
  return [
    fileTable(report),
    ...bundleHint(report),
    ...registrationHint(report),
    ...connectionHint(report),
  ].join('\n');
}

function fileTable({ ca, server, clients }: CertsReport): string {
  const rows = [row(ca, 'the certificate authority: what clients and servers trust')];
  if (server !== undefined) rows.push(row(server, "the listeners' certificate"));
  for (const client of clients) {
    const { certificateFile: file, issued, name, namespace, thumbprintSha256 } = client;
    rows.push(row({ file, issued }, `client ${name} of ${namespace}`));
    rows.push(`          thumbprint ${thumbprintSha256}\n`);
  }
  return rows.join('');
}

function row({ file, issued }: FileReport, what: string): string {
  return `${issued ? 'issued' : 'kept  '}    ${file}: ${what}\n`;
}

function bundleHint({ clients }: CertsReport): string[] {
  if (clients.length === 0) return [];
  return [
    'Beside each client certificate (.crt) lie its key (.key) and both as PKCS#12 (.p12),\n' +
      `whose password is "${PKCS12_PASSWORD}".\n`,
  ];
}

function registrationHint(report: CertsReport): string[] {
  if (report.namespaces.length === 0) {
    return ['Add --namespace NAME to see the CaCertificate that registers this authority there.\n'];
  }
  return [
    'mqttgrid up registers this authority by itself where a MqttNamespace declares no\n' +
      'CaCertificate. Anywhere else apply (-o yaml prints this alone):\n',
    asYaml(report),
  ];
}

function connectionHint({ clients, ca, host }: CertsReport): string[] {
  const client = clients[0];
  if (client === undefined) return [];
  const words = ['mosquitto_pub', '-h', host, '-p', '8883', '-V', 'mqttv5', '-i', client.name];
  words.push('--cafile', ca.file, '--cert', client.certificateFile, '--key', client.privateKeyFile);
  words.push('-q', '1', '-t', 'TOPIC', '-m', 'hello');
  return [`Connect as ${client.name}:\n`, `  ${words.map(shellWord).join(' ')}\n`];
}

/** As a POSIX shell reads it back. */
function shellWord(text: string): string {
  if (/^[A-Za-z0-9@%+=:,./_-]+$/.test(text)) return text;
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
