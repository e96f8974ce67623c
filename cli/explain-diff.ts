/** `mqttgrid explain --diff`: what a change of manifests does to clients. */
import { clientsOf, firstNames, impactOf, topicsOf } from '../domain/access.ts';
import type { AccessChange, ConnectionChange, Impact } from '../domain/access.ts';
import { failure, success } from '../domain/result.ts';
import type { Result } from '../domain/result.ts';
import { printable } from '../domain/text.ts';
import { checkFolder } from '../standalone/check.ts';
import { systemClock } from '../standalone/clock.ts';
import type { Plan } from '../standalone/plan.ts';
import { ExitCode } from './exit-code.ts';
import { violationJson, writeJsonLine } from './json-lines.ts';
import type { OutputFormat } from './options.ts';
import { count, objectLabel, styled, table, violationLine, writeLine } from './render.ts';
import type { Cell } from './render.ts';

/** A MqttNamespace in force in either folder. */
interface NamespaceImpact {
  readonly key: string;
  readonly change: 'Added' | 'Removed' | undefined;
  readonly impact: Impact;
}

interface Comparison {
  readonly plans: readonly Plan[];
  /** Those in which something changes. */
  readonly changed: readonly NamespaceImpact[];
}

export function explainDiff(
  oldFolder: string,
  newFolder: string,
  output: OutputFormat,
): Result<ExitCode, string> {
  const plans: Plan[] = [];
  for (const folder of [oldFolder, newFolder]) {
    const checked = checkFolder(folder, systemClock.nowMs());
    if (!checked.ok) return failure(`${checked.fault.message}: ${checked.fault.remedy}`);
    plans.push(checked.value);
  }
  const changed = compare(plans).filter(({ change, impact }) => {
    return change !== undefined || impact.access.length + impact.connection.length > 0;
  });
  const comparison = { plans, changed };
  if (output === 'json') printJson(comparison);
  else printText(comparison, `from ${printable(oldFolder)} to ${printable(newFolder)}`);
  return success(changed.length === 0 ? ExitCode.Success : ExitCode.Differs);
}

function compare([before, after]: readonly Plan[]): NamespaceImpact[] {
  const keys = new Set([before, after].flatMap((plan) => [...(plan?.snapshots.keys() ?? [])]));
  return [...keys].sort().map((key) => {
    const [was, is] = [before?.snapshots.get(key), after?.snapshots.get(key)];
    const change = was === undefined ? 'Added' : is === undefined ? 'Removed' : undefined;
    return { key, change, impact: impactOf(was, is) };
  });
}

/** Of all MqttNamespaces; two of them may have a client of the same name. */
function countClients(changed: readonly NamespaceImpact[], change: AccessChange['change']): number {
  return changed.reduce((total, { impact }) => {
    const changes = impact.access.filter((each) => each.change === change);
    const clients = changes.flatMap((each) => each.clients.map(({ client }) => client));
    return total + new Set(clients).size;
  }, 0);
}

function printJson({ plans, changed }: Comparison): void {
  const violations = plans.flatMap((plan) => plan.violations);
  for (const located of violations) writeJsonLine(violationJson('violation', located));
  for (const { key: object, change, impact } of changed) {
    if (change !== undefined) writeJsonLine({ event: 'namespace', object, change });
    for (const each of impact.connection) writeJsonLine({ event: 'connection', object, ...each });
    for (const each of impact.access) writeJsonLine({ event: 'access', object, ...each });
  }
  writeJsonLine({
    event: 'summary',
    changed: changed.length > 0,
    gaining: countClients(changed, 'Gained'),
    losing: countClients(changed, 'Lost'),
    violations: violations.length,
  });
}

function printText({ plans, changed }: Comparison, between: string): void {
  const violations = plans.flatMap((plan) => plan.violations);
  for (const located of violations) writeLine(violationLine(located));
  if (violations.length > 0) {
    const some = count(violations.length, 'violation');
    writeLine(styled('dim', `${some}: what is refused is not in force, and permits nothing\n`));
  }
  for (const { key, change, impact } of changed) {
    const suffix = change === undefined ? '' : ` is ${change.toLowerCase()}`;
    writeLine(styled('bold', `${printable(objectLabel(key))}${suffix}`));
    const rows = [...impact.connection.map(connectionRow), ...impact.access.map(accessRow)];
    if (rows.length > 0) writeLine(table(rows));
  }
  if (changed.length === 0) {
    writeLine(`${styled('green', 'nothing changes')} for clients ${between}`);
    return;
  }
  const [gaining, losing] = [countClients(changed, 'Gained'), countClients(changed, 'Lost')];
  const gain = `${count(gaining, 'client')} ${gaining === 1 ? 'gains' : 'gain'}`;
  const loss = `${losing} ${losing === 1 ? 'loses' : 'lose'}`;
  writeLine(`\n${gain} access, ${loss} some, ${between}`);
}

const SIGNS = {
  Gained: { text: '  +', style: 'green' },
  Lost: { text: '  -', style: 'red' },
  Changed: { text: '  ~', style: 'yellow' },
} as const satisfies Record<string, Cell>;

const CAUSES: Readonly<Record<ConnectionChange['cause'], string>> = {
  ClientAdded: 'as new',
  ClientEnabled: 'as now enabled',
  ClientRemoved: 'as no longer declared',
  ClientDisabled: 'as now disabled',
  AuthenticationChanged: 'with another certificate than before',
  CaCertificateAdded: 'with a certificate under the CaCertificate',
  CaCertificateRemoved: 'with a certificate under the CaCertificate',
};

function connectionRow({ change, cause, caCertificate, clients }: ConnectionChange): Cell[] {
  const authority = caCertificate === undefined ? '' : ` ${printable(caCertificate)}`;
  const text = `${CAUSES[cause]}${authority}: ${firstNames(clients)}`;
  return [SIGNS[change], { text: 'connect' }, { text: count(clients.length, 'client') }, { text }];
}

function accessRow(access: AccessChange): Cell[] {
  return [
    SIGNS[access.change],
    { text: access.permission === 'Publisher' ? 'publish' : 'subscribe' },
    { text: count(access.clients.length, 'client') },
    { text: `${topicsOf(access)}: ${clientsOf(access)}` },
  ];
}
