/** A Kubernetes cluster: server-side apply, and watches until the operator is content. */
import type { Clock } from '../../../control/clock.ts';
import { random } from '../../../control/random.ts';
import { resourceKey, type Kind, type Resource } from '../../../domain/resources.ts';
import { failure, success, type Result } from '../../../domain/result.ts';
import { resourceTypeOf } from '../../../kube/declared-types.ts';
import { isConflict, isForbidden, type KubeApi } from '../../../kube/kube-api.ts';
import type { Manifest } from '../declaration.ts';
import { listDeclared } from './cluster-declared.ts';
import { faultOf } from './cluster-faults.ts';
import { waitUntilGone } from './cluster-gone.ts';
import { standingOf, storedOf, toObject } from './cluster-objects.ts';
import type { ClusterObject } from './cluster-objects.ts';
import { resolveCluster, type Cluster, type ClusterPlace } from './cluster-place.ts';
import { waitUntilReady } from './cluster-ready.ts';
import type { Waiting } from './cluster-wait.ts';
import { ClusterWatches } from './cluster-watches.ts';
import type {
  ApplyOptions,
  Fault,
  ObjectKey,
  StoredObject,
  Target,
  WaitOptions,
} from './target.ts';

export function openCluster(place: ClusterPlace, clock: Clock): Result<Target, Fault> {
  const resolved = resolveCluster(place);
  return resolved.ok ? success(new ClusterTarget(resolved.value, clock)) : resolved;
}

interface Connection {
  readonly api: KubeApi;
  readonly watches: ClusterWatches;
}

/** By which audit logs tell whose call it was. */
const USER_AGENT = 'pulumi-mqttgrid';

const UNREACHED = 'nothing can be declared';

/** Writes wait for admission webhooks, 10 s by default; and for a dead server waits a person. */
const CALL_TIMEOUT_MS = 15_000;

class ClusterTarget implements Target {
  readonly identity: string;
  readonly defaultNamespace: string;
  readonly #cluster: Cluster;
  readonly #clock: Clock;
  #connection: Promise<Connection> | undefined;
  /** By Kubernetes namespace; as many as the program states. */
  readonly #declared = new Map<string, Promise<Result<readonly Resource[], Fault>>>();
  #notices: readonly string[] = [];
  #warned = false;

  constructor(cluster: Cluster, clock: Clock) {
    this.identity = `cluster ${cluster.server}`;
    this.defaultNamespace = cluster.namespace;
    this.#cluster = cluster;
    this.#clock = clock;
  }

  declared(namespace: string): Promise<Result<readonly Resource[], Fault>> {
    const known = this.#declared.get(namespace) ?? this.#list(namespace);
    this.#declared.set(namespace, known);
    return known;
  }

  takeNotices(): readonly string[] {
    const notices = this.#notices;
    this.#notices = [];
    return notices;
  }

