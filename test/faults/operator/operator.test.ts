import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from '../../hostile/random.ts';
import { FAMILIES, type Plan } from './families.ts';
import { referenceOf, runPlan, type PlanOptions, type Reference } from './plan.ts';
import { makeSetting, PLANS, sample, SEED } from './setting.ts';
import { anyDeletions, anyTransitions, badThenGood } from './generated.ts';
import { KEEPS, MEANT, OF_VOLUMES, WORKLOADS } from './workloads.ts';

const setting = await makeSetting();

interface Prepared {
  readonly title: string;
  readonly options: PlanOptions;
  readonly reference: Reference;
}

const prepared: Prepared[] = [];
for (const [title, workload] of Object.entries(WORKLOADS)) {
  test(`without faults, where ${title}, all ends as if it had been declared at once`, async () => {
    const options = {
      ...setting,
      seed: SEED,
      workload,
      meant: MEANT.get(title),
      keeps: KEEPS.get(title),
    };
    prepared.push({ title, options, reference: await referenceOf(options) });
  });
}

/** Findings of each failed plan that are shown. */
const FINDINGS_MAX = 5;

for (const [title, family] of Object.entries(FAMILIES)) {
  test(`whatever is declared, where ${title}, all ends as it would have`, async (t) => {
    const plans = prepared.flatMap((workload) => {
      return family(workload.reference).map((plan) => ({ ...workload, plan }));
    });
    assert.ok(plans.length > 0, 'there are no plans');
    const failed: string[] = [];
    const picked = sample(plans, PLANS, `${SEED} ${title}`);
    for (const { title, options, reference, plan } of picked) {
      const { findings } = await runPlan({ ...options, ...plan }, reference);
      if (findings.length > 0) failed.push(describe(title, plan, findings));
    }
    t.diagnostic(`${picked.length} of ${plans.length} plans`);
    assert.equal(
      failed.length,
      0,
      `${failed.length} plans, MQTTGRID_SEED=${SEED}:\n${failed.slice(0, 10).join('\n')}`,
    );
  });
}

function describe(title: string, { name }: Plan, findings: readonly string[]): string {
  const shown = findings.slice(0, FINDINGS_MAX).map((finding) => `    ${finding}`);
  return [`  where ${title}, ${name}:`, ...shown].join('\n');
}

const GENERATORS = { anyTransitions, badThenGood, anyDeletions };
const WHERE: Readonly<Record<keyof typeof GENERATORS, string>> = {
  anyTransitions: 'any specs follow each other',
  badThenGood: 'a bad spec is followed by the good one',
  anyDeletions: 'all is deleted in any order, with brokers or operator absent',
};

for (const [generator, generate] of Object.entries(GENERATORS)) {
  const where = WHERE[generator as keyof typeof GENERATORS];
  test(`where ${where}, all ends as if the last had been declared at once`, async (t) => {
    const failed: string[] = [];
    const count = Math.ceil(PLANS / 3);
    for (let number = 0; number < count; number++) {
      const seed = `${SEED} ${generator} ${number}`;
      const workload = generate(new Random(seed));
      const options = { ...setting, seed, workload, meant: OF_VOLUMES };
      await referenceOf(options).catch((error: unknown) => {
        failed.push(`${seed}: ${String(error)}\n${JSON.stringify(workload)}`);
      });
    }
    t.diagnostic(`${count} workloads`);
    const shown = failed.slice(0, 10).join('\n');
    assert.equal(failed.length, 0, `${failed.length} workloads, MQTTGRID_SEED=${SEED}:\n${shown}`);
  });
}
