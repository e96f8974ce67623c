/** The manifest files of a folder, as `kubectl apply -f DIR` picks them: not recursive. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { quote } from '../domain/text.ts';
import {
  MANIFEST_FILE_BYTES_MAX,
  MANIFEST_FILES_MAX,
  MANIFEST_FOLDER_BYTES_MAX,
} from './manifest-bounds.ts';

export interface FileFault {
  readonly message: string;
  readonly remedy: string;
}

export interface ManifestFile {
  /** Name within the folder. */
  readonly name: string;
  readonly content:
    | { readonly state: 'Read'; readonly text: string }
    | { readonly state: 'Unreadable'; readonly fault: FileFault };
}

export interface FolderListing {
  /** In the order of their names. */
  readonly files: readonly ManifestFile[];
  /** Set when the folder as a whole cannot be read; `files` is then empty and says nothing. */
  readonly fault?: FileFault;
}

/** Hidden files are an editor's or a system's: `.#lock.yaml`, `._manifest.yaml`. */
function isManifestName(name: string): boolean {
  return !name.startsWith('.') && /\.(?:yaml|yml|json)$/i.test(name);
}

/** `ENOENT`, `EACCES`: what the operating system calls what happened; undefined: it did not. */
export function systemErrorCode(error: unknown): string | undefined {
  const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' && /^E[A-Z0-9]+$/.test(code) ? code : undefined;
}

function unreadable(name: string, fault: FileFault): ManifestFile {
  return { name, content: { state: 'Unreadable', fault } };
}

const decoder = new TextDecoder('utf-8', { fatal: true });

function decode(name: string, bytes: Uint8Array): ManifestFile {
  try {
    return { name, content: { state: 'Read', text: decoder.decode(bytes) } };
  } catch {
    const remedy = 'save it as UTF-8';
    return unreadable(name, { message: 'the file is not UTF-8 text', remedy });
  }
}

function tooLarge(name: string, message: string): ManifestFile {
  return unreadable(name, { message, remedy: 'declare fewer objects, or split the file' });
}

/** Undefined: gone since the folder was listed, or not a file (a FIFO would block the reader). */
export function readManifestFile(
  folder: string,
  name: string,
  budget = MANIFEST_FOLDER_BYTES_MAX,
): ManifestFile | undefined {
  const path = join(folder, name);
  try {
    const found = statSync(path);
    if (!found.isFile()) return undefined;
    if (found.size > MANIFEST_FILE_BYTES_MAX) {
      const bytes = `${found.size} bytes; a manifest may have ${MANIFEST_FILE_BYTES_MAX}`;
      return tooLarge(name, `the file has ${bytes}`);
    }
    if (found.size > budget) {
      const all = `the files of the folder exceed ${MANIFEST_FOLDER_BYTES_MAX} bytes together`;
      return tooLarge(name, `${all}; this one and those after it are not read`);
    }
    return decode(name, readFileSync(path));
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === undefined) throw error;
    if (code === 'ENOENT') return undefined;
    const message = `the file cannot be read: ${code}`;
    return unreadable(name, { message, remedy: 'give the user of this process leave to read it' });
  }
}

const WHY_UNLISTABLE = new Map([
  ['ENOENT', 'it does not exist'],
  ['ENOTDIR', 'it is not a folder'],
  ['EACCES', 'this user may not read it'],
]);

function unlistable(folder: string, why: string): FolderListing {
  const message = `the folder ${quote(folder)} cannot be read: ${WHY_UNLISTABLE.get(why) ?? why}`;
  return { files: [], fault: { message, remedy: 'name a folder that holds manifests' } };
}

/** Reads synchronously: a change must not fall between the reading of two files. */
export function readManifestFiles(folder: string): FolderListing {
  let names: string[];
  try {
    names = readdirSync(folder).filter(isManifestName).sort();
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === undefined) throw error;
    return unlistable(folder, code);
  }
  if (names.length > MANIFEST_FILES_MAX) {
    return unlistable(folder, `it has ${names.length} manifests; ${MANIFEST_FILES_MAX} may be`);
  }
  const files: ManifestFile[] = [];
  let budget = MANIFEST_FOLDER_BYTES_MAX;
  for (const name of names) {
    const file = readManifestFile(folder, name, budget);
    if (file === undefined) continue;
    files.push(file);
    if (file.content.state === 'Read') budget -= file.content.text.length;
  }
  return { files };
}
