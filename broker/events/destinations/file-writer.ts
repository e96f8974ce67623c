/** Appends whole lines to one file, for all who write to it in this process. */
import { constants } from 'node:fs';
import { mkdir, open, readlink, realpath, rename, stat } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import * as threads from 'node:worker_threads';
import { beginsWithEvent, endingOf } from './file-line.ts';

/** One that this side found, in words for people. */
export class FileFault extends Error {}

/** Links that lead from one to the next, as many as Linux follows. */
const LINKS_MAX = 40;
/** Events are messages of clients: for whoever runs the broker. */
const FILE_MODE = 0o600;
const FOLDER_MODE = 0o700;

/** What a broker keeps beside its events; it may be empty, or not there yet. */
const OWN_FILES = /^(?:sessions\.db|snapshot\.jsonl)/;
const FOREIGN = 'name a file that has events alone';

const writers = new Map<string, FileWriter>();

/** The writer of what `path` leads to, whose folder is made where it is missing. */
export async function openWriter(path: string): Promise<FileWriter> {
  const target = await targetOf(resolve(path));
  if (OWN_FILES.test(basename(target))) throw new FileFault(`it is the broker's own; ${FOREIGN}`);
  let writer = writers.get(target);
  if (writer === undefined) writers.set(target, (writer = new FileWriter(target)));
  writer.users++;
  return writer;
}

/** The same file has one path, so that there is one writer, and rotation moves no link. */
async function targetOf(path: string, links = 0): Promise<string> {
  if (links > LINKS_MAX) throw new FileFault('links lead in a circle');
  await makeFolder(dirname(path));
  const target = join(await realpath(dirname(path)), basename(path));
  const link = await readlink(target).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'EINVAL' || error.code === 'ENOENT') return undefined;
    throw error;
  });
  return link === undefined ? target : targetOf(resolve(dirname(target), link), links + 1);
}

/** Node's own recursive one tries for ever where a file system makes no folders, such as /proc. */
async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, FOLDER_MODE);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // What is there and is no folder says so when it is used as one.
    if (code === 'EEXIST') return;
    if (code !== 'ENOENT' || dirname(path) === path) throw error;
    await makeFolder(dirname(path));
    await mkdir(path, FOLDER_MODE).catch((again: NodeJS.ErrnoException) => {
      if (again.code !== 'EEXIST') throw again;
    });
  }
}

interface OpenFile {
  readonly handle: FileHandle;
  /** A device, such as a terminal, has no size, no end and no place on a disk. */
  readonly isRegular: boolean;
  readonly inode: bigint;
  bytes: number;
}

export class FileWriter {
  readonly #path: string;
  #file: OpenFile | undefined;
  #last: Promise<unknown> = Promise.resolve();
  users = 0;

  constructor(path: string) {
    this.#path = path;
  }

  /**
   * Resolves when the lines are on the disk. Before they would make the file longer than
   * `maxBytes`, it is renamed to end in `.1`, in place of the one that was so named before.
   * One after the other; one that `signal` ends before its turn writes nothing.
   */
  append(lines: Buffer, maxBytes: number, signal: AbortSignal): Promise<void> {
    const turn = this.#last.then(async () => {
      if (signal.aborted) return;
      try {
        await exclusively(this.#path, signal, () => this.#append(lines, maxBytes));
      } catch (error) {
        // After a failure nobody knows what the file has: it is looked at anew.
        await this.#close();
        throw error;
      }
    });
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  async #append(lines: Buffer, maxBytes: number): Promise<void> {
    let file = await this.#current();
    if (file.isRegular && file.bytes > 0 && file.bytes + lines.length > maxBytes) {
      await this.#close();
      await rename(this.#path, `${this.#path}.1`);
      file = await this.#open();
    }
    if (!file.isRegular) return writeAll(file.handle, lines);
    try {
      await writeAll(file.handle, lines);
      await file.handle.datasync();
    } catch (error) {
      // Half a line would be in the way of the next one.
      await file.handle.truncate(file.bytes).catch(() => undefined);
      throw error;
    }
    file.bytes += lines.length;
  }

