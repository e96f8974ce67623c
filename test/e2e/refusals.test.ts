/**
 * Every bad manifest of `examples/invalid` through kubectl: refused by the schema where that can
 * say it, by the webhook while it is up, by conditions otherwise, and in the same words as by
 * `mqttgrid validate`.
 */
import { before, suite, test } from 'node:test';
import { eventuallyFinds, find, kubectl, runTool } from '../support/cluster.ts';
import type { Conditioned } from '../support/conditions.ts';
import { install } from '../support/installation.ts';
import { invalidExampleFiles, readInvalidExample } from '../support/invalid-examples.ts';
import type { InvalidExample, Refusal } from '../support/invalid-examples.ts';
import { useNamespace } from '../support/sandbox.ts';

const CONDITION_MS = 15_000;

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

/** What may differ: where they are, and which of two comes first, since here they have ages. */
function steadyWords(message: string): string {
  return message.replaceAll(/e2e-refusals-\d+/g, 'default').split(', which ')[0]!;
}

/**
 * At once: by the schema, which names kind or object and the field, or by the webhook, in the words
 * of conditions.
 */
function isToldByServer(stderr: string, { object = '', field, message }: Refusal): boolean {
  const [kind = '', , name = ''] = object.split('/');
  const told = stderr.split(/^(?=The |Error from server)/m);
  const place = field.split(/[.[\]]+/).findLast((step) => /^[a-zA-Z]/.test(step)) ?? '';
  return told.some(
    (answer) =>
      !answer.startsWith('Warning') &&
      answer.includes(kind) &&
      (answer.includes(`"${name}"`) || answer.includes('strict decoding error')) &&
      (answer.includes(place) || steadyWords(answer).includes(steadyWords(message))),
  );
}

/**
 * Of YAML itself, of which kubectl has its own opinion; an attribute that is null, which it takes
 * for one to be removed; and half of a character, which it cannot send.
 */
const NOT_FOR_KUBECTL = /^file\/|^client\/attribute-null|lone-surrogate/;

/** Each manifest has a Kubernetes namespace to itself: kubectl mostly waits for answers. */
const NAMESPACES = 3;
const FILES = invalidExampleFiles().filter((file) => !NOT_FOR_KUBECTL.test(file));

suite('kubectl apply of a bad manifest', { concurrency: NAMESPACES }, () => {
  before(install);
  for (let first = 0; first < NAMESPACES; first++) {
    const files = FILES.filter((_, index) => index % NAMESPACES === first);
    suite(`in namespace ${first + 1} of ${NAMESPACES}`, { concurrency: 1 }, () =>
      applyEach(`e2e-refusals-${first}`, files),
    );
  }
});

function applyEach(name: string, files: readonly string[]): void {
  const namespace = useNamespace(name);

  /** In conditions, once the operator has seen it. */
  async function toldByConditions({ object = '', reason, message }: Refusal): Promise<void> {
    const [kind = '', , name = ''] = object.split('/');
    const reference = `${kind.toLowerCase()}s.mqttgrid.io/${name}`;
    let last: unknown;
    await eventuallyFinds(CONDITION_MS, `a refusal of ${object}`, async () => {
      last = (await find<Conditioned>(namespace, reference))?.status.conditions;
      return (last as Conditioned['status']['conditions'])?.find(
        (condition) =>
          ['Accepted', 'ResolvedRefs'].includes(condition.type) &&
          condition.status === 'False' &&
          condition.reason === reason &&
          steadyWords(condition.message).includes(steadyWords(message)),
      );
    }).catch((error: unknown) => {
      throw new Error(`${reason}: ${message}\nbut has ${JSON.stringify(last)}`, { cause: error });
    });
  }

  async function check({ text, expected }: InvalidExample): Promise<void> {
    const { stderr } = await runTool('kubectl', ['-n', namespace, 'apply', '-f', '-'], {
      input: withoutPods(text),
    });
    const isTold = (refusal: Refusal): boolean => isToldByServer(stderr, refusal);
    const refused = expected.filter(isTold).map(({ object = '' }) => object);
    for (const refusal of expected.filter((one) => !isTold(one))) {
      const cause = refused.find((object) => refusal.message.includes(object.replace('/', ' ')));
      // What stands in the way of others in a folder is not even there in a cluster.
      if (cause === undefined) await toldByConditions(refusal);
      else if (refusal.reason === 'RefNotAccepted') await toldOfAbsence(refusal);
    }
  }

  async function toldOfAbsence(refusal: Refusal): Promise<void> {
    await toldByConditions({ ...refusal, reason: 'RefNotFound', message: 'there is no' });
  }

  for (const file of files) {
    const example = readInvalidExample(file);
    test(`${file}: ${example.why}`, async () => {
      try {
        await check(example);
      } finally {
        await kubectl('-n', namespace, 'delete', 'mqttgrid', '--all');
      }
    });
  }
}
