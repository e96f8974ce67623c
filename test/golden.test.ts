/**
 * Questions and answers for people to read: each `golden/<case>.in.yaml` declares objects, and
 * `<case>.out.yaml` holds what becomes of them. `UPDATE_GOLDEN=1 node --test test/golden.test.ts`
 * writes the answers anew; the difference is for review.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { suite, test } from 'node:test';
import { parseAllDocuments, stringify, type ScalarTag } from 'yaml';
import { readCertificate } from '../certificates/read.ts';
import { buildPolicy, explain, printExplanation, type AccessQuestion } from '../domain/access.ts';
import { compile, type Compilation, type Verdict } from '../domain/compile.ts';
import { conditionsOf } from '../domain/conditions.ts';
import { LIMIT_NAMES, LIMIT_RULES, type Limits } from '../domain/limits.ts';
import { decodePem } from '../domain/pem.ts';
import { isKind, type Resource } from '../domain/resources.ts';
import type { Snapshot } from '../domain/snapshot.ts';

const FOLDER = new URL('golden/', import.meta.url);
const NOW_MS = Date.parse('2026-01-01T00:00:00Z');
/** Objects that do not say when they were created came one minute after another. */
const FIRST_CREATED_MS = Date.parse('2025-01-01T00:00:00Z');

function readText(name: string): string {
  return readFileSync(new URL(name, FOLDER), 'utf8');
}

/** `!fixture root.pem` stands for the text of that file. */
const FIXTURE: ScalarTag = {
  tag: '!fixture',
  resolve: (name) => readText(`fixtures/${name}`),
};

interface Document {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec: unknown;
  /** Instead of an object: what to ask once everything is compiled. */
  readonly ask?: { readonly namespace: string; readonly questions: readonly AccessQuestion[] };
}

interface Case {
  readonly resources: readonly Resource[];
  readonly asked: readonly NonNullable<Document['ask']>[];
}

function readCase(name: string): Case {
  const parsed = parseAllDocuments(readText(`${name}.in.yaml`), { customTags: [FIXTURE] });
  const resources: Resource[] = [];
  const asked: NonNullable<Document['ask']>[] = [];
  for (const [index, document] of parsed.entries()) {
    assert.deepEqual(document.errors, []);
    const { kind, metadata, spec, ask } = document.toJS() as Document;
    if (ask !== undefined) {
      asked.push(ask);
      continue;
    }
    assert.ok(isKind(kind), `${name}: ${kind} is not a kind`);
    const creationTimestamp = new Date(FIRST_CREATED_MS + index * 60_000).toISOString();
    const stated = { namespace: 'default', creationTimestamp, ...metadata };
    resources.push({ kind, metadata: stated, spec } as Resource);
  }
  return { resources, asked };
}

function printVerdict(verdict: Verdict): unknown {
  const conditions = conditionsOf(verdict, 'Programmed');
  const ready = conditions.every(({ type, status }) => type !== 'Ready' || status === 'True');
  if (ready) return 'Ready';
  const wrong = conditions.filter(({ type, status }) => {
    return (type === 'Accepted' || type === 'ResolvedRefs') && status === 'False';
  });
  return Object.fromEntries(
    wrong.map(({ type, reason, message }) => [type, `${reason}: ${message}`]),
  );
}

const FIXTURES = new Map(
  readdirSync(new URL('fixtures/', FOLDER))
    .filter((name) => name.endsWith('.pem'))
    .map((name) => {
      const certificate = decodePem(readText(`fixtures/${name}`));
      assert.ok(certificate.ok);
      return [certificate.value, name];
    }),
);

/** Only what differs from the specification's numbers, and certificates by their file. */
function printSnapshot({ limits, caCertificates, ...snapshot }: Snapshot): unknown {
  const raised: Partial<Record<keyof Limits, number>> = {};
  for (const name of LIMIT_NAMES) {
    if (limits[name] !== LIMIT_RULES[name].default) raised[name] = limits[name];
  }
  return {
    ...snapshot,
    limits: raised,
    caCertificates: caCertificates.map(({ name, certificate }) => {
      return { name, certificate: FIXTURES.get(certificate) ?? certificate };
    }),
  };
}

function answer({ snapshots }: Compilation, asked: Case['asked']): unknown[] {
  return asked.flatMap(({ namespace, questions }) => {
    const snapshot = snapshots.get(`MqttNamespace/default/${namespace}`);
    assert.ok(snapshot, `${namespace} has no snapshot to ask`);
    const policy = buildPolicy(snapshot);
    return questions.map((question) => printExplanation(explain(policy, question)));
  });
}

function compileCase({ resources, asked }: Case): string {
  const compilation = compile(resources, { nowMs: NOW_MS, readCertificate });
  const entries = [...compilation.verdicts].map(([key, verdict]) => [key, printVerdict(verdict)]);
  const answers = answer(compilation, asked);
  const output = {
    verdicts: Object.fromEntries(entries.sort()) as unknown,
    snapshots: [...compilation.snapshots].sort().map(([, snapshot]) => printSnapshot(snapshot)),
    ...(answers.length > 0 && { answers }),
  };
  return stringify(output, { lineWidth: 100, aliasDuplicateObjects: false });
}

suite('what is declared compiles to what the golden file says:', () => {
  const suffix = '.in.yaml';
  const files = readdirSync(FOLDER).filter((name) => name.endsWith(suffix));
  for (const name of files.map((file) => file.slice(0, -suffix.length))) {
    test(name.replaceAll('-', ' '), () => {
      const input = readCase(name);
      const output = compileCase(input);
      if (process.env.UPDATE_GOLDEN === '1') {
        writeFileSync(new URL(`${name}.out.yaml`, FOLDER), output);
      }
      assert.equal(output, readText(`${name}.out.yaml`));
      const backwards = { ...input, resources: input.resources.toReversed() };
      assert.equal(compileCase(backwards), output, 'the order of objects must not matter');
    });
  }
});
