/** The custom resource definitions as data: what each YAML file beside this one declares. */
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { KINDS, type Kind } from '../domain/resources.ts';

/** A CEL rule that the API server evaluates; mqttgrid's own check of it is in `domain/`. */
export interface ValidationRule {
  readonly rule: string;
  readonly message: string;
  readonly fieldPath?: string;
  readonly reason?: string;
}

/** As much of Kubernetes' structural schemas as our files use. */
export interface Schema {
  readonly type?: 'object' | 'array' | 'string' | 'integer' | 'boolean';
  readonly description?: string;
  readonly format?: string;
  readonly default?: unknown;
  readonly enum?: readonly string[];
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly maxProperties?: number;
  readonly items?: Schema;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema;
  readonly 'x-kubernetes-int-or-string'?: true;
  readonly 'x-kubernetes-preserve-unknown-fields'?: true;
  readonly 'x-kubernetes-list-type'?: 'atomic' | 'map';
  readonly 'x-kubernetes-list-map-keys'?: readonly string[];
  readonly 'x-kubernetes-validations'?: readonly ValidationRule[];
}

export interface PrinterColumn {
  readonly name: string;
  readonly type: string;
  readonly jsonPath: string;
  readonly description?: string;
  /** 1: shown with `kubectl get -o wide` only. */
  readonly priority?: number;
}

export interface CustomResource {
  readonly kind: Kind;
  readonly plural: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly printerColumns: readonly PrinterColumn[];
  /** Of the whole object: apiVersion, kind, metadata, spec and status. */
  readonly schema: Schema;
}

interface Manifest {
  readonly spec: {
    readonly names: Omit<CustomResource, 'printerColumns' | 'schema'>;
    readonly versions: readonly [
      {
        readonly additionalPrinterColumns: readonly PrinterColumn[];
        readonly schema: { readonly openAPIV3Schema: Schema };
      },
    ];
  };
}

/** The file's text, for those who apply it to a cluster. */
export function readDefinition(kind: Kind): string {
  return readFileSync(new URL(`${kind.toLowerCase()}s.yaml`, import.meta.url), 'utf8');
}

function load(kind: Kind): CustomResource {
  // Our own file, held to this shape by crds.test.ts.
  const { names, versions } = (parse(readDefinition(kind)) as Manifest).spec;
  const [version] = versions;
  return {
    kind,
    plural: names.plural,
    singular: names.singular,
    shortNames: names.shortNames,
    categories: names.categories,
    printerColumns: version.additionalPrinterColumns,
    schema: version.schema.openAPIV3Schema,
  };
}

export const CRDS: ReadonlyMap<Kind, CustomResource> = new Map(
  KINDS.map((kind) => [kind, load(kind)]),
);

export function schemaOf(kind: Kind): Schema {
  const resource = CRDS.get(kind);
  if (resource === undefined) throw new Error(`no custom resource definition of ${kind}`);
  return resource.schema;
}

/** Kinds by every name that `kubectl` takes, in lower case: kind, plural, singular, short names. */
export const KINDS_BY_NAME: ReadonlyMap<string, Kind> = new Map(
  [...CRDS.values()].flatMap(({ kind, plural, singular, shortNames }) =>
    [kind.toLowerCase(), plural, singular, ...shortNames].map((name) => [name, kind] as const),
  ),
);
