/** The text of a manifest: the same for the same declaration, so that no repository sees noise. */
import { stringify, type ScalarTag, type Tags } from 'yaml';
import { schemaOf, type Schema } from '../../../crds/schemas.ts';
import { isRecord } from '../../../domain/validate/shape.ts';
import type { Manifest } from '../declaration.ts';

/** The first line tells whoever opens the file, and us, who declares the object. */
const HEAD = /^\uFEFF?# Declared by ([\x20-\x7e]+): change the program, not this file\.\r?(?:\n|$)/;

function headOf(fieldManager: string): string {
  return `# Declared by ${fieldManager}: change the program, not this file.\n`;
}

/** The field manager that a file's first line names. */
export function managerOf(text: string): string | undefined {
  return HEAD.exec(text)?.[1];
}

export function printManifest(manifest: Manifest, fieldManager: string): string {
  const { apiVersion, kind, metadata, spec } = manifest;
  const { name, namespace, labels = {}, annotations = {} } = metadata;
  const document = {
    apiVersion,
    kind,
    metadata: { name, namespace, ...stated({ labels, annotations }) },
    spec: inOrder(schemaOf(kind).properties?.['spec'] ?? {}, spec),
  };
  return headOf(fieldManager) + stringify(document, OPTIONS);
}

function stated(maps: Readonly<Record<string, Readonly<Record<string, string>>>>): object {
  const some = Object.entries(maps).filter(([, map]) => Object.keys(map).length > 0);
  return Object.fromEntries(some.map(([field, map]) => [field, inOrder({}, map)]));
}

/** Fields as the schema lists them; what it leaves open by name. Lists stay as they are. */
function inOrder(schema: Schema, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => inOrder(schema.items ?? {}, item));
  if (!isRecord(value)) return value;
  const { properties = {}, additionalProperties = {} } = schema;
  const order = Object.keys(properties);
  const rank = (field: string): number => (order.includes(field) ? order.indexOf(field) : Infinity);
  const fields = Object.keys(value).sort((left, right) => {
    return compare(rank(left), rank(right)) || compare(left, right);
  });
  // A map, as an object would put keys that look like numbers first.
  return new Map(
    fields.map((field) => {
      return [field, inOrder(properties[field] ?? additionalProperties, value[field])] as const;
    }),
  );
}

function compare<Ordered extends string | number>(left: Ordered, right: Ordered): number {
  return left === right ? 0 : left < right ? -1 : 1;
}

/**
 * What no reader of YAML 1.1 or 1.2 takes for anything but this text: it begins like a word, ends
 * without a space, and holds nothing that ends a key or begins a comment.
 */
const PLAIN = /^[A-Za-z$/](?:[!-9;-~]|:(?=[!-~])| (?=[!-~])(?!#))*$/;
/** The last is a number to YAML 1.1. */
const NO_STRING = /^(?:true|false|null|yes|no|on|off|y|n|e[+-]?\d+)$/i;

/** A certificate, for one: lines that a block shows as they are. */
const BLOCK = /^(?:[!-~](?:[ -~]*[!-~])?\n){2,}$/;

/** Some readers take them for ends of lines, drop them, or will not have them. */
const INVISIBLE = /[\x7f-\xa0\u2028\u2029\ufeff\ufffe\uffff]/g;

/** What is in double quotes itself, such as a query, and needs no escape. */
const SINGLE_QUOTABLE = /^[ -&(-~]*"[ -&(-~]*$/;

function quoted(text: string): string {
  if (SINGLE_QUOTABLE.test(text)) return `'${text}'`;
  return JSON.stringify(text).replace(INVISIBLE, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

const stringifyText: NonNullable<ScalarTag['stringify']> = ({ value }, { indent, implicitKey }) => {
  const text = String(value);
  if (PLAIN.test(text) && !NO_STRING.test(text)) return text;
  if (implicitKey === true || !BLOCK.test(text)) return quoted(text);
  return `|\n${text.trimEnd().replaceAll(/^/gm, indent)}`;
};

function withOurTexts(tags: Tags): Tags {
  return tags.map((tag) => {
    const isText = typeof tag === 'object' && tag.tag === 'tag:yaml.org,2002:str';
    // Of a scalar, as its name says.
    return isText ? { ...(tag as ScalarTag), stringify: stringifyText } : tag;
  });
}

const OPTIONS = {
  customTags: withOurTexts,
  lineWidth: 0,
  // The same value twice is written twice: `kubectl` would take anchors, people do not like them.
  aliasDuplicateObjects: false,
} as const;
