import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { KINDS, type Kind } from '../../domain/resources.ts';
import { unknownPaths } from './unknown.ts';
import { MemoryTarget } from '../../test/support/memory-target.ts';
import {
  completeInputs,
  inputsOf,
  ProviderProcess,
  replacedOneByOne,
  TARGET,
  UNKNOWN_VALUE,
  without,
} from '../../test/support/programs.ts';
import { declare } from '../../test/support/resources.ts';
import type { Properties } from './declaration.ts';

const kindOf = fc.constantFrom(...KINDS);

/** Without what only some kinds may say at once: both authentications, all destinations. */
function validInputs(kind: Kind): Properties {
  const inputs = without(completeInputs(kind), 'authentication', 'destination', 'deadLetter');
  const certificate = kind === 'CaCertificate' ? { encodedCertificate: UNKNOWN_VALUE } : {};
  const whole = kind === 'MqttNamespace' ? { replicas: 1, profile: 'EventGridPreview' } : {};
  return { ...inputsOf(kind, 'complete'), ...inputs, ...certificate, ...whole };
}

async function failuresOf(pulumi: ProviderProcess, inputs: Properties): Promise<string[]> {
  const { failures } = await pulumi.check(inputs);
  return failures.map(({ property, reason }) => `${property}: ${reason}`);
}

suite('inputs as they are kept', () => {
  test('name and namespace are completed, and what only checks need is taken off', async () => {
    const pulumi = new ProviderProcess();
    const stated = without(inputsOf('Client', 'a'), 'name');
    const { inputs } = await pulumi.check({ ...stated, metadata: { name: 'a' } });
    assert.deepEqual(inputs, { ...inputsOf('Client', 'a'), __provider: 'text' });
    const topic = inputsOf('EventTopic', 'topic');
    assert.deepEqual((await pulumi.check(topic)).inputs, { ...topic, __provider: 'text' });
  });

  test('a target that is not known yet leaves open what it decides', async () => {
    const pulumi = new ProviderProcess();
    const target = { cluster: { kubeconfig: UNKNOWN_VALUE } };
    const { inputs, failures } = await pulumi.check({
      ...without(inputsOf('Client', 'a'), 'name'),
      metadata: { name: 'a' },
      target,
    });
    assert.deepEqual(failures, []);
    assert.equal(inputs['name'], 'a');
    assert.deepEqual(inputs['metadata'], { name: 'a', namespace: UNKNOWN_VALUE });
    assert.deepEqual(pulumi.target.calls, []);
  });
});

suite('all that is wrong at once, each at its property', () => {
  test('of the shape, the rules and the options', async () => {
    const failures = await failuresOf(new ProviderProcess(), {
      ...inputsOf('Client', 'a'),
      name: 'no spaces',
      state: 'Off',
      attributes: { fine: 1, half: 0.5 },
      descripton: 'a',
      metadata: { name: 'Upper' },
    });
    const properties = failures.map((failure) => failure.split(': ')[0]);
    assert.deepEqual(properties.sort(), [
      ...['attributes.half', 'descripton', 'metadata.name', 'name', 'state'],
    ]);
  });

  test('options, beside the rest', async () => {
    const failures = await failuresOf(new ProviderProcess(), {
      ...inputsOf('ClientGroup', 'group', { query: 'what' }),
      adopt: 'yes',
      timeoutSeconds: 0,
      target: { directory: { path: 7 } },
    });
    assert.deepEqual(failures.map((failure) => failure.split(': ')[0]).sort(), [
      ...['adopt', 'query', 'target.directory.path', 'timeoutSeconds'],
    ]);
  });
});

suite('whatever a program says', () => {
  test('valid inputs with one value that is not known yet are not wrong', async () => {
    for (const kind of KINDS) {
      const valid = without(validInputs(kind), 'kind');
      for (const { path, value } of replacedOneByOne(valid, UNKNOWN_VALUE)) {
        if (path === '') continue;
        const pulumi = new ProviderProcess();
        const { failures } = await pulumi.check({ kind, ...(value as Properties) });
        assert.deepEqual(failures, [], `${kind} ${path}`);
      }
    }
  });

  test('a wrong type is an answer, and never an exception', async () => {
    for (const kind of KINDS) {
      for (const wrong of [null, 7, '', true, [], {}, ['a'], { a: 'b' }, '\u0000']) {
        for (const { value } of replacedOneByOne(without(validInputs(kind), 'kind'), wrong)) {
          const inputs = {
            metadata: { name: 'a' },
            target: TARGET,
            ...(value as Properties),
            kind,
          };
          await assert.doesNotReject(new ProviderProcess().check(inputs), JSON.stringify(inputs));
        }
      }
    }
  });

  test('so is anything at all', async () => {
    const anything = fc.record({
      kind: kindOf,
      metadata: fc.oneof(fc.constant({ name: 'a' }), fc.jsonValue()),
      target: fc.oneof(fc.constant(TARGET), fc.jsonValue()),
      ...Object.fromEntries(
        ['name', 'namespaceRef', 'attributes', 'topicTemplates', 'limits', 'destination'].map(
          (field) => [field, fc.jsonValue()],
        ),
      ),
    });
    await fc.assert(
      fc.asyncProperty(anything, async (inputs) => {
        const { failures } = await new ProviderProcess().check(inputs);
        for (const { property, reason } of failures) {
          assert.ok(property !== '' && reason !== '' && !reason.includes('undefined'), reason);
        }
      }),
    );
  });
});

