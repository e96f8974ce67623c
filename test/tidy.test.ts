/** The rules of the house that no compiler knows: HACKING, "What a test holds you to". */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

/** Who may import whom, by top-level folder; a folder may always import itself. */
const IMPORTS: Readonly<Record<string, readonly string[]>> = {
  domain: [],
  crds: ['domain'],
  certificates: ['domain'],
  control: ['domain'],
  health: [],
  broker: ['domain'],
  pod: ['domain', 'certificates', 'control', 'health', 'broker'],
  kube: ['domain', 'crds', 'control'],
  manifests: ['domain', 'crds'],
  operator: ['domain', 'crds', 'certificates', 'control', 'health', 'kube'],
  standalone: ['domain', 'crds', 'certificates', 'manifests', 'broker'],
  provider: ['domain', 'crds', 'certificates', 'control', 'kube', 'manifests'],
  cli: [
    ...['domain', 'crds', 'certificates', 'control', 'kube', 'manifests'],
    ...['broker', 'pod', 'operator', 'standalone'],
  ],
  examples: [],
};

/** Where people or tools start: nobody imports these. */
const ENTRIES = [
  /^cli\/mqttgrid\.ts$/,
  /^broker\/store\/store-thread\.ts$/,
  /^broker\/events\/thread\/events-thread\.ts$/,
  /^broker\/events\/destinations\/kafka\/kafka-thread\.ts$/,
  // What programs import, and what the text in their stacks' state loads.
  /^provider\/(?:index|runtime\/main)\.ts$/,
  /^examples\/[a-z-]+\/pulumi\/index\.ts$/,
  /^examples\/[a-z-]+\/(?:client|events|receiver)\.ts$/,
  /^test\/golden\/fixtures\/issue\.ts$/,
  /^test\/pulumi\/fixtures\/[a-z0-9-]+\/index\.ts$/,
  // Started as processes and threads of their own.
  /^test\/bench\/growth\/(?:served-process|steady-thread|pairs-thread)\.ts$/,
  /^test\/bench\/(?:bench|store|(?:cores|growth|micro|operator|routing)\/bench)\.ts$/,
  /\.test\.ts$/,
  /\.d\.ts$/,
];

const CLOCKS = /(^|\/)clock\.ts$/;
/** What runs here and now: it is told the time by the machine, and it talks to people. */
const TESTS_AND_EXAMPLES = /\.test\.ts$|^(?:test|examples)\//;

