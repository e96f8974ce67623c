/** Every refusal that `examples/invalid` announces, told of a program that declares the same. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { parseAllDocuments } from 'yaml';
import { KINDS } from '../../domain/resources.ts';
import { recordOf } from '../../domain/validate/shape.ts';
import {
  invalidExampleFiles,
  readInvalidExample,
  type Refusal,
} from '../../test/support/invalid-examples.ts';
import { ProviderProcess, TARGET } from '../../test/support/programs.ts';
import type { Properties } from './declaration.ts';

/** As a preview hears of them: `provider/turns.ts`. */
const ORDER = ['EventTopic', ...KINDS];

function programOf(text: string): Properties[] {
  const documents = parseAllDocuments(text).map((document) => document.toJS() as Properties);
  return documents
    .filter((document) => document !== null)
    .map(({ kind, metadata, spec, apiVersion: _, ...rest }) => {
      return { ...recordOf(spec), kind, metadata, target: TARGET, ...rest };
    })
    .sort((left, right) => (rankOf(left) < rankOf(right) ? -1 : 1));
}

function rankOf({ kind, metadata }: Properties): string {
  return `${ORDER.indexOf(String(kind))} ${String(recordOf(metadata)['name'])}`;
}

/** A file gives each object the same age, and a program none. */
function inWordsOfAProgram(message: string): string {
  return message.replace(/which comes first by [^,:;]*, neither being older/, declaredToo);
}

const declaredToo = 'which this program declares, too';

function announced({ field, message, remedy }: Refusal): string {
  const property = field.replace(/^spec\.?/, '');
  return `${property}: ${inWordsOfAProgram(message)}; ${remedy}`;
}

/** What depends on others than the program is a warning. */
function bare(warning: string): string {
  return warning
    .replace(/^beside what is there: |; until then this waits$/g, '')
    .replace('spec.', '');
}

/** What cannot be said in a program. */
const isOfFiles = (file: string): boolean => {
  return file.startsWith('file/') || file === 'mqtt-namespace/missing-spec.yaml';
};

suite('refused as announced', () => {
  for (const file of invalidExampleFiles().filter((name) => !isOfFiles(name))) {
    test(file, async () => {
      const { text, expected } = readInvalidExample(file);
      const pulumi = new ProviderProcess();
      const told: string[] = [];
      for (const inputs of programOf(text)) {
        const { failures } = await pulumi.check(inputs);
        told.push(...failures.map(({ property, reason }) => `${property}: ${reason}`));
      }
      const warnings = pulumi.told.map(({ message }) => message);
      assert.deepEqual([...told, ...warnings.map(bare)].sort(), expected.map(announced).sort());
    });
  }
});
