/** What the provider asks of where objects are declared: a cluster, or a folder of manifests. */
import type { Condition } from '../../../domain/conditions.ts';
import type { Kind, Resource } from '../../../domain/resources.ts';
import type { Result } from '../../../domain/result.ts';
import type { Manifest, Properties } from '../declaration.ts';

/** For the person who runs Pulumi. */
export interface Fault {
  /** What could not be done, to which object, and why. */
  readonly message: string;
  /** What would make it right. */
  readonly remedy: string;
}

export interface ObjectKey {
  readonly kind: Kind;
  readonly metadata: { readonly namespace: string; readonly name: string };
}

/** An object as the target has it. */
export interface StoredObject {
  readonly spec: Properties;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** Undefined: the target counts no versions. */
  readonly generation?: number;
  /** Of a cluster: tells it from a namesake that was made later. */
  readonly uid?: string;
  readonly conditions: readonly Condition[];
  /** Of a MqttNamespace. */
  readonly endpoints?: readonly { readonly address: string; readonly port: number }[];
  readonly counts?: Readonly<Record<string, number>>;
  /** Who has declared it: `pulumi-mqttgrid:PROJECT/STACK`, `kubectl`, a file. */
  readonly managers: readonly string[];
}

export interface WaitOptions {
  readonly timeoutMs: number;
  /** Told what it waits for, each time that this changes. */
  readonly onProgress: (message: string) => void;
  /** Told what should not stay so; not for each of the objects that it is true of. */
  readonly onWarning?: (message: string) => void;
}

export interface ApplyOptions extends WaitOptions {
  /** By which the target knows who declared what. */
  readonly fieldManager: string;
  /** Takes what others manage. */
  readonly force: boolean;
}

/** All failures are told so, as values; what is thrown is a bug. */
export interface Target {
  /** What tells targets apart, for people and for equality. */
  readonly identity: string;
  /** Of objects that state none. */
  readonly defaultNamespace: string;
  /** All objects of our kinds in a Kubernetes namespace, read once and kept for the run. */
  declared(namespace: string): Promise<Result<readonly Resource[], Fault>>;
  /** What could not be found out, and no failure says: each is handed over once. */
  takeNotices?(): readonly string[];
  /**
   * Whether it answers at all, before anything is changed there. What it does not allow is told by
   * what needs it.
   */
  reach(key: ObjectKey): Promise<Result<void, Fault>>;
  get(key: ObjectKey): Promise<Result<StoredObject | undefined, Fault>>;
  /**
   * Creates or changes it, and waits only for a namesake that is being deleted. A failure: nothing
   * was changed.
   */
  apply(manifest: Manifest, options: ApplyOptions): Promise<Result<StoredObject, Fault>>;
  /**
   * Waits until what was applied is in force; fails as soon as that cannot come by waiting. The
   * object as it is then is answered in either case.
   */
  untilReady(
    applied: StoredObject,
    manifest: Manifest,
    options: WaitOptions,
  ): Promise<{ readonly stored: StoredObject; readonly fault?: Fault }>;
  /** Resolves also where there is none. `uid`, where it is known: only that very object. */
  remove(
    key: ObjectKey,
    options: WaitOptions & { readonly uid?: string | undefined; readonly fieldManager: string },
  ): Promise<Result<void, Fault>>;
}
