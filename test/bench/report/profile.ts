/** The functions of a V8 CPU profile that took the most time themselves. */

interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: {
      readonly functionName: string;
      readonly url: string;
      readonly lineNumber: number;
    };
  }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

const SHOWN = 15;
/** Waiting, and what taking the profile costs itself. */
const IGNORED = /^\(idle\)|node:inspector/;

/** Shares of the time that was not idle. */
export function hottest(profile: string): string[] {
  const { nodes, samples, timeDeltas } = JSON.parse(profile) as CpuProfile;
  const names = new Map(nodes.map(({ id, callFrame }) => [id, describe(callFrame)]));
  const selfTime = new Map<string, number>();
  let total = 0;
  for (const [index, id] of samples.entries()) {
    const name = names.get(id)!;
    const microseconds = timeDeltas[index] ?? 0;
    if (IGNORED.test(name)) continue;
    total += microseconds;
    selfTime.set(name, (selfTime.get(name) ?? 0) + microseconds);
  }
  return [...selfTime]
    .sort(([, left], [, right]) => right - left)
    .slice(0, SHOWN)
    .map(([name, time]) => `${((100 * time) / total).toFixed(1).padStart(5)} %  ${name}`);
}

function describe({
  functionName,
  url,
  lineNumber,
}: CpuProfile['nodes'][number]['callFrame']): string {
  const name = functionName === '' ? '(anonymous)' : functionName;
  if (url === '') return name;
  const file = url.startsWith('file:') ? url.split('/').slice(-2).join('/') : url;
  return `${name}  ${file}:${lineNumber + 1}`;
}
