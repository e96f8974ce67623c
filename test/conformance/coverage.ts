/**
 * Which normative statements have cases: `node test/conformance/coverage.ts` prints a table, and
 * ends with 1 where a statement that concerns this server has none.
 */
import { argv, stdout } from 'node:process';
import { fileURLToPath } from 'node:url';
import { tables } from './cases/tables.ts';
import { statements311 } from './statements-3.1.1.ts';
import { statements5 } from './statements-5.ts';
import type { Statement } from './statements.ts';

export interface Covered extends Statement {
  readonly cases: number;
}

export interface Coverage {
  readonly statements: readonly Covered[];
  /** They concern this server and have no case. */
  readonly missing: readonly Covered[];
  /** Cases claim to show them, and no specification has them. */
  readonly unknown: readonly string[];
}

export type Protocol = keyof typeof tables;

const STATEMENTS: { readonly [Key in Protocol]: readonly Statement[] } = {
  '3.1.1': statements311,
  '5': statements5,
};

export function coverageOf(protocol: Protocol): Coverage {
  const cases = new Map<string, number>();
  for (const { statements } of tables[protocol]) {
    for (const id of statements) cases.set(id, (cases.get(id) ?? 0) + 1);
  }
  const statements = STATEMENTS[protocol].map((statement) => ({
    ...statement,
    cases: cases.get(statement.id) ?? 0,
  }));
  const known = new Set(statements.map(({ id }) => id));
  return {
    statements,
    missing: statements.filter((covered) => covered.cases === 0 && covered.exempt === undefined),
    unknown: [...cases.keys()].filter((id) => !known.has(id)),
  };
}

function print(protocol: Protocol): boolean {
  const { statements, missing, unknown } = coverageOf(protocol);
  stdout.write(`\nMQTT ${protocol}\n\n`);
  for (const { id, cases, exempt, says } of statements) {
    const shown = cases > 0 ? `${cases} case${cases > 1 ? 's' : ''}` : (exempt ?? 'MISSING');
    stdout.write(`${id.padEnd(16)} ${shown.padEnd(54)} ${says}\n`);
  }
  const exempt = statements.filter((covered) => covered.exempt !== undefined).length;
  const count = `${tables[protocol].length} cases for ${statements.length} statements`;
  stdout.write(`\nMQTT ${protocol}: ${count}, ${exempt} of which do not apply here\n`);
  for (const { id, says } of missing) stdout.write(`no case shows ${id}: ${says}\n`);
  for (const id of unknown) stdout.write(`${id} is no statement of MQTT ${protocol}\n`);
  return missing.length === 0 && unknown.length === 0;
}

if (argv[1] === fileURLToPath(import.meta.url)) {
  const complete = [print('3.1.1'), print('5')].every(Boolean);
  process.exitCode = complete ? 0 : 1;
}