test('a query is judged although nobody knows yet in which MqttNamespace', async () => {
  for (const namespaceRef of [UNKNOWN_VALUE, { name: UNKNOWN_VALUE }, 'fleet', undefined]) {
    const inputs = inputsOf('ClientGroup', 'group', { namespaceRef, query: 'x' });
    const { failures } = await new ProviderProcess().check(inputs);
    const properties = failures.map(({ property }) => property);
    const isKnown = namespaceRef === 'fleet' || namespaceRef === undefined;
    assert.deepEqual(properties.sort(), [...(isKnown ? ['namespaceRef'] : []), 'query']);
  }
});

test('what is refused at an update has no unknown values', async () => {
  const inputs = {
    ...inputsOf('Client', 'client', { timeoutSeconds: 0 }),
    metadata: { name: 'a' },
  };
  const checked = await new ProviderProcess().check(inputs, false);
  assert.deepEqual(unknownPaths(checked.inputs), []);
  assert.deepEqual(
    checked.failures.map(({ property }) => property),
    ['timeoutSeconds'],
  );
});

suite('a target', () => {
  test('that cannot be read is told once, of however many resources', async () => {
    const target = new MemoryTarget();
    target.faults.set('declared', { message: 'no route to host', remedy: 'start the cluster' });
    const pulumi = new ProviderProcess(target);
    const told = [];
    for (const name of ['aaa', 'bbb', 'ccc']) {
      told.push(...(await failuresOf(pulumi, inputsOf('Client', name))));
    }
    assert.deepEqual(told, [': no route to host; start the cluster']);
  });

  test('is not read at an update: it only has to answer, once for all', async () => {
    const pulumi = new ProviderProcess();
    for (const kind of KINDS) await pulumi.check(inputsOf(kind, 'object'), false);
    assert.deepEqual(pulumi.target.calls, []);
    assert.equal(pulumi.target.reached, 1);
  });

  test('that does not answer fails an update before anything is created', async () => {
    const target = new MemoryTarget();
    target.faults.set('reach', { message: 'no route to host', remedy: 'start the cluster' });
    const { failures } = await new ProviderProcess(target).check(inputsOf('Client', 'aaa'), false);
    assert.deepEqual(failures, [{ property: '', reason: 'no route to host; start the cluster' }]);
  });

  test('has what a program changes: what is there already is no conflict with itself', async () => {
    const pulumi = new ProviderProcess();
    const space = { topicTemplates: ['a/#'], subscriptionSupport: 'LowFanout' };
    pulumi.target.held = [declare('MqttNamespace', 'grid'), declare('TopicSpace', 'space', space)];
    const before = inputsOf('TopicSpace', 'space', space);
    const inputs = { ...before, topicTemplates: ['a/#', 'b/#'] };
    assert.deepEqual((await pulumi.check(inputs, true, before)).failures, []);
    // Of what is replaced Pulumi asks again, as of a new one.
    assert.deepEqual((await pulumi.check(inputs)).failures, []);
    assert.deepEqual(pulumi.told, []);
  });

  test('that holds the object itself, which is to be created, is told of unless it is adopted', async () => {
    const pulumi = new ProviderProcess();
    pulumi.target.held = [declare('MqttNamespace', 'grid'), declare('Client', 'client')];
    const inputs = inputsOf('Client', 'client');
    assert.deepEqual(await failuresOf(pulumi, inputs), []);
    assert.match(
      pulumi.toldOf(inputs).join(),
      /^Client\/default\/client is there already: .*adopt/,
    );
    const adopting = new ProviderProcess(pulumi.target);
    assert.deepEqual(await failuresOf(adopting, { ...inputs, adopt: true }), []);
    assert.deepEqual(adopting.told, []);
  });

  test('that holds what is in the way is a warning: it may be about to go', async () => {
    const pulumi = new ProviderProcess();
    const space = { topicTemplates: ['a/#'], subscriptionSupport: 'LowFanout' };
    pulumi.target.held = [
      declare('MqttNamespace', 'grid'),
      declare('TopicSpace', 'theirs', space),
      declare('TopicSpace', 'shared', { name: 'named' }),
    ];
    const overlapping = inputsOf('TopicSpace', 'ours', space);
    const namesake = inputsOf('TopicSpace', 'named', { topicTemplates: ['c'] });
    for (const inputs of [overlapping, namesake]) {
      assert.deepEqual(await failuresOf(pulumi, inputs), []);
    }
    const [overlap = ''] = pulumi.toldOf(overlapping);
    assert.match(overlap, /^beside what is there: spec.topicTemplates\[0\]: .*default\/theirs/);
    const [conflict = ''] = pulumi.toldOf(namesake);
    assert.match(conflict, /belongs to TopicSpace default\/shared, which is older \(created 2020/);
  });

  test('that lacks what is referred to is a warning, unless the program has it', async () => {
    const pulumi = new ProviderProcess();
    const client = inputsOf('Client', 'client');
    assert.deepEqual(await failuresOf(pulumi, client), []);
    const [missing = ''] = pulumi.toldOf(client);
    assert.match(missing, /^spec.namespaceRef.name: .*"grid".*until then this waits$/);
    const declared = new ProviderProcess();
    await declared.check(inputsOf('MqttNamespace', 'grid'));
    await declared.check(client);
    assert.deepEqual(declared.told, []);
  });
});

suite('what a program declares twice, or too much of', () => {
  const spaces = ['one', 'two'].map((name) => {
    const said = { topicTemplates: ['a/+'], subscriptionSupport: 'HighFanout' };
    return inputsOf('TopicSpace', name, said);
  });
  const names = ['first', 'second'].map((name) => inputsOf('Client', name, { name: 'same' }));
  const bindings = [
    inputsOf('TopicSpace', 'space', { subscriptionSupport: 'NotSupported' }),
    inputsOf('PermissionBinding', 'binding', { permission: 'Subscriber' }),
  ];
  const limited = inputsOf('MqttNamespace', 'grid', { limits: { clients: 1 } });
  const crowd = ['one', 'two'].map((name) => inputsOf('Client', name));
  const cases: [string, readonly Properties[], readonly Properties[], RegExp][] = [
    ['an overlap', [], spaces, /overlaps .* which this program declares, too.* matches both/],
    ['a name', [], names, /the name "same" belongs to .*, which this program declares, too/],
    ['a client too many', [limited], crowd, /spec.limits.clients .* is 1/],
    ['a subscriber', [], bindings, /subscriptionSupport is NotSupported/],
  ];
  for (const [title, before, [left, right], reason] of cases) {
    const isOrdered = title === 'a subscriber';
    for (const order of isOrdered
      ? [[left, right]]
      : [
          [left, right],
          [right, left],
        ]) {
      for (const isPreview of [true, false]) {
        const when = isPreview ? 'at preview' : 'at update';
        test(`${title} is refused of exactly one, the later, ${when}`, async () => {
          const pulumi = new ProviderProcess();
          const all = [...before, ...order].filter((inputs) => inputs !== undefined);
          const told: string[][] = [];
          for (const inputs of all) {
            const { failures } = await pulumi.check(inputs, isPreview);
            told.push(failures.map((failure) => failure.reason));
          }
          assert.deepEqual(
            told.map(({ length }) => length),
            all.map((_, at) => (at === all.length - 1 ? 1 : 0)),
          );
          assert.match(told.at(-1)?.[0] ?? '', reason);
        });
      }
    }
  }

  test('one object by two resources is refused of the second, and not of the first again', async () => {
    const pulumi = new ProviderProcess();
    const inputs = inputsOf('Client', 'client');
    const twin = { ...inputs, __urn: 'urn:pulumi:dev::fleet::type::twin' };
    assert.deepEqual(await failuresOf(pulumi, inputs), []);
    const { failures } = await pulumi.checkAs(twin);
    assert.deepEqual(
      failures.map(({ property }) => property),
      ['metadata.name'],
    );
    assert.match(failures[0]?.reason ?? '', /second time in this program, after urn:.*::client;/);
    assert.deepEqual(await failuresOf(pulumi, inputs), []);
  });
});
