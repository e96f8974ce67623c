/** Reads Secrets from files, which whoever mounts them changes while they are in use. */
import { closeSync, constants, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isRecord } from '../../domain/validate/shape.ts';
import type { Clock } from '../clock.ts';
import type { Secrets, SecretsSource } from './secrets.ts';

/** What Kubernetes allows a Secret to hold altogether; the file of JSON is in one as well. */
const FILE_BYTES_MAX = 1024 * 1024;
/** A file is not looked at more often, however many requests are authenticated with it. */
const LOOK_INTERVAL_MS = 1000;
/** Files that are remembered. EventSubscriptions name a few; beyond that all are read anew. */
const FILES_MAX = 1000;

/** As Kubernetes names Secrets and their keys; a key that starts with two dots is its own. */
const SECRET_NAME = /^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/;
const KEY_NAME = /^(?!\.\.)[A-Za-z0-9._-]{1,253}$/;
const BASE64 = /^[A-Za-z0-9+/\s]*={0,2}\s*$/;

export function openSecrets(source: SecretsSource, clock: Clock): Secrets {
  switch (source.type) {
    case 'Folder':
      return new FolderSecrets(source.path, clock);
    case 'File':
      return new FileSecrets(source.path, clock);
  }
}

function isName(secret: string, key: string): boolean {
  return SECRET_NAME.test(secret) && KEY_NAME.test(key) && key !== '.';
}

class FolderSecrets implements Secrets {
  readonly #folder: string;
  readonly #clock: Clock;
  readonly #files = new Map<string, WatchedFile>();

  constructor(folder: string, clock: Clock) {
    this.#folder = folder;
    this.#clock = clock;
  }

  read(secret: string, key: string): Buffer | undefined {
    if (!isName(secret, key)) return undefined;
    const path = join(this.#folder, secret, key);
    let file = this.#files.get(path);
    if (file === undefined) {
      if (this.#files.size >= FILES_MAX) this.#files.clear();
      this.#files.set(path, (file = new WatchedFile(path)));
    }
    return file.content(this.#clock.nowMs());
  }
}

class FileSecrets implements Secrets {
  readonly #clock: Clock;
  readonly #file: WatchedFile;
  #content: Buffer | undefined;
  #values: ReadonlyMap<string, ReadonlyMap<string, Buffer>> = new Map();

  constructor(path: string, clock: Clock) {
    this.#file = new WatchedFile(path);
    this.#clock = clock;
  }

  read(secret: string, key: string): Buffer | undefined {
    if (!isName(secret, key)) return undefined;
    const content = this.#file.content(this.#clock.nowMs());
    if (content !== this.#content) {
      this.#content = content;
      // What does not parse is being written: what it said before holds until it does.
      this.#values = content === undefined ? new Map() : (parsed(content) ?? this.#values);
    }
    return this.#values.get(secret)?.get(key);
  }
}

function parsed(content: Buffer): ReadonlyMap<string, ReadonlyMap<string, Buffer>> | undefined {
  let json: unknown;
  try {
    json = JSON.parse(content.toString('utf8'));
  } catch {
    return undefined;
  }
  if (!isRecord(json)) return undefined;
  return new Map(Object.entries(json).map(([secret, keys]) => [secret, valuesOf(keys)] as const));
}

function valuesOf(keys: unknown): ReadonlyMap<string, Buffer> {
  const values = new Map<string, Buffer>();
  if (!isRecord(keys)) return values;
  for (const [key, value] of Object.entries(keys)) {
    if (typeof value !== 'string' || !BASE64.test(value)) continue;
    values.set(key, Buffer.from(value, 'base64'));
  }
  return values;
}

/** A file that is read again when it is another one, or has changed. */
class WatchedFile {
  readonly #path: string;
  #lookedAtMs: number | undefined;
  #version: string | undefined;
  #content: Buffer | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  /** The same Buffer for as long as it is unchanged. Undefined: it is not there, or too large. */
  content(nowMs: number): Buffer | undefined {
    const sinceMs = nowMs - (this.#lookedAtMs ?? -Infinity);
    // A clock that was set back must not keep an old value for as long.
    if (sinceMs >= 0 && sinceMs < LOOK_INTERVAL_MS) return this.#content;
    this.#lookedAtMs = nowMs;
    const version = versionOf(this.#path);
    if (version === undefined || version !== this.#version) {
      this.#content = version === undefined ? undefined : contentOf(this.#path);
      this.#version = version;
    }
    return this.#content;
  }
}

function versionOf(path: string): string | undefined {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = statSync(path, { bigint: true });
    return [dev, ino, size, mtimeNs, ctimeNs].join(' ');
  } catch {
    return undefined;
  }
}

function contentOf(path: string): Buffer | undefined {
  let descriptor: number;
  try {
    // Not to wait where somebody put a pipe in its place.
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch {
    return undefined;
  }
  try {
    return fstatSync(descriptor).isFile() ? boundedContent(descriptor) : undefined;
  } catch {
    return undefined;
  } finally {
    closeSync(descriptor);
  }
}

function boundedContent(descriptor: number): Buffer | undefined {
  const buffer = Buffer.alloc(Math.min(fstatSync(descriptor).size, FILE_BYTES_MAX) + 1);
  let length = 0;
  for (;;) {
    const count = readSync(descriptor, buffer, length, buffer.length - length, null);
    length += count;
    if (count === 0) break;
    // It grew, or is too large: half of a value is none.
    if (length === buffer.length) return undefined;
  }
  return Buffer.from(buffer.subarray(0, length));
}
