/** How to connect with mosquitto's clients, in commands that can be pasted. */
import { relative } from 'node:path';
import { printable } from '../domain/text.ts';
import type { Served } from '../standalone/standalone.ts';
import { findExchange } from './exchange.ts';
import { styled } from './render.ts';

const PLAIN_WORD = /^[A-Za-z0-9_./:@%+=,-]+$/;

export function shellQuote(word: string): string {
  return PLAIN_WORD.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** As short as it can be from where the person is. */
export function shownPath(file: string): string {
  const near = relative(process.cwd(), file);
  return near.startsWith('..') ? file : near;
}

function bareHost(host: string): string {
  return host.replace(/^\[(.*)\]$/, '$1');
}

function command(words: readonly string[]): string {
  return `    ${printable(words.map(shellQuote).join(' '))}`;
}

interface Connecting {
  readonly served: Served;
  /** The CA file that vouches for the listener; undefined: the person knows. */
  readonly caFile: string | undefined;
}

function connectionWords({ served, caFile }: Connecting, client: string): string[] {
  const files = served.clientFiles.get(client);
  const file = (path: string | undefined, otherwise: string): string =>
    path === undefined ? otherwise : shownPath(path);
  return [
    ...['-h', bareHost(served.host), '-p', String(served.port), '-i', client],
    ...['--cafile', file(caFile, 'CA-OF-THE-SERVER.crt')],
    ...['--cert', file(files?.certificateFile, `${client}.crt`)],
    ...['--key', file(files?.privateKeyFile, `${client}.key`)],
  ];
}

/** Lines for one MqttNamespace. */
export function connectHelp(connecting: Connecting): string[] {
  const { served } = connecting;
  const isUsable = (client: string): boolean =>
    served.clientFiles.size === 0 || served.clientFiles.has(client);
  const { subscription, publication } = findExchange(served.snapshot, isUsable);
  const lines: string[] = [];
  if (subscription !== undefined) {
    const { client, filter } = subscription;
    const words = [...connectionWords(connecting, client), '-q', '1', '-v', '-t', filter];
    lines.push('  subscribe:', command(['mosquitto_sub', ...words]));
  }
  if (publication !== undefined) {
    const { client, topic } = publication;
    const words = [...connectionWords(connecting, client), '-q', '1', '-t', topic];
    lines.push('  publish:', command(['mosquitto_pub', ...words, '-m', 'hello']));
  }
  if (lines.length === 0) {
    const why = 'no client may publish or subscribe anything: declare ClientGroups, TopicSpaces';
    return [styled('yellow', `  ${why} and PermissionBindings`)];
  }
  if (served.clientFiles.size === 0) {
    lines.push('  with certificates of the clients that the CaCertificates or thumbprints admit');
  }
  return lines;
}
