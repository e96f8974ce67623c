/** Writes statuses, a bounded number at a time, the newest of each object. */
import type { Logger } from 'pino';
import type { KubeApi, KubeObject } from '../../kube/kube-api.ts';
import { isConflict, isNotFound } from '../../kube/kube-api.ts';
import { recordOf } from '../../domain/validate/shape.ts';
import { resourceTypeOf } from '../../kube/declared-types.ts';
import { readStatus, type Declared, type Status, type StatusCondition } from './declared.ts';
import { findCondition } from './status.ts';

export interface StatusWriterOptions {
  readonly api: KubeApi;
  readonly logger: Logger;
  /** Writes at a time: more than the API server answers at once only wait there. */
  readonly writesInFlightMax?: number;
  /** The object as the server answered it. */
  readonly onWritten: (object: KubeObject) => void;
  /** It was not written, and the key has to be looked at again. */
  readonly onFailed: (key: string) => void;
}

const WRITES_IN_FLIGHT_MAX = 8;

interface Write {
  readonly key: string;
  readonly declared: Declared;
}

export class StatusWriter {
  readonly #options: StatusWriterOptions;
  readonly #writesInFlightMax: number;
  /** At most one entry an object: what it is to say lies in `Declared.writing`. */
  readonly #queue = new Map<Declared, Write>();
  readonly #inFlight = new Set<Declared>();
  #stopped = false;

  constructor(options: StatusWriterOptions) {
    this.#options = options;
    this.#writesInFlightMax = options.writesInFlightMax ?? WRITES_IN_FLIGHT_MAX;
  }

  get isIdle(): boolean {
    return this.#queue.size === 0 && this.#inFlight.size === 0;
  }

  /** Of the object in the reconcile key's care. Replaces what is queued for it. */
  write(key: string, declared: Declared, status: Status): void {
    if (this.#stopped) return;
    declared.writing = status;
    this.#queue.set(declared, { key, declared });
    this.#pump();
  }

  /** Whoever leads from now on writes; what is in flight is the server's to accept or refuse. */
  stop(): void {
    this.#stopped = true;
    for (const declared of this.#queue.keys()) declared.writing = undefined;
    this.#queue.clear();
  }

  #pump(): void {
    for (const [declared, write] of this.#queue) {
      if (this.#inFlight.size >= this.#writesInFlightMax) return;
      if (this.#inFlight.has(declared)) continue;
      this.#queue.delete(declared);
      this.#inFlight.add(declared);
      void this.#send(write).finally(() => {
        this.#inFlight.delete(declared);
        this.#pump();
      });
    }
  }

  async #send({ key, declared }: Write): Promise<void> {
    const { api, logger, onWritten, onFailed } = this.#options;
    const { writing: status, resource } = declared;
    if (status === undefined) return;
    const { kind, metadata } = resource;
    try {
      const written = await api.patch(
        resourceTypeOf(kind),
        { namespace: metadata.namespace, name: metadata.name },
        patchOf(declared, status),
        { subresource: 'status' },
      );
      onWritten(written);
      if (declared.writing === status) declared.writing = undefined;
    } catch (error) {
      if (declared.writing === status) declared.writing = undefined;
      if (isNotFound(error)) return;
      // Somebody edited it meanwhile: usual, and judged anew.
      if (!isConflict(error))
        logger.warn({ err: error, key, kind, metadata }, 'status not written');
      if (!this.#stopped) onFailed(key);
    }
  }
}

/**
 * For the very state that was judged: if the object was edited or made anew since, the server
 * refuses. A merge patch leaves what it does not name, so what the status no longer has is null.
 */
function patchOf({ resourceVersion, status: before }: Declared, status: Status): object {
  const gone = Object.keys(recordOf(before)).filter((field) => !(field in status));
  const removed = Object.fromEntries(gone.map((field) => [field, null]));
  const conditions = status.conditions.map((condition) => sinceWhen(condition, before));
  return { metadata: { resourceVersion }, status: { ...removed, ...status, conditions } };
}

/** The status that this one was to follow may not have been written, and nothing changed then. */
function sinceWhen(condition: StatusCondition, stored: unknown): StatusCondition {
  const before = findCondition(readStatus(stored).conditions, condition.type);
  if (before?.status !== condition.status) return condition;
  const { lastTransitionTime = condition.lastTransitionTime } = before;
  return { ...condition, lastTransitionTime };
}
