/** Files that are being written, under names that nobody reads. */
import { randomBytes } from 'node:crypto';
import { readdirSync, statSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { systemErrorCode } from '../../../manifests/manifest-files.ts';

const NAME = /^\.mqttgrid-[0-9a-f]{24}\.tmp$/;

/** Writing one takes milliseconds, and seconds where a disk is slow. */
const ABANDONED_MS = 10_000;

export function temporaryName(): string {
  return `.mqttgrid-${randomBytes(12).toString('hex')}.tmp`;
}

/** What processes have left that were killed while they wrote. */
export function removeAbandoned(folder: string, nowMs: number): void {
  for (const name of quietly(() => readdirSync(folder)) ?? []) {
    if (!NAME.test(name)) continue;
    const path = join(folder, name);
    const writtenMs = quietly(() => statSync(path).mtimeMs) ?? nowMs;
    if (nowMs - writtenMs > ABANDONED_MS) removeQuietly(path);
  }
}

/** It may be gone: renamed, or never made. Where even that fails, what failed before says why. */
export function removeQuietly(path: string): void {
  quietly(() => unlinkSync(path));
}

function quietly<Value>(act: () => Value): Value | undefined {
  try {
    return act();
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
    return undefined;
  }
}
