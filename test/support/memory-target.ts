/** Where a provider declares objects, without a cluster or a folder behind it. */
import { resourceKey, type Resource } from '../../domain/resources.ts';
import { failure, success, type Result } from '../../domain/result.ts';
import type { Manifest } from '../../provider/runtime/declaration.ts';
import type {
  ApplyOptions,
  Fault,
  ObjectKey,
  StoredObject,
  Target,
} from '../../provider/runtime/targets/target.ts';

/** As an object is stored before anybody looked at it. */
export function storedAs({ metadata, spec }: Manifest, managers: readonly string[]): StoredObject {
  const { labels = {}, annotations = {} } = metadata;
  return { spec, labels, annotations, conditions: [], managers };
}

type Operation = 'declared' | 'reach' | 'get' | 'apply' | 'remove';

export class MemoryTarget implements Target {
  readonly identity: string;
  readonly defaultNamespace = 'default';
  readonly objects = new Map<string, StoredObject>();
  /** As `declared` answers. */
  held: readonly Resource[] = [];
  /** What it cannot do, and why. */
  readonly faults = new Map<Operation | 'untilReady', Fault>();
  /** `apply Client/default/a by pulumi-mqttgrid:p/s`: what it was asked for, in order. */
  readonly calls: string[] = [];
  /** How often it was asked whether it answers. */
  reached = 0;

  constructor(identity = 'memory') {
    this.identity = identity;
  }

  async declared(namespace: string): Promise<Result<readonly Resource[], Fault>> {
    this.calls.push(`declared ${namespace}`);
    const held = this.held.filter(({ metadata }) => metadata.namespace === namespace);
    return Promise.resolve(this.#answer('declared', held));
  }

  async reach(): Promise<Result<void, Fault>> {
    this.reached++;
    return Promise.resolve(this.#answer('reach', undefined));
  }

  async get(key: ObjectKey): Promise<Result<StoredObject | undefined, Fault>> {
    return Promise.resolve(this.#answer('get', this.objects.get(resourceKey(key))));
  }

  async apply(
    manifest: Manifest,
    { fieldManager, force }: ApplyOptions,
  ): Promise<Result<StoredObject, Fault>> {
    const key = resourceKey(manifest);
    this.calls.push(`${force ? 'force' : 'apply'} ${key} by ${fieldManager}`);
    const answer = this.#answer('apply', storedAs(manifest, [fieldManager]));
    if (answer.ok) this.objects.set(key, answer.value);
    return Promise.resolve(answer);
  }

  async untilReady(applied: StoredObject): ReturnType<Target['untilReady']> {
    const fault = this.faults.get('untilReady');
    return Promise.resolve({ stored: applied, ...(fault !== undefined && { fault }) });
  }

  async remove(
    key: ObjectKey,
    { uid, fieldManager }: { readonly uid?: string | undefined; readonly fieldManager: string },
  ): Promise<Result<void, Fault>> {
    this.calls.push(`remove ${resourceKey(key)} ${uid ?? ''} by ${fieldManager}`);
    const answer = this.#answer('remove', undefined);
    if (answer.ok) this.objects.delete(resourceKey(key));
    return Promise.resolve(answer);
  }

  #answer<Value>(operation: Operation, value: Value): Result<Value, Fault> {
    const fault = this.faults.get(operation);
    return fault === undefined ? success(value) : failure(fault);
  }
}
