import { createReadStream } from 'node:fs';
import { rename } from 'node:fs/promises';
import type { Logger } from 'pino';
import { decodeOperatorMessage } from '../control/decode.ts';
import type { OperatorMessage, SnapshotStamp, StampedSnapshot } from '../control/messages.ts';
import { isEqualStamp, OPERATOR_LINE_BYTES_MAX, versionText } from '../control/messages.ts';
import { hashOf } from '../control/snapshot-hash.ts';
import type { SnapshotChange } from '../domain/snapshot-changes.ts';
import { applyChanges } from '../domain/snapshot-changes.ts';
import { recordOf } from '../domain/validate/shape.ts';

/** Of the file; one that differs is another release's. */
export const FORMAT = 1;

export interface LoadOptions {
  readonly path: string;
  /** Of the MqttNamespace. */
  readonly uid: string;
  readonly logger: Logger;
}

/**
 * What `SnapshotFile` wrote, up to the last update that is complete and makes what it should.
 * Undefined: there is none, it is another MqttNamespace's, or it is damaged from the start, and
 * then it is put aside. Never rejects: the operator has it too.
 */
export async function loadSnapshot(options: LoadOptions): Promise<StampedSnapshot | undefined> {
  const { path, uid, logger } = options;
  const replay = new Replay();
  let fault: string | undefined;
  try {
    fault = await readLines(path, (line) => replay.line(line));
  } catch (error) {
    if (isNoSuchFile(error)) return undefined;
    logger.error({ path, error }, 'the snapshot on the disk cannot be read');
    return undefined;
  }
  if (replay.uid !== undefined && replay.uid !== uid) {
    logger.warn({ path, uid: replay.uid }, 'the snapshot on the disk is of another MqttNamespace');
    return undefined;
  }
  const { content } = replay;
  if (content === undefined) {
    await putAside(options, fault ?? 'it ends before it says anything');
  } else if (fault !== undefined || replay.isInUpdate) {
    const version = versionText(content.stamp.version);
    const why = fault ?? 'it ends within an update';
    logger.warn({ path, version }, `the snapshot on the disk is older than the last one: ${why}`);
  }
  return content;
}

async function putAside({ path, logger }: LoadOptions, fault: string): Promise<void> {
  const aside = `${path}.corrupt`;
  const moved = await rename(path, aside).then(
    () => `it is kept as ${aside}`,
    (error: unknown) => `and it cannot be put aside: ${String(error)}`,
  );
  logger.error({ path }, `the snapshot on the disk is damaged: ${fault}; ${moved}`);
}

function isNoSuchFile(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

type TakeLine = (line: Uint8Array) => string | undefined;

/** Answers the first fault that `take` finds. */
async function readLines(path: string, take: TakeLine): Promise<string | undefined> {
  let rest: Buffer<ArrayBufferLike> = Buffer.alloc(0);
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    const text = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let start = 0;
    for (let end = text.indexOf(10); end !== -1; end = text.indexOf(10, start)) {
      const fault = take(text.subarray(start, end));
      if (fault !== undefined) return fault;
      start = end + 1;
    }
    rest = text.subarray(start);
    if (rest.length > OPERATOR_LINE_BYTES_MAX) return 'a line is too long';
  }
  return rest.length === 0 ? undefined : 'its last line is not complete';
}

/** Makes a snapshot of the lines of a file, one by one. */
class Replay {
  /** Whose it is, once the first line was read. */
  uid: string | undefined;
  content: StampedSnapshot | undefined;
  #update: { stamp: SnapshotStamp; changes: SnapshotChange[] } | undefined;

  get isInUpdate(): boolean {
    return this.#update !== undefined;
  }

  /** Answers what is wrong with it. */
  line(line: Uint8Array): string | undefined {
    if (this.uid === undefined) return this.#header(line);
    const decoded = decodeOperatorMessage(line);
    return decoded.ok ? this.#message(decoded.value) : decoded.fault;
  }

  #header(line: Uint8Array): string | undefined {
    let header: unknown;
    try {
      header = JSON.parse(Buffer.from(line).toString());
    } catch {
      return 'its first line is not JSON';
    }
    const { format, uid } = recordOf(header);
    if (format !== FORMAT) return `it is not of format ${FORMAT}, which this release writes`;
    if (typeof uid !== 'string') return 'it does not say whose it is';
    this.uid = uid;
    return undefined;
  }

  #message(message: OperatorMessage): string | undefined {
    switch (message.type) {
      case 'UpdateBegin':
        return this.#begin(message.stamp, message.base);
      case 'UpdatePart':
        if (this.#update === undefined) return 'changes belong to no update';
        for (const change of message.changes) this.#update.changes.push(change);
        return undefined;
      case 'UpdateEnd':
        return this.#end();
      default:
        return `${message.type} does not belong there`;
    }
  }

  #begin(stamp: SnapshotStamp, base: SnapshotStamp | undefined): string | undefined {
    const now = this.content?.stamp;
    const fits =
      base === undefined ? now === undefined : now !== undefined && isEqualStamp(base, now);
    if (this.#update !== undefined || !fits) return 'an update does not follow the one before';
    this.#update = { stamp, changes: [] };
    return undefined;
  }

  #end(): string | undefined {
    if (this.#update === undefined) return 'an update ends that did not begin';
    const { stamp, changes } = this.#update;
    const snapshot = applyChanges(this.content?.snapshot, changes);
    if (snapshot === undefined || hashOf(snapshot) !== stamp.hash) {
      return 'an update does not make what its hash says';
    }
    this.content = { stamp, snapshot };
    this.#update = undefined;
    return undefined;
  }
}
