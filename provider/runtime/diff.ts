/** Whether an object must change, and whether it can without being made anew. */
import { isDeepStrictEqual } from 'node:util';
import { withDefaults } from '../../crds/schemas.ts';
import { immutableViolations } from '../../domain/immutable.ts';
import type { Kind } from '../../domain/resources.ts';
import { isRecord } from '../../domain/validate/shape.ts';
import {
  declarationOf,
  manifestOf,
  resourceOf,
  type Declaration,
  type DeclaredMetadata,
  type Properties,
} from './declaration.ts';
import { isSamePlace } from './targets/place.ts';
import { unknownPaths } from './unknown.ts';

export interface Difference {
  readonly changes: boolean;
  /** Names of properties that can only be set at creation. */
  readonly replaces: string[];
  /** Names are unique: the old one must go first. */
  readonly deleteBeforeReplace: true;
}

/**
 * At preview a value may be unknown still. It is shown as an update, also of what can only be set
 * at creation: Pulumi asks again when it is known, and a replacement that may not come is no news.
 */
export function diff(old: Properties, now: Properties): Difference {
  const [before, after] = [declarationOf(old), declarationOf(now)];
  const replaces = replacedBy(before, after);
  const changes =
    replaces.length > 0 ||
    !isKnown([after.metadata, after.target]) ||
    !isSameSpec(before.kind, manifestOf(before).spec, manifestOf(after).spec) ||
    !isDeepStrictEqual(mutableOf(before.metadata), mutableOf(after.metadata)) ||
    // Where it is declared stays, but the way there is another.
    !isDeepStrictEqual(before.target, after.target);
  return { changes, replaces, deleteBeforeReplace: true };
}

function replacedBy(before: Declaration, after: Declaration): string[] {
  const [was, is] = [before.metadata, after.metadata];
  const replaces = immutableViolations(resourceOf(before, ''), resourceOf(after, ''))
    .map(({ field }) => String(field[1]))
    .filter((field) => isKnown(after.spec[field]));
  const isMoved = was.name !== is.name || was.namespace !== is.namespace;
  if (isMoved && isKnown([is.name, is.namespace])) replaces.push('metadata');
  if (isKnown(after.target) && !isSamePlace(before.target, after.target)) {
    replaces.push('target');
  }
  return replaces;
}

function isKnown(value: unknown): boolean {
  return unknownPaths(value).length === 0;
}

function mutableOf({ labels = {}, annotations = {} }: DeclaredMetadata): object {
  return { labels, annotations };
}

/** Defaults, and the order of what has none, make no difference. */
export function isSameSpec(kind: Kind, left: unknown, right: unknown): boolean {
  return isDeepStrictEqual(canonical(kind, left), canonical(kind, right));
}

/** Lists that stand for sets; those of attributes are, as all that a query asks is membership. */
const SETS: ReadonlySet<string> = new Set([
  'topicTemplates',
  'includedEventTypes',
  'advancedFilters',
  'brokers',
]);

function canonical(kind: Kind, spec: unknown): unknown {
  return sorted(withDefaults(kind, spec), false);
}

function sorted(value: unknown, isSet: boolean): unknown {
  if (Array.isArray(value)) {
    const items = value.map((item: unknown) => sorted(item, false));
    return isSet ? items.sort((left, right) => (text(left) < text(right) ? -1 : 1)) : items;
  }
  if (!isRecord(value)) return value;
  const fields = Object.entries(value).map(([field, item]) => {
    const inner =
      field === 'attributes' && isRecord(item)
        ? Object.fromEntries(Object.entries(item).map(([key, each]) => [key, sorted(each, true)]))
        : sorted(item, SETS.has(field));
    return [field, inner] as const;
  });
  return Object.fromEntries(fields);
}

function text(value: unknown): string {
  return JSON.stringify(value) ?? '';
}
