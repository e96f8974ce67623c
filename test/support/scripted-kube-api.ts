import assert from 'node:assert/strict';
import type {
  KubeApi,
  KubeList,
  KubeObject,
  ListOptions,
  ResourceType,
  WatchEvent,
  WatchOptions,
} from '../../kube/kube-api.ts';

/** A watch that is open. */
export interface OpenWatch<T extends KubeObject> {
  readonly options: WatchOptions;
  readonly emit: (event: WatchEvent<T>) => void;
  readonly end: () => void;
  readonly fail: (error: Error) => void;
}

/** Lists and watches that answer what a test tells them to, when it does. All else is refused. */
export class ScriptedKubeApi<T extends KubeObject> implements KubeApi {
  /** Each list takes the next; at the end the last one is given again. */
  answers: (KubeList<T> | Error)[] = [];
  readonly lists: ListOptions[] = [];
  readonly watches: OpenWatch<T>[] = [];

  /** The watch that was opened last. */
  get watching(): OpenWatch<T> {
    const last = this.watches.at(-1);
    assert.ok(last, 'no watch');
    return last;
  }

  list<U extends KubeObject>(_: ResourceType, options: ListOptions): Promise<KubeList<U>> {
    this.lists.push(options);
    const answer = this.answers.length > 1 ? this.answers.shift() : this.answers[0];
    assert.ok(answer, 'no answer for a list');
    if (answer instanceof Error) return Promise.reject(answer);
    return Promise.resolve(answer as unknown as KubeList<U>);
  }

  watch<U extends KubeObject>(
    _: ResourceType,
    options: WatchOptions,
    onEvent: (event: WatchEvent<U>) => void,
  ): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    options.signal.addEventListener('abort', () => resolve());
    const emit = onEvent as unknown as (event: WatchEvent<T>) => void;
    this.watches.push({ options, emit, end: resolve, fail: reject });
    return promise;
  }

  get: KubeApi['get'] = refuse;
  create: KubeApi['create'] = refuse;
  replace: KubeApi['replace'] = refuse;
  patch: KubeApi['patch'] = refuse;
  apply: KubeApi['apply'] = refuse;
  delete: KubeApi['delete'] = refuse;
}

function refuse(): Promise<never> {
  return Promise.reject(new Error('not in this test'));
}
