/**
 * When each declared object was first seen, which is its creationTimestamp: of two in conflict the
 * older stays, also after a restart. ADR 4.
 */
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { failure, success } from '../domain/result.ts';
import type { Result } from '../domain/result.ts';
import { isRecord } from '../domain/validate/shape.ts';
import { systemErrorCode } from '../manifests/manifest-files.ts';
import { MANIFEST_OBJECTS_MAX } from '../manifests/manifest-bounds.ts';

/** Bytes of the state file: the most objects with the longest names and a timestamp each. */
const STATE_BYTES_MAX = MANIFEST_OBJECTS_MAX * 512;

const FORMAT_VERSION = 1;
const TIMESTAMP = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

export interface FirstSeen {
  /**
   * RFC 3339 for each key; a key that was never seen is seen now. Keys that are not among them are
   * forgotten if `complete` says that they are all there are.
   */
  timestamps: (keys: readonly string[], complete: boolean) => ReadonlyMap<string, string>;
}

export interface FirstSeenOptions {
  /** Folder of the state file; made when it is missing. */
  readonly folder: string;
  readonly nowMs: () => number;
  /** Told what a person should know: the state was damaged, or cannot be kept. */
  readonly onNotice: (message: string) => void;
}

type Times = Map<string, string>;

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function parseTimes(text: string): Result<Times, string> {
  const state = parseJson(text);
  if (!isRecord(state)) return failure('it is not a JSON object');
  const { version, objects } = state;
  if (version !== FORMAT_VERSION) return failure(`its version is not ${FORMAT_VERSION}`);
  if (!isRecord(objects)) return failure('it lists no objects');
  const entries = Object.entries(objects);
  if (entries.length > MANIFEST_OBJECTS_MAX) return failure('it lists too many objects');
  const times: Times = new Map();
  for (const [key, time] of entries) {
    if (typeof time !== 'string' || !TIMESTAMP.test(time)) {
      return failure('it states a time that is none');
    }
    times.set(key, time);
  }
  return success(times);
}

function readTimes(file: string): Result<Times, string> {
  try {
    if (statSync(file).size > STATE_BYTES_MAX) return failure('it is too large');
    return parseTimes(readFileSync(file, 'utf8'));
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return success(new Map());
    throw error;
  }
}

/** Either the old state or the new one is there after a crash, never a part of one. */
function writeAtomically(file: string, text: string): void {
  const temporary = `${file}.new`;
  const descriptor = openSync(temporary, 'w', 0o600);
  try {
    writeFileSync(descriptor, text);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  renameSync(temporary, file);
  syncFolder(dirname(file));
}

function syncFolder(folder: string): void {
  // Windows cannot open a folder, and keeps a rename without it.
  if (process.platform === 'win32') return;
  const descriptor = openSync(folder, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

class FirstSeenFile implements FirstSeen {
  readonly #file: string;
  readonly #nowMs: () => number;
  readonly #onNotice: (message: string) => void;
  #times: Times;

  constructor(file: string, times: Times, options: FirstSeenOptions) {
    this.#file = file;
    this.#times = times;
    this.#nowMs = options.nowMs;
    this.#onNotice = options.onNotice;
  }

  timestamps(keys: readonly string[], complete: boolean): ReadonlyMap<string, string> {
    const now = new Date(this.#nowMs()).toISOString();
    const times: Times = new Map(complete ? [] : this.#times);
    for (const key of keys) times.set(key, this.#times.get(key) ?? now);
    const changed = times.size !== this.#times.size || keys.some((key) => !this.#times.has(key));
    this.#times = times;
    if (changed) this.#save();
    return times;
  }

  #save(): void {
    const objects = Object.fromEntries([...this.#times].sort(([a], [b]) => (a < b ? -1 : 1)));
    try {
      writeAtomically(this.#file, JSON.stringify({ version: FORMAT_VERSION, objects }, null, 1));
    } catch (error) {
      // Serving goes on: only the order of age of what is new is lost, and only by a restart.
      this.#onNotice(
        `${this.#file} cannot be written (${systemErrorCode(error)}): after a restart, which of ` +
          'two objects in conflict is the older may come out differently',
      );
    }
  }
}

/** @throws a file system error, with its path, where the folder or the file cannot be used */
export function openFirstSeen(options: FirstSeenOptions): FirstSeen {
  mkdirSync(options.folder, { recursive: true });
  const file = join(options.folder, 'first-seen.json');
  const read = readTimes(file);
  if (read.ok) return new FirstSeenFile(file, read.value, options);
  const aside = `${file}.damaged-${options.nowMs()}`;
  renameSync(file, aside);
  options.onNotice(
    `${file} cannot be used: ${read.fault}. It was moved to ${aside}; every object now counts ` +
      'as first seen at this start, so conflicts are decided by name',
  );
  return new FirstSeenFile(file, new Map(), options);
}
