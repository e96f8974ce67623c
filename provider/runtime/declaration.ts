/** One object as a program declares it, from what Pulumi hands over. */
import { API_VERSION, resourceKey, type Kind, type Resource } from '../../domain/resources.ts';
import type { Violation } from '../../domain/violation.ts';

/** Properties of a resource: plain values, secrets unwrapped. */
export type Properties = Readonly<Record<string, unknown>>;

export interface DeclaredMetadata {
  readonly name: string;
  readonly namespace: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** As `Target` of a program, all of it known. */
export interface TargetPlace {
  readonly cluster?: {
    readonly kubeconfig?: string;
    readonly context?: string;
    readonly namespace?: string;
  };
  readonly directory?: { readonly path: string; readonly namespace?: string };
}

/** Of inputs that `check` has passed, or of a state. */
export interface Declaration {
  /** `TopicSpace/default/alerts`: also the resource's ID. */
  readonly key: string;
  readonly kind: Kind;
  readonly metadata: DeclaredMetadata;
  readonly spec: Properties;
  readonly target: TargetPlace;
  readonly adopt: boolean;
  readonly timeoutMs: number;
}

/** What a kind's spec has none of, and Pulumi or this provider keeps beside it. */
const NOT_OF_THE_SPEC: ReadonlySet<string> = new Set([
  'kind',
  'metadata',
  'target',
  'adopt',
  'timeoutSeconds',
  'conditions',
  'generation',
  'endpoints',
  'counts',
  'uid',
  'fieldManager',
  'schemaVersion',
  // What Pulumi adds to state that it has read.
  'id',
  'urn',
]);

/** Seconds. */
const TIMEOUT_DEFAULT = 300;
export const TIMEOUT_MAX = 3600;

export function specOf(properties: Properties): Properties {
  const fields = Object.entries(properties);
  return Object.fromEntries(
    fields.filter(([field]) => !NOT_OF_THE_SPEC.has(field) && !field.startsWith('__')),
  );
}

export function declarationOf(properties: Properties): Declaration {
  // `check` has passed them, or a version of it that kept the state that this is.
  const { kind, metadata, target, adopt, timeoutSeconds } = properties as {
    readonly kind: Kind;
    readonly metadata: DeclaredMetadata;
    readonly target: TargetPlace;
    readonly adopt?: boolean;
    readonly timeoutSeconds?: number;
  };
  return {
    key: resourceKey({ kind, metadata }),
    kind,
    metadata,
    spec: specOf(properties),
    target,
    adopt: adopt ?? false,
    timeoutMs: (timeoutSeconds ?? TIMEOUT_DEFAULT) * 1000,
  };
}

/** The manifest that says the same. `metadata.name` is what `name` is by default. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: Kind;
  readonly metadata: DeclaredMetadata;
  readonly spec: Properties;
}

export function manifestOf(declaration: Declaration): Manifest {
  const { kind, metadata } = declaration;
  return { apiVersion: API_VERSION, kind, metadata, spec: withoutDefaultName(declaration) };
}

function withoutDefaultName({
  metadata,
  spec,
}: Pick<Declaration, 'metadata' | 'spec'>): Properties {
  const { name, ...rest } = spec;
  return name === metadata.name ? rest : spec;
}

/** As the rules want it. `refusedFor` is what the schema has against it. */
export function resourceOf(
  declared: Pick<Declaration, 'kind' | 'metadata' | 'spec'>,
  creationTimestamp: string,
  refusedFor: readonly Violation[] = [],
): Resource {
  const { name, namespace } = declared.metadata;
  // Of one that the schema refuses, it may be anything at all.
  const metadata = { name: String(name), namespace: String(namespace), creationTimestamp };
  const spec = withoutDefaultName(declared);
  return { kind: declared.kind, metadata, spec, refusedFor } as unknown as Resource;
}
