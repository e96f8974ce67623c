/** The words for each way in which a field can break its schema. */
import type { DefinedError } from 'ajv';
import { checkName } from '../domain/names.ts';
import { nearestOf } from '../domain/nearest.ts';
import type { Kind, NamedKind } from '../domain/resources.ts';
import { either, quote } from '../domain/text.ts';
import { describeValue } from '../domain/validate/shape.ts';
import { printFieldPath, type FieldPath } from '../domain/violation.ts';
import type { Schema } from './definitions.ts';
import { formOf } from './patterns.ts';

export interface Words {
  readonly message: string;
  readonly remedy: string;
}

/** `field` is the path of the field that is wrong; the words do not repeat it. */
export function wordsOf(kind: Kind, error: DefinedError, field: FieldPath): Words {
  const schema = (error.parentSchema ?? {}) as Schema;
  const named = nameWords(error, field);
  if (named !== undefined) return named;
  switch (error.keyword) {
    case 'required':
      return missing(schema.properties?.[error.params.missingProperty]);
    case 'additionalProperties':
      return unknown(kind, schema, field);
    case 'type':
      return wrongType([error.params.type].flat(), error.data);
    case 'enum':
      return notOneOf(schema.enum ?? [], error.data);
    case 'pattern':
      return malformed(error.params.pattern, error.data);
    default:
      return outOfBounds(schema, error);
  }
}

/** Names have rules of their own, in which length and characters are one thing. */
function nameWords(error: DefinedError, field: FieldPath): Words | undefined {
  const isAboutText = ['pattern', 'minLength', 'maxLength'].includes(error.keyword);
  const named = NAMES_OF_OTHERS.get(field.join('.'));
  if (named === undefined || !isAboutText || typeof error.data !== 'string') return undefined;
  const fault = checkName(named.kind, error.data);
  return fault && { message: fault.message, remedy: named.remedy };
}

const NAMES_OF_OTHERS = new Map<string, { readonly kind: NamedKind; readonly remedy: string }>([
  [
    'spec.clientGroupName',
    { kind: 'ClientGroup', remedy: 'write the name of a ClientGroup, or $all' },
  ],
  ['spec.topicSpaceName', { kind: 'TopicSpace', remedy: 'write the name of a TopicSpace' }],
]);

function missing(schema: Schema = {}): Words {
  return { message: 'is missing', remedy: `state it: ${expectationOf(schema)}` };
}

function expectationOf(schema: Schema): string {
  if (schema.enum !== undefined) return either(schema.enum);
  const required = schema.required ?? [];
  const parts = required.length > 0 ? ` with ${required.join(' and ')}` : '';
  return `${nounOf(schema.type ?? 'string')}${parts}`;
}

const NOUNS = new Map([
  ['object', 'an object'],
  ['array', 'a list'],
  ['string', 'a string'],
  ['integer', 'an integer'],
  ['boolean', 'true or false'],
]);

function nounOf(type: string): string {
  return NOUNS.get(type) ?? type;
}

function unknown(kind: Kind, schema: Schema, field: FieldPath): Words {
  const known = Object.keys(schema.properties ?? {});
  const name = String(field.at(-1));
  const parent = field.slice(0, -1);
  const owner = `${/^[AEIOU]/.test(kind) ? 'an' : 'a'} ${kind}`;
  const place = parent.length === 0 ? owner : `${printFieldPath(parent)} of ${owner}`;
  return { message: `is no field of ${place}`, remedy: unknownRemedy(schema, name, known) };
}

function unknownRemedy(schema: Schema, name: string, known: readonly string[]): string {
  if (Object.hasOwn(schema.properties?.['spec']?.properties ?? {}, name)) {
    return 'move it below spec';
  }
  const meant = nearestOf(name, known);
  return meant === undefined
    ? `remove it, or write one of ${either(known)}`
    : `did you mean ${meant}? Rename it so, or remove it`;
}

function wrongType(types: readonly string[], value: unknown): Words {
  const nouns = types.filter((type) => type !== 'null').map(nounOf);
  return {
    message: `is ${describeValue(value)}, but must be ${either(nouns)}`,
    remedy: typeRemedy(types, value),
  };
}

function typeRemedy(types: readonly string[], value: unknown): string {
  if (value === null) return 'give it a value, or remove the field';
  const isScalar = ['string', 'number', 'boolean'].includes(typeof value);
  if (types.includes('string') && isScalar) return 'put the value in quotes';
  if (typeof value === 'string' && /^(?:-?[0-9]+|true|false)$/.test(value)) {
    return 'remove the quotes around the value';
  }
  if (types.includes('array')) return 'write a list: an entry a line, each behind a hyphen';
  return `make it ${either(types.filter((type) => type !== 'null').map(nounOf))}`;
}

function notOneOf(allowed: readonly string[], value: unknown): Words {
  const shown = typeof value === 'string' ? quote(value) : describeValue(value);
  const meant = typeof value === 'string' ? nearestOf(value, allowed) : undefined;
  return {
    message: `is ${shown}, but must be ${either(allowed)}`,
    remedy: meant === undefined ? `write ${either(allowed)}` : `did you mean ${meant}? Write it so`,
  };
}

function malformed(pattern: string, value: unknown): Words {
  const form = formOf(pattern);
  const shown = form.mayBeSecret ? 'the value' : quote(String(value));
  return { message: `${shown} is not ${form.inWords}`, remedy: form.remedy };
}

function outOfBounds(schema: Schema, error: DefinedError): Words {
  switch (error.keyword) {
    case 'minLength':
    case 'maxLength':
      return wrongCount([...String(error.data)].length, 'character', {
        minimum: schema.minLength,
        maximum: schema.maxLength,
      });
    case 'minItems':
    case 'maxItems':
      return wrongCount((error.data as unknown[]).length, 'entry', {
        minimum: schema.minItems,
        maximum: schema.maxItems,
      });
    case 'maxProperties':
      return wrongCount(Object.keys(error.data as object).length, 'entry', {
        maximum: schema.maxProperties,
      });
    default:
      return {
        message: `is ${describeValue(error.data)}, but must be from ${rangeOf(schema)}`,
        remedy: `set it to an integer from ${rangeOf(schema)}`,
      };
  }
}

function rangeOf({ minimum, maximum }: Schema): string {
  return `${minimum} to ${maximum}`;
}

interface Range {
  readonly minimum?: number | undefined;
  readonly maximum?: number | undefined;
}

const PLURALS = { character: 'characters', entry: 'entries' } as const;
const REMEDIES_OF_TOO_FEW = { character: 'write a longer value', entry: 'add an entry' } as const;

function wrongCount(count: number, noun: keyof typeof PLURALS, range: Range): Words {
  const { minimum = 0, maximum = Number.POSITIVE_INFINITY } = range;
  const bound = count < minimum ? `at least ${minimum}` : `at most ${maximum}`;
  const found = count === 0 ? 'is empty' : `has ${count} ${count === 1 ? noun : PLURALS[noun]}`;
  const wanted = bound.endsWith(' 1') ? noun : PLURALS[noun];
  return {
    message: `${found}, but must have ${bound} ${wanted}`,
    remedy: count < minimum ? REMEDIES_OF_TOO_FEW[noun] : `shorten it to ${bound} ${wanted}`,
  };
}
