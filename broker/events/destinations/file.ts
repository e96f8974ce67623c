/** Appends events to a file, one JSON object a line (NDJSON). */
import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import type { Destination as Declared } from '../../../domain/resources.ts';
import type { Destination, Outcome, OutboundEvent } from './destination.ts';
import { FileFault, openWriter } from './file-writer.ts';
import type { FileWriter } from './file-writer.ts';

/** So many share one flush to the disk, which is what a call costs. */
const BATCH_EVENTS_MAX = 1000;
const BATCH_BYTES_MAX = 1024 * 1024;
/** A file system that is away, such as a network's, may not answer at all. */
const WRITE_TIMEOUT_MS = 30_000;
/** For an append that is under way. */
const CLOSE_TIMEOUT_MS = 5000;
const LINE_FEED = Buffer.from('\n');

type DeclaredFile = NonNullable<Declared['file']>;

const WORDS: ReadonlyMap<string, string> = new Map([
  ['ENOSPC', 'the disk is full; make room'],
  ['EDQUOT', 'the quota of the disk is used up; make room'],
  ['EFBIG', 'the file is as large as the system allows; set maxBytes'],
  ['EACCES', 'permission is denied; let the broker write there'],
  ['EPERM', 'permission is denied; let the broker write there'],
  ['EROFS', 'the file system is read-only; state a path where the broker may write'],
  ['ENOENT', 'the folder is not there, and cannot be made; state another path'],
  ['EISDIR', 'there is a folder of that name; state the path of a file'],
  ['ENOTDIR', 'a part of the path is no folder; state another path'],
  ['EEXIST', 'a part of the path is no folder; state another path'],
  ['ENAMETOOLONG', 'the path, or a name in it, is longer than the system allows; shorten it'],
  ['ELOOP', 'links lead in a circle'],
  ['EMFILE', 'this process has too many open files; raise its limit'],
]);

export function openFile(declared: DeclaredFile): Destination {
  return new EventFile(declared);
}

class EventFile implements Destination {
  readonly batchEventsMax = BATCH_EVENTS_MAX;
  readonly batchBytesMax: number;
  /** One after the other: a file is in the order of its events. */
  readonly concurrency = 1;
  readonly #path: string;
  readonly #maxBytes: number;
  #writer: Promise<FileWriter> | undefined;

  constructor({ path, maxBytes }: DeclaredFile) {
    this.#path = path;
    this.#maxBytes = maxBytes ?? Infinity;
    this.batchBytesMax = Math.min(BATCH_BYTES_MAX, this.#maxBytes);
  }

  async deliver(events: readonly OutboundEvent[], signal: AbortSignal): Promise<Outcome> {
    if (signal.aborted) return failedBecause(new NoAnswer(ENDED), this.#path);
    const lines = Buffer.concat(events.flatMap(({ json }) => [json, LINE_FEED]));
    const over = new AbortController();
    try {
      await inTime(this.#append(lines, over.signal), signal);
      return { type: 'Delivered' };
    } catch (error) {
      assert(error instanceof Error);
      return failedBecause(error, this.#path);
    } finally {
      over.abort();
    }
  }

  async #append(lines: Buffer, signal: AbortSignal): Promise<void> {
    const opening = (this.#writer ??= openWriter(this.#path));
    let writer: FileWriter;
    try {
      writer = await opening;
    } catch (error) {
      if (this.#writer === opening) this.#writer = undefined;
      throw error;
    }
    await writer.append(lines, this.#maxBytes, signal);
  }

  /** Takes at most `CLOSE_TIMEOUT_MS`; then the file is left to the system. */
  async close(): Promise<void> {
    const opening = this.#writer;
    this.#writer = undefined;
    const closed = opening?.then(
      (writer) => writer.release(),
      () => undefined,
    );
    await Promise.race([closed, delay(CLOSE_TIMEOUT_MS, undefined, { ref: false })]);
  }
}

const ENDED = 'was given up, because its delivery ends here';

class NoAnswer extends Error {}

async function inTime(writing: Promise<void>, signal: AbortSignal): Promise<void> {
  let stop: () => void = () => undefined;
  const late = new Promise<never>((_, reject) => {
    const give = (why: string): void => reject(new NoAnswer(why));
    const abort = (): void => give(ENDED);
    const timer = setTimeout(
      () => give(`the file system did not answer within ${WRITE_TIMEOUT_MS} ms`),
      WRITE_TIMEOUT_MS,
    );
    signal.addEventListener('abort', abort, { once: true });
    stop = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
    };
  });
  try {
    await Promise.race([writing, late]);
  } finally {
    stop();
    writing.catch(() => undefined);
  }
}

function failedBecause(error: Error, path: string): Outcome {
  const { code = error.name } = error as NodeJS.ErrnoException;
  const isOurs = error instanceof FileFault || error instanceof NoAnswer;
  const words = isOurs ? error.message : WORDS.get(code);
  // What the system did not say, or said of the disk itself, is not a refusal.
  const isRefusal = words !== undefined && !(error instanceof NoAnswer);
  return {
    type: 'Failed',
    scope: 'Destination',
    fault: isRefusal ? 'Refused' : 'Unreachable',
    cause: `append to ${path}: ${words ?? `failed with ${code}`}`,
  };
}
