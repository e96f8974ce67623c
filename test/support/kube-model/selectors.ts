/** Label and field selectors, as far as clients of this model use them. */
import type { KubeObject, Selection } from '../../../kube/kube-api.ts';
import { KubeApiError } from '../../../kube/kube-api.ts';

import { isRecord } from './json.ts';

export type Selector = (object: KubeObject) => boolean;

export function selectorOf(selection: Selection): Selector {
  const tests: Selector[] = [];
  const { namespace, labelSelector, fieldSelector } = selection;
  if (namespace !== undefined) tests.push((object) => object.metadata.namespace === namespace);
  for (const requirement of requirements(labelSelector)) tests.push(labelTest(requirement));
  for (const requirement of requirements(fieldSelector)) tests.push(fieldTest(requirement));
  return (object) => tests.every((test) => test(object));
}

/** Commas within the parentheses of a set separate its members. */
function requirements(selector: string | undefined): string[] {
  return (selector ?? '')
    .split(/,(?![^(]*\))/)
    .map((requirement) => requirement.trim())
    .filter((requirement) => requirement !== '');
}

function labelTest(requirement: string): Selector {
  const set = /^(\S+)\s+(in|notin)\s+\(([^)]*)\)$/.exec(requirement);
  if (set !== null) {
    const [, key = '', operator, list = ''] = set;
    const values = list.split(',').map((value) => value.trim());
    const isIn = (object: KubeObject): boolean => values.includes(labelOf(object, key) ?? '');
    return operator === 'in'
      ? (object) => labelOf(object, key) !== undefined && isIn(object)
      : (object) => labelOf(object, key) === undefined || !isIn(object);
  }
  const equality = /^([^=!]+)(==|=|!=)([^=!]*)$/.exec(requirement);
  if (equality !== null) {
    const [, key = '', operator, value] = equality;
    return (object) => (labelOf(object, key) === value) === (operator !== '!=');
  }
  if (requirement.startsWith('!')) {
    return (object) => labelOf(object, requirement.slice(1)) === undefined;
  }
  return (object) => labelOf(object, requirement) !== undefined;
}

function labelOf({ metadata }: KubeObject, key: string): string | undefined {
  const labels = new Map(Object.entries(metadata.labels ?? {}));
  return labels.get(key);
}

function fieldTest(requirement: string): Selector {
  const [, field, operator, value] = /^([^=!]+)(==|=|!=)(.*)$/.exec(requirement) ?? [];
  const read = FIELDS.get(field ?? '');
  if (read === undefined) {
    const message = `field label not supported: ${field ?? requirement}`;
    throw new KubeApiError(message, { status: 400, reason: 'BadRequest' });
  }
  return (object) => (read(object) === value) === (operator !== '!=');
}

const FIELDS: ReadonlyMap<string, (object: KubeObject) => string | undefined> = new Map([
  ['metadata.name', ({ metadata }: KubeObject) => metadata.name],
  ['metadata.namespace', ({ metadata }: KubeObject) => metadata.namespace],
  // Of events.
  ['involvedObject.uid', (object: KubeObject) => textAt(object, 'involvedObject', 'uid')],
  ['type', (object: KubeObject) => textAt(object, 'type')],
]);

function textAt(object: KubeObject, ...path: readonly string[]): string | undefined {
  let value: unknown = object;
  for (const field of path) value = isRecord(value) ? value[field] : undefined;
  return typeof value === 'string' ? value : undefined;
}
