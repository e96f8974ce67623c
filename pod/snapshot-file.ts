/**
 * The last good snapshot, on the disk: with it a broker starts and serves when the operator is
 * down. The file is what an operator would have sent, after a line that says whose it is: the
 * whole, then changes, each update with the version and the hash that it makes.
 */
import { open, rename, rm } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Logger } from 'pino';
import type { Clock } from '../control/clock.ts';
import type { OperatorMessage, StampedSnapshot } from '../control/messages.ts';
import { updateMessages } from '../control/messages.ts';
import { eachChange } from '../domain/snapshot-changes.ts';
import { FORMAT } from './load-snapshot.ts';

export interface SnapshotFileOptions {
  readonly path: string;
  /** Of the MqttNamespace. */
  readonly uid: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Snapshots that follow each other faster are written as one: what an operator was told is on the
 * disk half a second later, and all that a crash can cost is that it sends the last changes again.
 */
const PAUSE_MS = 250;
/** A disk that refuses is tried again this often, for ever. */
const RETRY_MS = 2000;
/** Updates that a start has to go through, at a millisecond or two each with 10,000 clients. */
export const APPENDED_UPDATES_MAX = 200;
/** Below this, what was appended may outgrow the whole: rewriting it would gain nothing. */
const APPENDED_BYTES_MIN = 1024 * 1024;
/** Read by this broker alone. */
const FILE_MODE = 0o600;

/** Writes without ever holding up the event loop for more than a part of an update. */
export class SnapshotFile {
  readonly #options: SnapshotFileOptions;
  #wanted: StampedSnapshot | undefined;
  /** What the file holds; undefined: nothing that can be appended to. */
  #written: StampedSnapshot | undefined;
  #handle: FileHandle | undefined;
  #wholeBytes = 0;
  #appendedBytes = 0;
  #appendedUpdates = 0;
  #working: Promise<void> | undefined;
  #wake: (() => void) | undefined;
  #closing = false;
  #failing = false;

  constructor(options: SnapshotFileOptions) {
    this.#options = options;
  }

  /** Is on the disk soon. */
  save(content: StampedSnapshot): void {
    this.#wanted = content;
    if (this.#closing || this.#working !== undefined || content === this.#written) return;
    this.#working = this.#work();
  }

  /** Writes what is not written yet, if the disk lets it, and takes nothing more. */
  async close(): Promise<void> {
    this.#closing = true;
    this.#wake?.();
    await this.#working;
    await this.#handle?.close().catch(() => undefined);
  }

  async #work(): Promise<void> {
    let delayMs = PAUSE_MS;
    while (this.#wanted !== this.#written) {
      await this.#pause(delayMs);
      delayMs = (await this.#tryWrite(this.#wanted!)) ? PAUSE_MS : RETRY_MS;
      if (this.#closing && delayMs === RETRY_MS) break;
    }
    this.#working = undefined;
  }

  async #pause(delayMs: number): Promise<void> {
    if (this.#closing) return;
    await new Promise<void>((resolve) => {
      const cancel = this.#options.clock.after(delayMs, resolve);
      this.#wake = () => {
        cancel();
        resolve();
      };
    });
    this.#wake = undefined;
  }

  async #tryWrite(content: StampedSnapshot): Promise<boolean> {
    const { path, logger } = this.#options;
    try {
      if (this.#mayAppend()) await this.#append(content);
      else await this.#rewrite(content);
    } catch (error) {
      this.#written = undefined;
      // Once, and not every two seconds until the disk is back.
      if (!this.#failing) logger.error({ path, error }, 'the snapshot cannot be kept on the disk');
      this.#failing = true;
      return false;
    }
    if (this.#failing) logger.info({ path }, 'the snapshot is kept on the disk again');
    this.#failing = false;
    this.#written = content;
    return true;
  }

  #mayAppend(): boolean {
    return (
      this.#written !== undefined &&
      this.#appendedUpdates < APPENDED_UPDATES_MAX &&
      this.#appendedBytes < Math.max(this.#wholeBytes, APPENDED_BYTES_MIN)
    );
  }

  async #append({ stamp, snapshot }: StampedSnapshot): Promise<void> {
    const base = this.#written!;
    const changes = eachChange(base.snapshot, snapshot);
    const handle = this.#handle!;
    this.#appendedBytes += await writeEach(handle, updateMessages(base.stamp, stamp, changes));
    this.#appendedUpdates++;
    await handle.datasync();
  }

  /** In a file of its own, which takes the place of the one before when it is complete. */
  async #rewrite({ stamp, snapshot }: StampedSnapshot): Promise<void> {
    const { path, uid } = this.#options;
    await this.#handle?.close().catch(() => undefined);
    this.#handle = undefined;
    const temporary = `${path}.new`;
    await rm(temporary, { force: true });
    const handle = await open(temporary, 'ax', FILE_MODE);
    this.#handle = handle;
    await handle.write(`${JSON.stringify({ format: FORMAT, uid })}\n`);
    const changes = eachChange(undefined, snapshot);
    this.#wholeBytes = await writeEach(handle, updateMessages(undefined, stamp, changes));
    this.#appendedBytes = 0;
    this.#appendedUpdates = 0;
    await handle.sync();
    await rename(temporary, path);
    await syncFolder(dirname(path));
  }
}

/** Answers how many bytes it wrote. */
async function writeEach(handle: FileHandle, messages: Iterable<OperatorMessage>): Promise<number> {
  let bytes = 0;
  for (const message of messages) {
    const line = Buffer.from(`${JSON.stringify(message)}\n`);
    await handle.appendFile(line);
    bytes += line.length;
  }
  return bytes;
}

/** The rename is on the disk only when the folder is. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
