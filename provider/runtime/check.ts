/** Inputs as Pulumi checks them: every violation at once, each at its property. */
import type { dynamic } from '@pulumi/pulumi';
import { validateShape } from '../../crds/schemas.ts';
import { isKind, KINDS, type Resource } from '../../domain/resources.ts';
import { either } from '../../domain/text.ts';
import { printFieldPath, type FieldPath, type Violation } from '../../domain/violation.ts';
import { recordOf } from '../../domain/validate/shape.ts';
import {
  declarationOf,
  manifestOf,
  resourceOf,
  type Declaration,
  type Properties,
  type TargetPlace,
} from './declaration.ts';
import { impactOn } from './impact.ts';
import { errorsOf, warningsOf } from './judge.ts';
import { optionViolations } from './options.ts';
import type { Held, Place } from './program.ts';
import type { Session } from './session.ts';
import type { Fault, Target } from './targets/target.ts';
import { mayDependOn, UNKNOWN_STRING, unknownPaths } from './unknown.ts';
import { World } from './worlds.ts';

/** @param olds the inputs in the state; none where the resource is to be created */
export async function check(
  session: Session,
  olds: Properties,
  { __urn: urn, __preview: isPreview, ...stated }: Properties,
): Promise<dynamic.CheckResult> {
  // Of one that is replaced Pulumi asks twice, and then without them.
  if (Object.keys(olds).length > 0) session.inState.add(String(urn));
  const { kind } = stated;
  if (typeof kind !== 'string' || !isKind(kind)) throw new Error(`no kind: ${either(KINDS)}`);
  const unknown = unknownPaths(stated);
  const refused = optionViolations(stated).filter((violation) => !isOpen(violation, unknown));
  if (refused.length > 0 || mayDependOn(unknown, ['target'])) {
    const inputs = completed(stated, UNKNOWN_STRING);
    const { violations } = byItself(session, inputs, unknown);
    const failures = [...refused, ...violations].map(failureOf);
    // An update knows of no unknown values: it would fail at them before it tells of the failures.
    return { inputs: failures.length > 0 ? stated : inputs, failures };
  }
  const place = stated['target'] as TargetPlace;
  const opened = session.open(place);
  if (!opened.ok) return { inputs: stated, failures: [targetFailure(opened.fault)] };
  const target = opened.value;
  const inputs = completed(stated, target.defaultNamespace);
  const own = byItself(session, inputs, unknown);
  if (unknown.length > 0) return { inputs, failures: own.violations.map(failureOf) };
  const asked = { session, target, urn: String(urn), isPreview: isPreview === true };
  return { inputs, failures: await besideOthers(asked, inputs, own) };
}

/** What other resources of the program name it by is known before it is created. */
function completed(stated: Properties, defaultNamespace: string): Properties {
  const { kind, metadata, name } = stated;
  const { name: objectName, namespace = defaultNamespace, ...rest } = recordOf(metadata);
  const isNamed = kind !== 'EventTopic' && kind !== 'EventSubscription';
  return {
    ...stated,
    ...(isNamed && name === undefined && { name: objectName }),
    metadata: { name: objectName, namespace, ...rest },
  };
}

/** What is wrong with an object whatever else there is. */
interface OwnFaults {
  readonly shape: readonly Violation[];
  /** Those of its shape, and by the rules of its kind. */
  readonly violations: readonly Violation[];
}

function byItself(
  { clock }: Session,
  properties: Properties,
  unknown: readonly FieldPath[],
): OwnFaults {
  const declared = declarationOf(properties);
  const shape = validateShape(declared.kind, manifestOf(declared));
  const judged = resourceOf({ ...declared, spec: wellFormed(declared.spec, shape) }, '');
  const alone = new World(clock);
  const rules = errorsOf(alone.put(judged), alone).filter(({ field }) => !isWithin(field, shape));
  const violations = [...shape, ...rules].filter((violation) => !isOpen(violation, unknown));
  return { shape, violations };
}

/** Rules look at nothing of a spec that is malformed somewhere: at its other fields they can. */
function wellFormed(spec: Properties, shape: readonly Violation[]): Properties {
  const malformed = new Set(shape.map(({ field }) => field[1]));
  // Without its name it would have another one.
  const fields = Object.entries(spec).filter(
    ([field]) => field === 'name' || !malformed.has(field),
  );
  // Rules are those of a MqttNamespace: of any.
  const namespaceRef = malformed.has('namespaceRef') && { namespaceRef: { name: 'any' } };
  return { ...Object.fromEntries(fields), ...namespaceRef };
}

function isOpen({ field }: Violation, unknown: readonly FieldPath[]): boolean {
  return mayDependOn(unknown, propertyPath(field));
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

async function besideOthers(
  { session, target, urn, isPreview }: Asked,
  inputs: Properties,
  { shape, violations }: OwnFaults,
): Promise<dynamic.CheckFailure[]> {
  if (shape.some(({ field }) => field[0] === 'metadata')) return violations.map(failureOf);
  const declaration = declarationOf(inputs);
  const { namespace } = declaration.metadata;
  const place = session.program.in(target.identity, namespace);
  const declared = place.declare(urn, declaration, shape);
  if (!declared.ok) return [duplicate(declaration, declared.fault)];
  if (violations.length > 0) return violations.map(failureOf);
  const resource = declared.value;
  const errors = errorsOf(resource, place.own);
  if (!isPreview) {
    if (errors.length > 0) return errors.map(failureOf);
    // Of what it holds the target itself has the last word.
    const reached = await session.reach(target, declaration);
    return reached.ok ? [] : [targetFailure(reached.fault)];
  }
  const there = await session.held(target, namespace, urn);
  if (!there.ok) {
    if (there.fault === 'Told') return errors.map(failureOf);
    return [targetFailure(there.fault)];
  }
  if (errors.length > 0) return errors.map(failureOf);
  tell({ session, urn }, declaration, { resource, place, held: place.hold(there.value) });
  return [];
}

interface Beside {
  readonly resource: Resource;
  readonly place: Place;
  readonly held: Held;
}

/** What is right and still not without consequences. */
function tell(
  { session, urn }: Pick<Asked, 'session' | 'urn'>,
  declaration: Declaration,
  { resource, place, held }: Beside,
): void {
  const isTaken = held.resources.has(declaration.key) && !session.inState.has(urn);
  if (isTaken && !declaration.adopt) session.log.warn(urn, taken(declaration));
  for (const warning of warningsOf(resource, held.beside)) session.log.warn(urn, warning);
  const lines = impactOn(resource, place.own, held, session.clock);
  if (lines.length > 0) session.log.info(urn, lines.join('\n'));
}

function taken({ key }: Declaration): string {
  return (
    `${key} is there already: creating it will fail unless this stack declared it and was ` +
    'interrupted; set adopt: true to take it over'
  );
}

function propertyPath(field: FieldPath): FieldPath {
  return field[0] === 'spec' ? field.slice(1) : field;
}

function failureOf({ field, message, remedy }: Violation): dynamic.CheckFailure {
  return { property: printFieldPath(propertyPath(field)), reason: `${message}; ${remedy}` };
}

/** At no property: Pulumi would print the value of it, which may be secret, or `<nil>`. */
function targetFailure({ message, remedy }: Fault): dynamic.CheckFailure {
  return { property: '', reason: `${message}; ${remedy}` };
}

function duplicate({ key }: Declaration, urn: string): dynamic.CheckFailure {
  const reason =
    `${key} is declared a second time in this program, after ${urn}; ` +
    'remove one of the two, or give one another metadata.name';
  return { property: 'metadata.name', reason };
}
