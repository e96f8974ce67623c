/** A process with a bug of our choice in it: `node mutant-run.ts NAME SEED`; `none`: with none. */
import assert from 'node:assert/strict';
import { registerHooks } from 'node:module';
import { MUTANTS, type Edit } from './mutants.ts';

const [, , wanted, seed = ''] = process.argv;
const mutant = MUTANTS.find(({ name }) => name === wanted);
assert.ok(mutant !== undefined || wanted === 'none', `there is no mutant ${wanted}`);
for (const edit of mutant?.edits ?? []) mutate(edit);

const { hunt } = await import('./hunt.ts');
process.stdout.write(JSON.stringify(await hunt(seed, mutant)));
process.exit(0);

function mutate({ file, replace, by }: Edit): void {
  const target = new URL(`../../../${file}`, import.meta.url).href;
  registerHooks({
    load: (url, context, nextLoad) => {
      const loaded = nextLoad(url, context);
      if (url !== target) return loaded;
      const source = Buffer.from(loaded.source as Uint8Array).toString();
      const mutated = source.replaceAll(replace, () => by);
      assert.notEqual(mutated, source, `${file} does not hold ${replace}`);
      return { ...loaded, source: mutated };
    },
  });
}
