/**
 * Tells when the manifests of a folder may have changed. The operating system's notifications make
 * it quick; a look at the folder every few seconds makes it sure, since notifications are lost on
 * network and container mounts, and when the folder itself is replaced.
 */
import { readdirSync, statSync, watch } from 'node:fs';
import type { FSWatcher } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from './clock.ts';
import { MANIFEST_FILES_MAX } from '../manifests/manifest-bounds.ts';

/** What a person's save, or a tool's writing of many files, takes to be over. */
const QUIET_MS = 40;

/** A folder that is never quiet is still read: the change must be in force within 250 ms. */
const QUIET_MS_MAX = 120;

/** How often the folder is looked at, notifications or not. */
const RESCAN_MS = 3000;

/** How often a folder that is gone is looked for. */
const MISSING_RESCAN_MS = 200;

export interface FolderWatchOptions {
  readonly folder: string;
  readonly clock: Pick<Clock, 'nowMs' | 'after'>;
  readonly onChange: () => void;
}

export interface FolderWatch {
  close(): void;
}

/** Which folder stands at the path: another one after it was replaced. Undefined: none. */
function identityOf(folder: string): string | undefined {
  const found = statSync(folder, { throwIfNoEntry: false, bigint: true });
  return found?.isDirectory() === true ? `${found.dev}:${found.ino}` : undefined;
}

function fingerprintOf(folder: string): string {
  const names = readdirSync(folder).slice(0, MANIFEST_FILES_MAX);
  return names
    .map((name) => {
      const found = statSync(join(folder, name), { throwIfNoEntry: false, bigint: true });
      return found === undefined ? name : `${name}:${found.ino}:${found.size}:${found.mtimeNs}`;
    })
    .join('\n');
}

/** Undefined: it cannot be looked at now; the next look tells. */
function attempt<Value>(look: () => Value): Value | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}

class Watch implements FolderWatch {
  readonly #options: FolderWatchOptions;
  #watcher: FSWatcher | undefined;
  #identity: string | undefined;
  #fingerprint: string | undefined;
  #cancelRescan: () => void = () => undefined;
  #cancelQuiet: () => void = () => undefined;
  #firstOfBurstMs: number | undefined;
  #closed = false;

  constructor(options: FolderWatchOptions) {
    this.#options = options;
    this.#attach();
    this.#scheduleRescan();
  }

  close(): void {
    this.#closed = true;
    this.#detach();
    this.#cancelRescan();
    this.#cancelQuiet();
  }

  #attach(): void {
    const { folder } = this.#options;
    this.#identity = attempt(() => identityOf(folder));
    this.#fingerprint = attempt(() => fingerprintOf(folder));
    this.#watcher = attempt(() => watch(folder, { persistent: false }, () => this.#stirred()));
    // What happens to the watcher happens to the folder too: the rescan sees and mends it.
    this.#watcher?.on('error', () => this.#detach());
  }

  #detach(): void {
    this.#watcher?.close();
    this.#watcher = undefined;
  }

  #stirred(): void {
    if (this.#closed) return;
    const { clock } = this.#options;
    const nowMs = clock.nowMs();
    this.#firstOfBurstMs ??= nowMs;
    const leftMs = this.#firstOfBurstMs + QUIET_MS_MAX - nowMs;
    this.#cancelQuiet();
    this.#cancelQuiet = clock.after(Math.max(0, Math.min(QUIET_MS, leftMs)), () => {
      this.#firstOfBurstMs = undefined;
      this.#look(true);
    });
  }

  #scheduleRescan(): void {
    const delayMs = this.#identity === undefined ? MISSING_RESCAN_MS : RESCAN_MS;
    this.#cancelRescan();
    this.#cancelRescan = this.#options.clock.after(delayMs, () => this.#look(false));
  }

  #look(notified: boolean): void {
    const { folder, onChange } = this.#options;
    const before = { identity: this.#identity, fingerprint: this.#fingerprint };
    if (attempt(() => identityOf(folder)) !== before.identity || this.#watcher === undefined) {
      this.#detach();
      this.#attach();
    } else {
      this.#fingerprint = attempt(() => fingerprintOf(folder));
    }
    this.#scheduleRescan();
    const same = this.#identity === before.identity && this.#fingerprint === before.fingerprint;
    // A notification counts even if nothing seems changed: two writes may fall in one clock tick.
    if (notified || !same) onChange();
  }
}

export function watchFolder(options: FolderWatchOptions): FolderWatch {
  return new Watch(options);
}
