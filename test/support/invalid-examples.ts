/** The manifests of `examples/invalid` and the refusals that they announce in their comments. */
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parse, stringify } from 'yaml';
import { printFieldPath } from '../../domain/violation.ts';
import { checkFolder } from '../../standalone/check.ts';
import { REPOSITORY } from './up.ts';

export const INVALID_EXAMPLES = path.join(REPOSITORY, 'examples/invalid');

/** One violation, without what differs between two runs: temporary paths. */
export interface Refusal {
  /** Missing where no object can be told. */
  readonly object?: string;
  readonly line: number;
  /** Empty where it is about the whole document. */
  readonly field: string;
  readonly reason: string;
  readonly message: string;
  readonly remedy: string;
}

export interface InvalidExample {
  /** `client/no-authentication.yaml` */
  readonly file: string;
  readonly why: string;
  readonly expected: readonly Refusal[];
  readonly text: string;
}

/** Comments at the top of a file: why it is wrong, then `expect:` and a list, as YAML. */
function readHeader(text: string): Pick<InvalidExample, 'why' | 'expected'> {
  const header = /^(?:#.*\n)*/.exec(text)?.[0].replace(/^# ?/gm, '') ?? '';
  const [why = '', expected = ''] = header.split(/^(?=expect:)/m);
  const { expect } = parse(expected) as { readonly expect: readonly Refusal[] };
  return { why: why.replace(/\s+/g, ' ').trim(), expected: expect };
}

export function readInvalidExample(file: string): InvalidExample {
  const text = readFileSync(path.join(INVALID_EXAMPLES, file), 'utf8');
  return { file, text, ...readHeader(text) };
}

export function invalidExampleFiles(): string[] {
  return readdirSync(INVALID_EXAMPLES, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.yaml'))
    .sort();
}

/** A line of comments is as long as a line of code. */
const WIDTH = 98;

/** The text with this header instead of its own. */
export function withRefusals({ why, text }: InvalidExample, refusals: readonly Refusal[]): string {
  const body = text.replace(/^(?:#.*\n)*/, '');
  const expected = stringify({ expect: refusals }, { lineWidth: WIDTH });
  const header = `${why}\n\n${expected}`.trimEnd().replace(/^/gm, '# ').replace(/ +$/gm, '');
  return `${header}\n${body}`;
}

/** A violation as `-o json` prints it, without what differs from run to run. */
export function steadyRefusal(violation: Refusal & { readonly file: string }): Refusal {
  const { file, object, line, field, reason, remedy } = violation;
  const message = violation.message.replaceAll(path.join(path.dirname(file), path.sep), '');
  return { ...(object === undefined ? {} : { object }), line, field, reason, message, remedy };
}

export interface Outcome {
  readonly refusals: readonly Refusal[];
  /** The specification's names of the MqttNamespaces that run all the same. */
  readonly served: readonly string[];
}

/** What `mqttgrid validate` and `mqttgrid up` find in a folder with this one file. */
export function judgeManifest(name: string, text: string, nowMs: number): Outcome {
  const folder = mkdtempSync(path.join(tmpdir(), 'mqttgrid-invalid-'));
  try {
    writeFileSync(path.join(folder, name), text);
    const checked = checkFolder(folder, nowMs);
    if (!checked.ok) throw new Error(checked.fault.message);
    const { violations, snapshots } = checked.value;
    const refusals = violations.map(({ violation, ...place }) => {
      return steadyRefusal({ ...place, ...violation, field: printFieldPath(violation.field) });
    });
    const served = [...snapshots.values()].map((snapshot) => snapshot.name);
    return { refusals, served };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const LIST_HEADING = '\n## The refusals\n';

/** As Markdown shows it literally, whatever is in it. */
function literal(text: string): string {
  const fence = text.includes('`') ? '``' : '`';
  return `${fence}${text}${fence}`;
}

function listItem({ file, why, expected }: InvalidExample): string {
  const name = path.basename(file, '.yaml');
  const answers = expected.map(({ field, reason, message, remedy }) => {
    const place = field === '' ? '' : `${field}: `;
    return `  - ${reason}: ${literal(`${place}${message}; ${remedy}`)}\n`;
  });
  return `- [${name}](${file}): ${why}\n${answers.join('')}`;
}

/** The README with the list of what is in the folder. */
export function withList(readme: string, examples: readonly InvalidExample[]): string {
  const [introduction = ''] = readme.split(LIST_HEADING);
  const folders = [...new Set(examples.map(({ file }) => path.dirname(file)))];
  const sections = folders.map((folder) => {
    const items = examples.filter(({ file }) => path.dirname(file) === folder).map(listItem);
    return `\n### ${folder}\n\n${items.join('')}`;
  });
  return `${introduction}${LIST_HEADING}${sections.join('')}`;
}
