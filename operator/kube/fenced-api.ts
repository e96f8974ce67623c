import type {
  ApplyOptions,
  DeleteOptions,
  KubeApi,
  KubeList,
  KubeObject,
  ListOptions,
  ObjectName,
  PatchOptions,
  ResourceType,
  WatchEvent,
  WatchOptions,
} from '../../kube/kube-api.ts';

/** The write was not sent: another replica may be the leader. */
export class NotLeadingError extends Error {
  override readonly name = 'NotLeadingError';
}

/**
 * Refuses every write from the moment on that this replica may not be the leader any more. A lease
 * cannot be checked and an object written in one step: what may slip through in between is fenced
 * by the resourceVersion or UID that the write states.
 */
export class FencedApi implements KubeApi {
  readonly #api: KubeApi;
  readonly #isLeading: () => boolean;

  constructor(api: KubeApi, isLeading: () => boolean) {
    this.#api = api;
    this.#isLeading = isLeading;
  }

  get<T extends KubeObject>(type: ResourceType, name: ObjectName): Promise<T | undefined> {
    return this.#api.get(type, name);
  }

  list<T extends KubeObject>(type: ResourceType, options: ListOptions): Promise<KubeList<T>> {
    return this.#api.list(type, options);
  }

  watch<T extends KubeObject>(
    type: ResourceType,
    options: WatchOptions,
    onEvent: (event: WatchEvent<T>) => void,
  ): Promise<void> {
    return this.#api.watch(type, options, onEvent);
  }

  async create<T extends KubeObject>(type: ResourceType, object: T): Promise<T> {
    this.#assertLeading(type);
    return await this.#api.create(type, object);
  }

  async replace<T extends KubeObject>(type: ResourceType, object: T): Promise<T> {
    this.#assertLeading(type);
    return await this.#api.replace(type, object);
  }

  async patch<T extends KubeObject>(
    type: ResourceType,
    name: ObjectName,
    patch: object,
    options?: PatchOptions,
  ): Promise<T> {
    this.#assertLeading(type);
    return await this.#api.patch(type, name, patch, options);
  }

  async apply<T extends KubeObject>(
    type: ResourceType,
    object: T,
    options: ApplyOptions,
  ): Promise<T> {
    this.#assertLeading(type);
    return await this.#api.apply(type, object, options);
  }

  async delete(type: ResourceType, name: ObjectName, options: DeleteOptions): Promise<void> {
    this.#assertLeading(type);
    await this.#api.delete(type, name, options);
  }

  #assertLeading({ kind }: ResourceType): void {
    if (!this.#isLeading()) {
      throw new NotLeadingError(`this replica does not lead, so it writes no ${kind}`);
    }
  }
}
