/** One manifest file of a folder: its name, what is in it, and how it is written. */
import { createHash } from 'node:crypto';
import { linkSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { resourceKey } from '../../../domain/resources.ts';
import { failure, success, type Result } from '../../../domain/result.ts';
import { printFieldPath } from '../../../domain/violation.ts';
import { recordOf } from '../../../domain/validate/shape.ts';
import type { DeclaredObject } from '../../../manifests/declarations.ts';
import { readManifestFile, systemErrorCode } from '../../../manifests/manifest-files.ts';
import { createPartReader, type FileParts } from '../../../manifests/manifest-parts.ts';
import { parseDocuments } from '../../../manifests/yaml-documents.ts';
import type { Properties } from '../declaration.ts';
import { inTheWay, systemFault } from './directory-faults.ts';
import { removeQuietly, temporaryName } from './directory-temporary.ts';
import { managerOf } from './directory-text.ts';
import type { Fault, ObjectKey } from './target.ts';

/** Of a file's name, on the file systems that people have. */
const FILE_NAME_BYTES_MAX = 255;
const DIGEST_LENGTH = 16;
const EXTENSION = '.yaml';

/** `topicspace.default.alerts.yaml`: a Kubernetes namespace has no dots, so no two are the same. */
export function fileNameOf({ kind, metadata }: ObjectKey): string {
  const stem = `${kind.toLowerCase()}.${metadata.namespace}.${metadata.name}`;
  const lengthMax = FILE_NAME_BYTES_MAX - EXTENSION.length;
  if (stem.length <= lengthMax) return stem + EXTENSION;
  const digest = createHash('sha256').update(stem).digest('hex').slice(0, DIGEST_LENGTH);
  return `${stem.slice(0, lengthMax - DIGEST_LENGTH - 1)}-${digest}${EXTENSION}`;
}

/** As it is stated, without defaults. */
export interface StatedObject {
  readonly metadata: Properties;
  readonly spec: Properties;
}

/** What a file has to say of one object. */
export interface FoundFile {
  readonly text: string;
  /** As its first line says. */
  readonly manager: string | undefined;
  /** Undefined: the file does not declare the object. */
  readonly stated: StatedObject | undefined;
  /** What else is in it, in words. */
  readonly others: readonly string[];
  /** `folder/name.yaml:3:1: why`: a part of it that says nothing. */
  readonly broken: string | undefined;
}

/** Undefined: there is no such file. */
export function readFileFor(
  key: ObjectKey,
  folder: string,
  name: string,
): Result<FoundFile | undefined, Fault> {
  const file = readManifestFile(folder, name);
  if (file === undefined) return success(undefined);
  const path = join(folder, name);
  const { content } = file;
  if (content.state === 'Unreadable') {
    const { message, remedy } = content.fault;
    return failure({ message: `${path}: ${message}`, remedy });
  }
  const { text } = content;
  const parts = createPartReader().read(name, text);
  return success({ text, manager: managerOf(text), ...contentOf(parts, resourceKey(key), path) });
}

function contentOf(
  parts: FileParts,
  key: string,
  path: string,
): Pick<FoundFile, 'stated' | 'others' | 'broken'> {
  const own = parts.objects.find(({ declared }) => declared.key === key);
  const others = parts.objects.filter((object) => object !== own);
  const [stray] = parts.strays;
  const { line = 1, column = 1 } = stray?.position ?? {};
  const field = stray && printFieldPath(stray.violation.field);
  const where = `${path}:${line}:${column}:${field === '' ? '' : ` ${field}:`}`;
  return {
    stated: own && statedIn(own.part.text, own.declared),
    others: [...others.map(({ declared }) => declared.key), ...parts.notices],
    broken: stray && `${where} ${stray.violation.message}`,
  };
}

function statedIn(text: string, { documentIndex, root }: DeclaredObject): StatedObject {
  const document = parseDocuments(text)[documentIndex];
  let value: unknown = document?.state === 'Parsed' ? document.value : undefined;
  for (const step of root) value = (value as Record<string | number, unknown>)[step];
  const { metadata, spec } = recordOf(value);
  return { metadata: recordOf(metadata), spec: recordOf(spec) };
}

/**
 * Whole or not at all: the file gets its name once it is complete and on the disk. Without
 * `replaces` it is new: `link`, unlike `rename`, never takes the place of a file.
 */
export function writeFileFor(
  key: ObjectKey,
  path: { readonly folder: string; readonly name: string },
  { text, replaces }: { readonly text: string; readonly replaces: boolean },
): Result<void, Fault> {
  const target = join(path.folder, path.name);
  const temporary = join(path.folder, temporaryName());
  const what = `${resourceKey(key)} cannot be written to ${target}`;
  try {
    mkdirSync(path.folder, { recursive: true });
  } catch (error) {
    return failure(systemFault(what, error));
  }
  try {
    writeFileSync(temporary, text, { flag: 'wx', flush: true });
    if (replaces) renameSync(temporary, target);
    else linkSync(temporary, target);
    return success(undefined);
  } catch (error) {
    if (systemErrorCode(error) === 'EEXIST') return failure(inTheWay(resourceKey(key), target));
    return failure(systemFault(what, error));
  } finally {
    removeQuietly(temporary);
  }
}

/** Also where there is none. */
export function removeFileFor(
  key: ObjectKey,
  path: { readonly folder: string; readonly name: string },
): Result<void, Fault> {
  const target = join(path.folder, path.name);
  try {
    rmSync(target, { force: true });
    return success(undefined);
  } catch (error) {
    return failure(systemFault(`${resourceKey(key)} cannot be removed from ${target}`, error));
  }
}
