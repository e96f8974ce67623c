import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { broken, declared, GOOD_SPECS } from '../test/support/declarations.ts';
import { declare, inputOf, OWNER, readAnyCertificate } from '../test/support/resources.ts';
import { judgeAdmission } from './admission.ts';
import {
  compile,
  compileNamespace,
  ownerNameOf,
  type CompileContext,
  type MemberResource,
  type Verdict,
} from './compile.ts';
import { immutableViolations } from './immutable.ts';
import { resourceKey, type Resource } from './resources.ts';
import { printViolation } from './violation.ts';

const CONTEXT: CompileContext = {
  nowMs: 0,
  readCertificate: readAnyCertificate,
  mqttNamespacesMax: 3,
};

function admitted(others: readonly Resource[], resource: Resource): Verdict {
  const owner =
    resource.kind === 'MqttNamespace'
      ? resource.metadata.name
      : ownerNameOf(resource as MemberResource);
  const { world } = compileNamespace(inputOf(others, owner ?? ''), CONTEXT);
  return judgeAdmission(world, resource);
}

function compiled(others: readonly Resource[], resource: Resource): Verdict | undefined {
  const key = resourceKey(resource);
  const rest = others.filter((other) => resourceKey(other) !== key);
  return compile([...rest, resource], CONTEXT).verdicts.get(key);
}

const world = fc
  .uniqueArray(declared, { maxLength: 40, selector: resourceKey })
  .map((resources) => [declare('MqttNamespace', OWNER), ...resources]);

function aged(resource: Resource, creationTimestamp: string): Resource {
  return { ...resource, metadata: { ...resource.metadata, creationTimestamp } };
}

suite('admission says what compile will say', () => {
  test('of an object that is new, and so the youngest', () => {
    const check = (others: Resource[], one: Resource): void => {
      // Nobody has an age before it is created.
      const fresh = aged(one, '');
      const rest = others.filter((other) => resourceKey(other) !== resourceKey(fresh));
      assert.deepEqual(admitted(rest, fresh), compiled(rest, fresh));
    };
    fc.assert(fc.property(world, declared, check), { numRuns: 1500 });
  });

  test('of an object that changes, and keeps its age', () => {
    const change = fc.tuple(world, fc.array(declared, { minLength: 30, maxLength: 30 }));
    const check = ([others, changes]: [Resource[], Resource[]]): void => {
      const ages = new Map(others.map((each) => [resourceKey(each), each.metadata]));
      for (const each of changes) {
        const metadata = ages.get(resourceKey(each));
        if (metadata === undefined) continue;
        const changed = aged(each, metadata.creationTimestamp);
        assert.deepEqual(admitted(others, changed), compiled(others, changed));
      }
    };
    fc.assert(fc.property(change, check), { numRuns: 400 });
  });
});

/** Topic spaces that overlap some of the others. */
const contender = fc
  .tuple(
    fc.constantFrom('one', 'two', 'three', 'four', 'five', 'six'),
    fc.constantFrom('a/b', 'a/c', 'b/+', 'a/+', '+/b', '+/c', 'c/#', '#'),
    fc.integer({ min: 2000, max: 2005 }),
  )
  .map(([name, template, age]) => {
    const spec = { topicTemplates: [template], subscriptionSupport: 'LowFanout' };
    return declare('TopicSpace', name, spec, age);
  });

test('admission says which of several topic spaces an overlap is with', () => {
  const check = (others: Resource[], one: Resource): void => {
    const age = others.find((other) => resourceKey(other) === resourceKey(one))?.metadata;
    const changed = aged(one, age?.creationTimestamp ?? '');
    const all = [declare('MqttNamespace', OWNER, { limits: { topicSpaces: 4 } }), ...others];
    assert.deepEqual(admitted(all, changed), compiled(all, changed));
  };
  const spaces = fc.uniqueArray(contender, { selector: resourceKey });
  fc.assert(fc.property(spaces, contender, check), { numRuns: 1000 });
});

suite('admission finds', () => {
  const printed = (others: readonly Resource[], resource: Resource): string[] => {
    const { faults, unresolved } = admitted(others, resource);
    return [...faults, ...unresolved].map(printViolation);
  };
  const space = (name: string, template: string, age: number): Resource => {
    const spec = { topicTemplates: [template], subscriptionSupport: 'LowFanout' };
    return declare('TopicSpace', name, spec, age);
  };
  const grid = declare('MqttNamespace', OWNER, { limits: { clients: 2 } });
  const clients = [2001, 2002].map((age) => declare('Client', `client-${age}`, {}, age));

  test('the one too many, and lets one of those that are in change', () => {
    const third = declare('Client', 'third', {}, 2003);
    const [fault, ...more] = printed([grid, ...clients], third);
    assert.match(fault ?? '', /^metadata\.name: spec\.limits\.clients .* "grid" is 2, and that/);
    assert.deepEqual(more, []);
    const second = declare('Client', 'client-2002', { state: 'Disabled' }, 2002);
    assert.deepEqual(printed([grid, ...clients], second), []);
  });

  test('nothing in a new object because of its namesake that was deleted a moment ago', () => {
    const again = aged(clients[0]!, '');
    assert.deepEqual(printed([grid, ...clients], again), []);
  });

  test('a topic that two topic spaces share', () => {
    const [fault] = printed([grid, space('first', 'a/+', 2000)], space('second', '+/b', 2001));
    assert.match(fault ?? '', /^spec\.topicTemplates\[0\]: "\+\/b" overlaps "a\/\+" .*"a\/b"/);
  });

  test('nothing in an elder that is changed into an overlap: the younger one will yield', () => {
    const others = [grid, space('first', 'a/b', 2000), space('second', '+/c', 2001)];
    assert.deepEqual(printed(others, space('first', 'a/+', 2000)), []);
  });

  test('no peers for an object that names no MqttNamespace', () => {
    const stray = declare('Client', 'stray', { namespaceRef: OWNER });
    const twin = declare('Client', 'twin', { name: 'stray' });
    assert.deepEqual(printed([grid, twin], stray), [
      'spec.namespaceRef: is a string, but must be an object; make it an object',
    ]);
  });
});

suite('a stored object of any shape, from before an upgrade', () => {
  const others = [declare('MqttNamespace', OWNER), declare('TopicSpace', 'space')];

  for (const good of GOOD_SPECS) {
    test(`is judged and never makes ${good.kind} crash, as a peer or as what changes`, () => {
      const stored = fc
        .tuple(broken(good.spec), fc.jsonValue(), fc.constantFrom('broken', 'other'))
        .map(([spec, creationTimestamp, name]) => {
          const metadata = { name, namespace: 'default', creationTimestamp };
          return { kind: good.kind, metadata, spec } as unknown as Resource;
        });
      const check = (before: Resource, after: Resource): void => {
        const key = resourceKey(before);
        const resources = [before, ...others.filter((other) => resourceKey(other) !== key)];
        // In the world that holds it, whatever it says of where it belongs.
        const input = inputOf(resources);
        const isMember = !/^(?:Mqtt|Event)/.test(before.kind);
        const members = isMember ? [before as MemberResource, ...input.members] : input.members;
        const { world } = compileNamespace({ ...input, members }, CONTEXT);
        for (const verdict of [judgeAdmission(world, after), judgeAdmission(world, before)]) {
          for (const fault of [...verdict.faults, ...verdict.unresolved]) printViolation(fault);
        }
        immutableViolations(before, after);
      };
      fc.assert(fc.property(stored, stored, check), { numRuns: 500 });
    });
  }
});
