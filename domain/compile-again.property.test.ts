import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { declared } from '../test/support/declarations.ts';
import { declare, inputOf, OWNER } from '../test/support/resources.ts';
import type { CertificateFacts } from './certificate.ts';
import {
  compileNamespace,
  type CompileContext,
  type NamespaceCompilation,
  type NamespaceInput,
} from './compile.ts';
import { resourceKey, type Resource } from './resources.ts';
import { SNAPSHOT_LISTS } from './snapshot-changes.ts';

const readCertificate = (): CertificateFacts => {
  return { subject: 'CN=Any', certificateAuthority: true, validFromMs: 10, validToMs: 20 };
};
const context = (nowMs: number): CompileContext => ({ nowMs, readCertificate });

type Step =
  | { readonly step: 'Declare'; readonly resource: Resource }
  | { readonly step: 'Delete'; readonly which: number }
  | { readonly step: 'Wait'; readonly nowMs: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: declared.map((resource) => ({ step: 'Declare', resource }) as const) },
  { weight: 2, arbitrary: fc.nat().map((which) => ({ step: 'Delete', which }) as const) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(5, 15, 25).map((nowMs) => ({ step: 'Wait', nowMs }) as const),
  },
);

/** What stands declared, and the time. */
class History {
  readonly declared = new Map([
    [
      `MqttNamespace/default/${OWNER}`,
      declare('MqttNamespace', OWNER, { routeTopicRef: { name: 'one' } }),
    ],
  ]);
  nowMs = 15;

  take(taken: Step): void {
    if (taken.step === 'Wait') this.nowMs = taken.nowMs;
    else if (taken.step === 'Declare') {
      this.declared.set(resourceKey(taken.resource), taken.resource as never);
    } else {
      const keys = [...this.declared.keys()];
      this.declared.delete(keys[taken.which % keys.length] ?? '');
    }
  }

  get input(): NamespaceInput {
    return inputOf([...this.declared.values()]);
  }
}

suite('compiling the same objects again', () => {
  test('after any changes answers what copies of the objects would give', () => {
    const check = (steps: readonly Step[]): void => {
      const history = new History();
      let before: NamespaceCompilation | undefined;
      for (const each of steps) {
        history.take(each);
        const again = compileNamespace(history.input, context(history.nowMs), before);
        const copies = structuredClone(history.input);
        const anew = compileNamespace(copies, context(history.nowMs));
        assert.deepEqual(again.snapshot, anew.snapshot);
        assert.deepEqual(again.verdicts, anew.verdicts);
        before = again;
      }
    };
    fc.assert(fc.property(fc.array(step, { maxLength: 60 }), check), { numRuns: 150 });
  });

  test('keeps what did not change as the same objects, up to the whole snapshot', () => {
    const check = (steps: readonly Step[]): void => {
      const history = new History();
      for (const each of steps) history.take(each);
      const first = compileNamespace(history.input, context(15));
      const second = compileNamespace(history.input, context(15), first);
      assert.equal(second.snapshot, first.snapshot);
      const later = declare('Client', 'a-new-one');
      const input = { ...history.input, members: [later, ...history.input.members] };
      const third = compileNamespace(input, context(15), second);
      for (const list of SNAPSHOT_LISTS) {
        const kept: ReadonlySet<unknown> = new Set<unknown>(first.snapshot?.[list]);
        const added = third.snapshot?.[list].filter((value) => !kept.has(value)) ?? [];
        if (list === 'clients') assert.ok(added.every(({ name }) => name === 'a-new-one'));
        else assert.equal(third.snapshot?.[list], first.snapshot?.[list]);
      }
    };
    fc.assert(fc.property(fc.array(step, { maxLength: 40 }), check), { numRuns: 100 });
  });

  test('gives all that nothing is wrong with the same verdict', () => {
    const members = [declare('Client', 'one'), declare('Client', 'two')];
    const input = { ...inputOf([declare('MqttNamespace', OWNER)]), members };
    const { verdicts } = compileNamespace(input, context(15));
    assert.equal(new Set(verdicts.values()).size, 1);
  });

  test('tells when a certificate is not valid yet, valid, and expired', () => {
    const input = inputOf([declare('MqttNamespace', OWNER), declare('CaCertificate', 'root')]);
    const certificates = [5, 15, 16, 25, 15].map((nowMs) => {
      return compileNamespace(input, context(nowMs)).snapshot?.caCertificates[0];
    });
    const valid = certificates[1];
    assert.equal(valid?.name, 'root');
    assert.deepEqual(certificates, [undefined, valid, valid, undefined, valid]);
    assert.ok(
      certificates.every((certificate) => certificate === undefined || certificate === valid),
    );
  });
});
