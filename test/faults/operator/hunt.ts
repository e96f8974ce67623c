/** As many plans of all families as it takes to find something, and no more. */
import { Random } from '../../hostile/random.ts';
import { FAMILIES, type Plan } from './families.ts';
import { anyTransitions } from './generated.ts';
import { referenceOf, runPlan, type PlanOptions, type Reference } from './plan.ts';
import { makeSetting, sample, type Setting } from './setting.ts';
import { KEEPS, MEANT, OF_VOLUMES, WORKLOADS } from './workloads.ts';

export interface Hunt {
  /** What gave it away; undefined: nothing did. */
  readonly found: string | undefined;
  readonly runs: number;
}

export interface Focus {
  readonly workload?: string;
  readonly family?: string;
}

/** Of each family; of one alone, more. */
const PLANS_MAX = 50;
const FOCUSED_MAX = 150;
const GENERATED_MAX = 15;

interface Prepared {
  readonly title: string;
  readonly options: PlanOptions;
  readonly reference: Reference;
}

export async function hunt(seed: string, focus: Focus = {}): Promise<Hunt> {
  const hunter = new Hunter(seed, await makeSetting());
  try {
    await hunter.declare(focus.workload);
    await hunter.breakThings(focus.family);
    await hunter.generate();
    return { found: undefined, runs: hunter.runs };
  } catch (error) {
    if (error instanceof Found) return { found: error.message, runs: hunter.runs };
    throw error;
  }
}

class Found extends Error {}

class Hunter {
  runs = 0;
  readonly #seed: string;
  readonly #setting: Setting;
  readonly #prepared: Prepared[] = [];

  constructor(seed: string, setting: Setting) {
    this.#seed = seed;
    this.#setting = setting;
  }

  /** What runs without faults come to, of one workload or all. */
  async declare(wanted: string | undefined): Promise<void> {
    for (const [title, workload] of Object.entries(WORKLOADS)) {
      if (title !== (wanted ?? title)) continue;
      const particulars = { meant: MEANT.get(title), keeps: KEEPS.get(title) };
      const options = { ...this.#setting, seed: this.#seed, workload, ...particulars };
      this.#prepared.push({ title, options, reference: await this.#reference(options) });
    }
  }

  async #reference(options: PlanOptions): Promise<Reference> {
    this.runs += 2;
    return referenceOf(options).catch((error: unknown) => {
      throw new Found(`without faults: ${String(error)}`);
    });
  }

  /** One plan of each family in turn, since nobody knows which one finds it. */
  async breakThings(wanted: string | undefined): Promise<void> {
    const plansMax = wanted === undefined ? PLANS_MAX : FOCUSED_MAX;
    const families = Object.entries(FAMILIES)
      .filter(([title]) => title === (wanted ?? title))
      .map(([title, family]) => {
        const plans = this.#prepared.flatMap((prepared) =>
          family(prepared.reference).map((plan) => ({ ...prepared, plan })),
        );
        return sample(plans, plansMax, `${this.#seed} ${title}`);
      });
    for (let number = 0; number < plansMax; number++) {
      for (const family of families) await this.#try(family[number]);
    }
  }

  async #try(tried: (Prepared & { readonly plan: Plan }) | undefined): Promise<void> {
    if (tried === undefined) return;
    const { title, options, reference, plan } = tried;
    this.runs++;
    const { findings } = await runPlan({ ...options, ...plan }, reference);
    if (findings.length > 0) throw new Found(`where ${title}, ${plan.name}: ${findings[0]}`);
  }

  async generate(): Promise<void> {
    for (let number = 0; number < GENERATED_MAX; number++) {
      const workload = anyTransitions(new Random(`${this.#seed} ${number}`));
      await this.#reference({ ...this.#setting, seed: this.#seed, workload, meant: OF_VOLUMES });
    }
  }
}
