/** What questions about a folder have in common: of which MqttNamespace, and what is refused. */
import { failure, success } from '../domain/result.ts';
import type { Result } from '../domain/result.ts';
import type { Snapshot } from '../domain/snapshot.ts';
import { either, quote } from '../domain/text.ts';
import type { Plan } from '../standalone/plan.ts';
import { count, violationLine, writeError } from './render.ts';

/** A MqttNamespace that would be served. */
export interface Candidate {
  readonly key: string;
  readonly snapshot: Snapshot;
}

function isNamed({ key, snapshot }: Candidate, name: string): boolean {
  return [snapshot.name, key, key.split('/').at(-1)].includes(name);
}

/** The one that is named, or meant: of several, that which the question can be about. */
export function chooseNamespace(
  plan: Plan,
  isMeant: (snapshot: Snapshot) => boolean,
  namespace: string | undefined,
): Result<Candidate, string> {
  const all = [...plan.snapshots].map(([key, snapshot]) => ({ key, snapshot }));
  if (all.length === 0) return failure('no MqttNamespace of the folder is in force');
  const named = namespace === undefined ? all : all.filter((each) => isNamed(each, namespace));
  const meant = named.filter(({ snapshot }) => isMeant(snapshot));
  const [only, ...others] = meant.length > 0 ? meant : named;
  const names = (meant.length > 0 ? meant : all).map(({ key }) => key);
  if (only === undefined) {
    return failure(`no MqttNamespace ${quote(namespace ?? '')} is in force: ${either(names)} is`);
  }
  if (others.length === 0) return success(only);
  return failure(`which MqttNamespace? Say --namespace with ${either(names)}`);
}

/** What is wrong with the objects of these keys, which the answer is about. */
export function warnOf(plan: Plan, keys: ReadonlySet<string>): void {
  const found = plan.violations.length;
  if (found === 0) return;
  for (const located of plan.violations) {
    if (located.object !== undefined && keys.has(located.object)) {
      writeError(violationLine(located));
    }
  }
  const some = count(found, 'violation');
  writeError(`the folder has ${some}, and what is refused is not in force: see mqttgrid validate`);
}