  async reach({ kind, metadata }: ObjectKey): Promise<Result<void, Fault>> {
    const { namespace } = metadata;
    try {
      const { api } = await this.#connect();
      await api.list(resourceTypeOf(kind), { namespace, limit: 1 });
    } catch (error) {
      if (!isForbidden(error)) return failure(this.#fault(error, UNREACHED, kind, namespace));
    }
    return success(undefined);
  }

  async get(key: ObjectKey): Promise<Result<StoredObject | undefined, Fault>> {
    return await this.#attempt('cannot be read', key, async ({ api }) => {
      const object = await api.get<ClusterObject>(resourceTypeOf(key.kind), key.metadata);
      return success(object && storedOf(object));
    });
  }

  async apply(manifest: Manifest, options: ApplyOptions): Promise<Result<StoredObject, Fault>> {
    return await this.#attempt('cannot be applied', manifest, async (connection) => {
      const { api } = connection;
      const type = resourceTypeOf(manifest.kind);
      const there = await api.get<ClusterObject>(type, manifest.metadata);
      if (there?.metadata.deletionTimestamp !== undefined) {
        const waiting = this.#waiting(connection, manifest, options);
        const gone = await waitUntilGone(manifest, there, waiting);
        if (!gone.ok) return gone;
      }
      const { fieldManager, force } = options;
      const object = await api.apply(type, toObject(manifest), { fieldManager, force });
      return success(storedOf(object));
    });
  }

  async untilReady(
    applied: StoredObject,
    manifest: Manifest,
    options: WaitOptions,
  ): Promise<{ readonly stored: StoredObject; readonly fault?: Fault }> {
    if (isReady(applied)) return { stored: applied };
    const waited = await this.#attempt('cannot be watched', manifest, async (connection) => {
      const waiting = this.#waiting(connection, manifest, options);
      return success(await waitUntilReady(manifest, applied, waiting));
    });
    if (!waited.ok) return { stored: applied, fault: waited.fault };
    const { object, fault } = waited.value;
    const { generation } = applied;
    const stored = object ? { ...applied, ...standingOf(object.status, generation) } : applied;
    return { stored, ...(fault && { fault }) };
  }

  async remove(
    key: ObjectKey,
    options: WaitOptions & { readonly uid?: string | undefined },
  ): Promise<Result<void, Fault>> {
    return await this.#attempt('cannot be deleted', key, async (connection) => {
      const { api } = connection;
      const type = resourceTypeOf(key.kind);
      const uid = options.uid ?? (await api.get(type, key.metadata))?.metadata.uid;
      if (uid === undefined) return success(undefined);
      try {
        await api.delete(type, key.metadata, { uid, propagationPolicy: 'Background' });
      } catch (error) {
        // It is a namesake, and another's.
        if (isConflict(error)) return success(undefined);
        throw error;
      }
      const rest = await api.get<ClusterObject>(type, key.metadata);
      if (rest?.metadata.uid !== uid) return success(undefined);
      return await waitUntilGone(key, rest, this.#waiting(connection, key, options));
    });
  }

  #waiting({ watches }: Connection, key: ObjectKey, options: WaitOptions): Waiting {
    return {
      ...options,
      watches,
      clock: this.#clock,
      faultOf: (error) => this.#faultOf(error, 'cannot be watched', key),
      onWarning: (message) => {
        if (!this.#warned) options.onWarning?.(message);
        this.#warned = true;
      },
    };
  }

  async #attempt<Value>(
    failed: string,
    key: ObjectKey,
    step: (connection: Connection) => Promise<Result<Value, Fault>>,
  ): Promise<Result<Value, Fault>> {
    try {
      return await step(await this.#connect());
    } catch (error) {
      return failure(this.#faultOf(error, failed, key));
    }
  }

  #faultOf(error: unknown, failed: string, key: ObjectKey): Fault {
    const { kind, metadata } = key;
    return this.#fault(error, `${resourceKey(key)} ${failed}`, kind, metadata.namespace);
  }

  #fault(error: unknown, failed: string, kind: Kind, namespace: string): Fault {
    const { server, context } = this.#cluster;
    return faultOf(error, { failed, type: resourceTypeOf(kind), namespace, server, context });
  }

  /** Its sockets do not keep a process from ending. */
  #connect(): Promise<Connection> {
    this.#connection ??= (async () => {
      const { KubeClient } = await import('../../../kube/kube-client.ts');
      const clock = this.#clock;
      const { config } = this.#cluster;
      const client = { userAgent: USER_AGENT, callTimeoutMs: CALL_TIMEOUT_MS };
      const api = new KubeClient({ config, clock, random, ...client });
      return { api, watches: new ClusterWatches(api, clock) };
    })();
    return this.#connection;
  }

  async #list(namespace: string): Promise<Result<readonly Resource[], Fault>> {
    const { api } = await this.#connect();
    const listed = await listDeclared(api, namespace, (error, kind) => {
      const failed = `what is declared in Kubernetes namespace ${namespace} cannot be listed`;
      return this.#fault(error, failed, kind, namespace);
    });
    if (!listed.ok) return listed;
    const { resources, notice } = listed.value;
    if (notice !== undefined) this.#notices = [...this.#notices, notice];
    return success(resources);
  }
}

/** Nothing that is in force has changed. */
function isReady({ conditions }: StoredObject): boolean {
  return conditions.some(({ type, status }) => type === 'Ready' && status === 'True');
}