  /** The file that the path names now: somebody may have moved, removed or cut what was open. */
  async #current(): Promise<OpenFile> {
    const file = this.#file;
    if (file === undefined) return this.#open();
    const found = await stat(this.#path, { bigint: true }).catch(() => undefined);
    if (found?.ino === file.inode) {
      file.bytes = Number(found.size);
      return file;
    }
    await this.#close();
    return this.#open();
  }

  async #open(): Promise<OpenFile> {
    await makeFolder(dirname(this.#path));
    const before = await stat(this.#path).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw error;
    });
    const isRegular = before === undefined || before.isFile();
    if (!isRegular && !before.isCharacterDevice()) throw new FileFault(kindInWords(before));
    const { O_APPEND, O_CREAT, O_RDWR, O_WRONLY, O_NOCTTY } = constants;
    const access = isRegular ? O_RDWR | O_CREAT : O_WRONLY | O_NOCTTY;
    const handle = await open(this.#path, O_APPEND | access, FILE_MODE);
    try {
      const { ino } = await handle.stat({ bigint: true });
      const bytes = isRegular ? await this.#mend(handle) : 0;
      if (isRegular && before === undefined) await syncFolder(dirname(this.#path));
      return (this.#file = { handle, isRegular, inode: ino, bytes });
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /** So that each line is an event, whatever became of the process that wrote the last one. */
  async #mend(handle: FileHandle): Promise<number> {
    const { size } = await handle.stat();
    if (size > 0 && !(await beginsWithEvent(handle))) {
      throw new FileFault(`its first line is not an event; ${FOREIGN}`);
    }
    const ending = await endingOf(handle, size);
    switch (ending.type) {
      case 'Whole':
        return size;
      case 'Unended':
        await handle.write('\n');
        return size + 1;
      case 'Torn':
        await handle.truncate(ending.fromByte);
        return ending.fromByte;
      case 'Foreign':
        throw new FileFault(`its last line is not an event; ${FOREIGN}`);
    }
  }

  async #close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.handle.close().catch(() => undefined);
  }

  /** When what was begun is over, and nobody else uses it. */
  async release(): Promise<void> {
    this.users--;
    await this.#last;
    // Whoever came meanwhile uses this one, so that there are never two.
    if (this.users > 0 || writers.get(this.#path) !== this) return;
    writers.delete(this.#path);
    await this.#close();
  }
}

/**
 * Two MqttNamespaces that route to one EventTopic have a thread each that writes to its files. A
 * thread that ends lets go of what it held. Node has it from version 24.5 on.
 */
async function exclusively(
  path: string,
  signal: AbortSignal,
  work: () => Promise<void>,
): Promise<void> {
  const { locks } = threads as Partial<Pick<typeof threads, 'locks'>>;
  if (locks === undefined) return work();
  await locks.request(`mqttgrid file ${path}`, async () => {
    if (!signal.aborted) await work();
  });
}

function kindInWords(found: { isDirectory(): boolean; isFIFO(): boolean }): string {
  const kind = found.isDirectory() ? 'a folder' : found.isFIFO() ? 'a pipe' : 'no file';
  return `it is ${kind}; state the path of a file`;
}

async function writeAll(handle: FileHandle, bytes: Buffer): Promise<void> {
  // One write, but where the disk takes a part: then the next one says what is wrong.
  for (let written = 0; written < bytes.length;) {
    const { bytesWritten } = await handle.write(bytes, written, bytes.length - written);
    if (bytesWritten === 0) throw new FileFault('the system takes no more bytes');
    written += bytesWritten;
  }
}

/** A new name is in its folder, which has to reach the disk too. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, constants.O_RDONLY);
  try {
    await folder.sync();
  } catch (error) {
    // Not every file system can do it for a folder.
    if ((error as NodeJS.ErrnoException).code !== 'EINVAL') throw error;
  } finally {
    await folder.close();
  }
}
