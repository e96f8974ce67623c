/** What was declared at which time, and what the rules say of it: all that brokers may run. */
import { readCertificate } from '../../../certificates/read.ts';
import { compile, type Compilation } from '../../../domain/compile.ts';
import { isKind, resourceKey, type Resource } from '../../../domain/resources.ts';
import type { Snapshot } from '../../../domain/snapshot.ts';
import type { Change } from '../../support/kube-model/history.ts';
import { asJson } from '../../support/kube-model/json.ts';

/** From `fromMs` on, until the next one. */
export interface DeclaredState {
  readonly fromMs: number;
  readonly resources: ReadonlyMap<string, Resource>;
  /** UIDs of the MqttNamespaces, by `resourceKey`. */
  readonly uids: ReadonlyMap<string, string>;
}

export class Declarations {
  readonly states: DeclaredState[] = [];
  readonly #compilations = new Map<DeclaredState, Compilation>();

  get last(): DeclaredState {
    const last = this.states.at(-1);
    if (last === undefined) throw new Error('nothing was ever declared');
    return last;
  }

  note(change: Change, nowMs: number): void {
    const resource = declaredIn(change);
    if (resource === undefined) return;
    const { after, told } = change;
    const key = resourceKey(resource);
    const resources = new Map(this.states.at(-1)?.resources);
    const uids = new Map(this.states.at(-1)?.uids);
    resources.delete(key);
    uids.delete(key);
    // What is being deleted is wanted by nobody any more.
    if (after !== undefined && told.metadata.deletionTimestamp === undefined) {
      resources.set(key, resource);
      if (resource.kind === 'MqttNamespace') uids.set(key, told.metadata.uid ?? '');
    }
    this.states.push({ fromMs: nowMs, resources, uids });
  }

  compilationOf(state: DeclaredState): Compilation {
    const known = this.#compilations.get(state);
    if (known !== undefined) return known;
    const context = { nowMs: state.fromMs, readCertificate };
    const compilation = compile([...state.resources.values()], context);
    this.#compilations.set(state, compilation);
    return compilation;
  }

  /** Of the MqttNamespace with this UID; undefined: it was not in force. */
  snapshotAt(state: DeclaredState, uid: string): Snapshot | undefined {
    const key = [...state.uids].find(([, other]) => other === uid)?.[0];
    return key === undefined ? undefined : this.compilationOf(state).snapshots.get(key);
  }

  /** Those that held at some time between the two. */
  between(fromMs: number, toMs: number): DeclaredState[] {
    return this.states.filter((state, index) => {
      const endMs = this.states[index + 1]?.fromMs ?? Infinity;
      return state.fromMs <= toMs && endMs >= fromMs;
    });
  }
}

/** Undefined: it declares nothing, as a status does not. */
function declaredIn({ before, after, told }: Change): Resource | undefined {
  const { kind, metadata } = told;
  if (!isKind(kind)) return undefined;
  const [was, is] = [before, after].map((state) => state?.metadata);
  if (was?.generation === is?.generation && was?.uid === is?.uid) return undefined;
  const { name, namespace = '', creationTimestamp = '' } = metadata;
  const spec = asJson(told)['spec'];
  return { kind, metadata: { name, namespace, creationTimestamp }, spec } as Resource;
}
