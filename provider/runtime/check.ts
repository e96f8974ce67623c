/** Inputs as Pulumi checks them: every violation at once, each at its property. */
import type { dynamic } from '@pulumi/pulumi';
import { validateShape } from '../../crds/schemas.ts';
import { API_VERSION, isKind, KINDS, type Kind, type Resource } from '../../domain/resources.ts';
import { either } from '../../domain/text.ts';
import {
  printFieldPath,
  printViolation,
  type FieldPath,
  type Violation,
} from '../../domain/violation.ts';
import {
  asRecord,
  declarationOf,
  resourceOf,
  specOf,
  type Declaration,
  type Properties,
} from './declaration.ts';
import { impactOn } from './impact.ts';
import { judge, type Judgement } from './judge.ts';
import { optionViolations } from './options.ts';
import type { Session } from './session.ts';
import { placeViolations } from './targets/place.ts';
import type { Fault, Target } from './targets/target.ts';
import { mayDependOn, unknownPaths } from './unknown.ts';

export async function check(
  session: Session,
  { __urn: urn, __preview: isPreview, ...stated }: Properties,
): Promise<dynamic.CheckResult> {
  const { kind } = stated;
  if (typeof kind !== 'string' || !isKind(kind)) throw new Error(`no kind: ${either(KINDS)}`);
  const unknown = unknownPaths(stated);
  const isSettled = (violation: Violation): boolean => !mayDependOn(unknown, violation.field);
  const options = [...placeViolations(stated['target']), ...optionViolations(stated)];
  const refused = options.filter(isSettled);
  if (refused.length > 0 || mayDependOn(unknown, ['target'])) {
    return { inputs: stated, failures: [...refused, ...byItself(session, stated)].map(failureOf) };
  }
  const opened = session.open(declarationOf(stated).target);
  if (!opened.ok) return { inputs: stated, failures: [targetFailure(opened.fault)] };
  const inputs = completed(stated, opened.value);
  const violations = byItself(session, inputs);
  if (violations.length > 0 || unknown.length > 0) {
    return { inputs, failures: violations.map(failureOf) };
  }
  const asked = { session, target: opened.value, urn: String(urn), isPreview: isPreview === true };
  return { inputs, failures: await besideOthers(asked, declarationOf(inputs)) };
}

/** What other resources of the program name it by is known before it is created. */
function completed(stated: Properties, target: Target): Properties {
  const { kind, metadata, name } = stated;
  const { name: objectName, namespace = target.defaultNamespace, ...rest } = asRecord(metadata);
  const isNamed = kind !== 'EventTopic' && kind !== 'EventSubscription';
  return {
    ...stated,
    ...(isNamed && name === undefined && { name: objectName }),
    metadata: { name: objectName, namespace, ...rest },
  };
}

/** Shape, and the rules of its kind: what is wrong whatever else there is. */
function byItself({ clock }: Session, properties: Properties): Violation[] {
  const unknown = unknownPaths(properties);
  // `check` has looked at it.
  const kind = properties['kind'] as Kind;
  const metadata = asRecord(properties['metadata']);
  const spec = specOf(properties);
  const shape = validateShape(kind, { apiVersion: API_VERSION, kind, metadata, spec });
  const resource = resourceOf({ kind, metadata, spec } as unknown as Declaration, '');
  const { errors } = judge(resource, [resource], undefined, clock);
  const rules = errors.filter(({ field }) => !isWithin(field, shape));
  return [...shape, ...rules].filter(({ field }) => !mayDependOn(unknown, propertyPath(field)));
}

/** The schema has said what is wrong with the field. */
function isWithin(field: FieldPath, violations: readonly Violation[]): boolean {
  return mayDependOn(
    violations.map((violation) => violation.field),
    field,
  );
}

interface Asked {
  readonly session: Session;
  readonly target: Target;
  readonly urn: string;
  readonly isPreview: boolean;
}

/** Kinds of which a change says what it does to access. */
const GIVES_ACCESS: readonly Kind[] = ['ClientGroup', 'TopicSpace', 'PermissionBinding'];

async function besideOthers(
  asked: Asked,
  declaration: Declaration,
): Promise<dynamic.CheckFailure[]> {
  const { session, target, urn, isPreview } = asked;
  const { program } = session;
  const declared = program.declare(target.identity, urn, declaration);
  if (!declared.ok) return [duplicate(declaration, declared.fault)];
  const { resource } = declared.value;
  // At an update the target itself has the last word.
  const held = isPreview
    ? await session.held(target, declaration.metadata.namespace, urn)
    : undefined;
  if (held?.ok === false) return held.fault === 'Told' ? [] : [targetFailure(held.fault)];
  const judged = (): Judgement =>
    judge(resource, siblings(asked, declaration), held?.value, session.clock);
  if (held === undefined) return judged().errors.map(failureOf);
  // What is still to come may be what is missing, and whom the object gives access.
  const isOpen = judged().missing.length > 0 || GIVES_ACCESS.includes(declaration.kind);
  if (isOpen) await program.quiet();
  const judgement = judged();
  if (judgement.errors.length === 0) tell(asked, declaration, judgement, held.value);
  return judgement.errors.map(failureOf);
}

/** Of the same target and Kubernetes namespace, the object itself included. */
function siblings({ session, target }: Asked, { metadata }: Declaration): Resource[] {
  return session.program
    .of(target.identity)
    .map(({ resource }) => resource)
    .filter((resource) => resource.metadata.namespace === metadata.namespace);
}

function tell(
  asked: Asked,
  declaration: Declaration,
  { warnings, missing }: Judgement,
  held: readonly Resource[],
): void {
  const { session, urn } = asked;
  for (const warning of warnings) session.log.warn(urn, `beside what is there: ${warning}`);
  for (const violation of missing) {
    session.log.warn(urn, `${printViolation(violation)}; until then this waits`);
  }
  if (!GIVES_ACCESS.includes(declaration.kind)) return;
  const program = siblings(asked, declaration);
  const resource = program.find((each) => isSame(each, declaration));
  if (resource === undefined) return;
  const lines = impactOn(resource, program, held, session.clock);
  if (lines.length > 0) session.log.info(urn, lines.join('\n'));
}

function isSame({ kind, metadata }: Resource, declaration: Declaration): boolean {
  return kind === declaration.kind && metadata.name === declaration.metadata.name;
}

function propertyPath(field: FieldPath): FieldPath {
  return field[0] === 'spec' ? field.slice(1) : field;
}

function failureOf({ field, message, remedy }: Violation): dynamic.CheckFailure {
  return { property: printFieldPath(propertyPath(field)), reason: `${message}; ${remedy}` };
}

function targetFailure({ message, remedy }: Fault): dynamic.CheckFailure {
  return { property: 'target', reason: `${message}; ${remedy}` };
}

function duplicate({ key }: Declaration, urn: string): dynamic.CheckFailure {
  const reason =
    `${key} is declared a second time in this program, after ${urn}; ` +
    'remove one of the two, or give one another metadata.name';
  return { property: 'metadata.name', reason };
}
