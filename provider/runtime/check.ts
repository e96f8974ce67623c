/** Inputs as Pulumi checks them: every violation at once, each at its property. */
import type { dynamic } from '@pulumi/pulumi';
import { validateShape } from '../../crds/schemas.ts';
import { API_VERSION, isKind, KINDS, type Kind } from '../../domain/resources.ts';
import { either } from '../../domain/text.ts';
import { printFieldPath, type FieldPath, type Violation } from '../../domain/violation.ts';
import {
  asRecord,
  declarationOf,
  resourceOf,
  specOf,
  type Declaration,
  type Properties,
  type TargetPlace,
} from './declaration.ts';
import { impactOn } from './impact.ts';
import { errorsOf, warningsOf } from './judge.ts';
import { optionViolations } from './options.ts';
import type { Session } from './session.ts';
import { placeProperty, placeViolations } from './targets/place.ts';
import type { Fault, Target } from './targets/target.ts';
import { mayDependOn, unknownPaths } from './unknown.ts';
import { World } from './worlds.ts';

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
  const { target } = declarationOf(stated);
  const opened = session.open(target);
  if (!opened.ok) return { inputs: stated, failures: [targetFailure({ target }, opened.fault)] };
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
  const alone = new World(clock);
  const rules = errorsOf(alone.put(resource), alone).filter(({ field }) => !isWithin(field, shape));
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

async function besideOthers(
  { session, target, urn, isPreview }: Asked,
  declaration: Declaration,
): Promise<dynamic.CheckFailure[]> {
  const { namespace } = declaration.metadata;
  const place = session.program.in(target.identity, namespace);
  const declared = place.declare(urn, declaration);
  if (!declared.ok) return [duplicate(declaration, declared.fault)];
  const resource = declared.value;
  const errors = errorsOf(resource, place.own);
  // At an update the target itself has the last word.
  if (!isPreview) return errors.map(failureOf);
  const there = await session.held(target, namespace, urn);
  if (!there.ok) {
    if (there.fault === 'Told') return errors.map(failureOf);
    return [targetFailure(declaration, there.fault)];
  }
  if (errors.length > 0) return errors.map(failureOf);
  const held = place.hold(there.value);
  for (const warning of warningsOf(resource, held.beside)) session.log.warn(urn, warning);
  const lines = impactOn(resource, place.own, held, session.clock);
  if (lines.length > 0) session.log.info(urn, lines.join('\n'));
  return [];
}

function propertyPath(field: FieldPath): FieldPath {
  return field[0] === 'spec' ? field.slice(1) : field;
}

function failureOf({ field, message, remedy }: Violation): dynamic.CheckFailure {
  return { property: printFieldPath(propertyPath(field)), reason: `${message}; ${remedy}` };
}

function targetFailure(
  { target }: { readonly target: TargetPlace },
  { message, remedy }: Fault,
): dynamic.CheckFailure {
  return { property: placeProperty(target), reason: `${message}; ${remedy}` };
}

function duplicate({ key }: Declaration, urn: string): dynamic.CheckFailure {
  const reason =
    `${key} is declared a second time in this program, after ${urn}; ` +
    'remove one of the two, or give one another metadata.name';
  return { property: 'metadata.name', reason };
}
