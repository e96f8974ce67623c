/**
 * Every bad manifest of `examples/invalid` through kubectl: refused by the schema where that can
 * say it, by the webhook while it is up, by conditions otherwise, and in the same words as by
 * `mqttgrid validate`.
 */
import { before, suite, test } from 'node:test';
import { eventuallyFinds, find, kubectl, runTool } from '../support/cluster.ts';
import type { ClusterObject } from '../support/cluster.ts';
import { install } from '../support/installation.ts';
import { invalidExampleFiles, readInvalidExample } from '../support/invalid-examples.ts';
import type { InvalidExample, Refusal } from '../support/invalid-examples.ts';
import { useNamespace } from '../support/sandbox.ts';

const CONDITION_MS = 15_000;

interface Conditioned extends ClusterObject {
  readonly status: {
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly reason: string;
      readonly message: string;
    }[];
  };
}

/** Nothing is to run here, and starting a hundred brokers takes its time. */
function withoutPods(manifest: string): string {
  const documents = manifest.split(/^---\n/m).map((document) => {
    if (!/^kind: MqttNamespace$/m.test(document) || /^ {2}replicas:/m.test(document)) {
      return document;
    }
    return document
      .replace(/^spec: \{\}$/m, 'spec: { replicas: 0 }')
      .replace(/^spec:\n/m, 'spec:\n  replicas: 0\n');
  });
  return documents.join('---\n');
}

/** What may differ is which of two comes first: here they have ages. */
function steadyWords(message: string): string {
  return message.replace(/ (?:default|e2e-refusals)\//g, ' ').split(', which ')[0]!;
}

suite('kubectl apply of a bad manifest', { concurrency: 1 }, () => {
  const namespace = useNamespace('e2e-refusals');
  before(install);

  /** In conditions, once the operator has seen it. */
  async function toldByConditions({ object = '', ...expected }: Refusal): Promise<void> {
    const [kind = '', , name = ''] = object.split('/');
    const reference = `${kind.toLowerCase()}s.mqttgrid.io/${name}`;
    let last: unknown;
    await eventuallyFinds(CONDITION_MS, `a refusal of ${object}`, async () => {
      const declared = await find<Conditioned>(namespace, reference);
      last = declared?.status.conditions;
      return declared?.status.conditions?.find(
        ({ type, status, reason, message }) =>
          ['Accepted', 'ResolvedRefs'].includes(type) &&
          status === 'False' &&
          (reason === expected.reason || message.includes(expected.message)) &&
          steadyWords(message).includes(steadyWords(expected.message)),
      );
    }).catch((error: unknown) => {
      throw new Error(`${expected.message}\nand has ${JSON.stringify(last)}`, { cause: error });
    });
  }

  /** At once: by the schema, which names the field, or by the webhook, in our words. */
  function toldByServer(stderr: string, { object = '', field, message }: Refusal): boolean {
    const name = object.split('/')[2] ?? '';
    const lines = stderr.split('\n').filter((line) => line.includes(name));
    const place = field.split(/[.[]/)[1] ?? field;
    return lines.some(
      (line) => line.includes(place) || steadyWords(line).includes(steadyWords(message)),
    );
  }

  async function check({ text, expected }: InvalidExample): Promise<void> {
    const applied = await runTool('kubectl', ['-n', namespace, 'apply', '-f', '-'], {
      input: withoutPods(text),
    });
    for (const refusal of expected) {
      if (applied.code !== 0 && toldByServer(applied.stderr, refusal)) continue;
      await toldByConditions(refusal);
    }
  }

  for (const file of invalidExampleFiles()) {
    // Of YAML itself, of which kubectl has its own opinion.
    if (file.startsWith('file/')) continue;
    const example = readInvalidExample(file);
    test(`${file}: ${example.why}`, async () => {
      try {
        await check(example);
      } finally {
        await kubectl('-n', namespace, 'delete', 'mqttgrid', '--all');
      }
    });
  }
});