/** A pattern, why it is banned, and which files may hold it all the same. */
const BANNED: readonly (readonly [RegExp, string, ...RegExp[]])[] = [
  [
    /\bconsole\./,
    'people are written to through a writer, machines through pino',
    TESTS_AND_EXAMPLES,
  ],
  [/\bDate\.now\(|\bnew Date\(\)/, 'time is injected', CLOCKS, TESTS_AND_EXAMPLES],
  [/\bMath\.random\(/, 'randomness is injected', TESTS_AND_EXAMPLES],
  [/\bsetInterval\(/, 'intervals belong to a clock', CLOCKS],
  [/\benum [A-Z]/, 'Node strips types and nothing else'],
  [/\b(?:TODO|FIXME|XXX)\b/, 'finish it, or write an issue'],
  [/eslint-disable|@ts-ignore|@ts-expect-error|prettier-ignore/, 'mend the cause'],
  [/\.only\(|\btest\.skip\(|\bit\.skip\(/, 'every test runs'],
  [/(^|[^.\w])\/work\/|\.\.\/shared\b/, 'the project needs nothing outside of itself'],
];

const LINE_LENGTH_MAX = 100;
const FILE_LINES_MAX = 400;
/** Tables of cases are long and still one thing. */
const TEST_LINES_MAX = 600;

function listFiles(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (entry.name === 'node_modules' || entry.name === 'dist') return [];
    if (entry.name.startsWith('.')) return [];
    return entry.isDirectory() ? listFiles(path) : [path];
  });
}

const sources = new Map(
  listFiles('')
    .filter((path) => path.endsWith('.ts'))
    .map((path) => [path, readFileSync(join(ROOT, path), 'utf8')] as const),
);
const own = [...sources].filter(([path]) => path !== 'test/tidy.test.ts');

/** At the top of a file, in the middle of it, or as the start of a worker or a process. */
const IMPORTING = [
  /^(?:import|export)\s(?:[^;']*?\sfrom\s)?'([^']+)'/gm,
  /\bimport\('([^']+)'\)/g,
  /\bnew URL\('([^']+\.ts)', import\.meta\.url\)/g,
];

function targetsOf(text: string): string[] {
  return IMPORTING.flatMap((form) => [...text.matchAll(form)].map(([, target]) => target!));
}

function importsOf(path: string, text: string): string[] {
  return targetsOf(text)
    .filter((target) => target.startsWith('.'))
    .map((target) => relative(ROOT, join(ROOT, dirname(path), target)));
}

test('imports point in one direction', () => {
  for (const [path, text] of own) {
    const folder = path.split('/')[0]!;
    const allowed = IMPORTS[folder];
    if (allowed === undefined || path.endsWith('.test.ts')) continue;
    for (const target of importsOf(path, text)) {
      const targetFolder = target.split('/')[0]!;
      assert.ok(
        targetFolder === folder || allowed.includes(targetFolder),
        `${path} imports ${target}, but ${folder}/ may only import ${allowed.join(', ') || '-'}`,
      );
    }
  }
});

test('the rules of domain/ need nothing but the language', () => {
  for (const [path, text] of own) {
    if (!path.startsWith('domain/') || path.endsWith('.test.ts')) continue;
    for (const target of targetsOf(text)) {
      assert.ok(target.startsWith('.'), `${path} imports ${target}`);
    }
  }
});

test('every folder with sources has its place in the order of imports', () => {
  const folders = new Set(own.map(([path]) => path.split('/')[0]!));
  folders.delete('test');
  for (const folder of folders) assert.ok(folder in IMPORTS, `${folder}/ is not in the table`);
});

test('every file is used', () => {
  const used = new Set(own.flatMap(([path, text]) => importsOf(path, text)));
  for (const [path] of own) {
    if (ENTRIES.some((entry) => entry.test(path))) continue;
    assert.ok(used.has(path), `nothing imports ${path}`);
  }
});

for (const [pattern, why, ...exempt] of BANNED) {
  test(`no source holds ${pattern.source}: ${why}`, () => {
    for (const [path, text] of own) {
      if (exempt.some((paths) => paths.test(path))) continue;
      const line = text.split('\n').findIndex((candidate) => pattern.test(candidate));
      assert.equal(line, -1, `${path}:${line + 1}`);
    }
  });
}

/** A test's title reads as a sentence, and a sentence is not cut. */
function isTitle(line: string): boolean {
  return /^\s*(?:test|suite)\(['`]/.test(line);
}

test(`lines end by column ${LINE_LENGTH_MAX}, files by line ${FILE_LINES_MAX}`, () => {
  for (const [path, text] of sources) {
    const lines = text.split('\n');
    const linesMax = path.endsWith('.test.ts') ? TEST_LINES_MAX : FILE_LINES_MAX;
    assert.ok(lines.length <= linesMax, `${path} has ${lines.length} lines: split it`);
    const long = lines.findIndex((line) => [...line].length > LINE_LENGTH_MAX && !isTitle(line));
    assert.equal(long, -1, `${path}:${long + 1} is over ${LINE_LENGTH_MAX} columns`);
  }
});

function packageOf(target: string): string | undefined {
  if (target === 'mqttgrid' || target.startsWith('.') || target.startsWith('node:'))
    return undefined;
  return target.split('/', target.startsWith('@') ? 2 : 1).join('/');
}

/** The packages that the files import, each with one that does. */
function packagesOf(files: readonly (readonly [string, string])[]): Map<string, string> {
  const used = new Map<string, string>();
  for (const [path, text] of files) {
    for (const target of targetsOf(text)) {
      const name = packageOf(target);
      if (name !== undefined) used.set(name, path);
    }
  }
  return used;
}

test('package.json lists what is used at run time, no more and no less', () => {
  const json = readFileSync(join(ROOT, 'package.json'), 'utf8');
  const stated = JSON.parse(json) as Record<
    'dependencies' | 'peerDependencies',
    Record<string, string>
  >;
  const dependencies = { ...stated.dependencies, ...stated.peerDependencies };
  const used = packagesOf(own.filter(([path]) => !TESTS_AND_EXAMPLES.test(path)));
  for (const [name, path] of used) assert.ok(name in dependencies, `${path} needs ${name}`);
  for (const name of Object.keys(dependencies)) assert.ok(used.has(name), `nothing uses ${name}`);
});
