import { LIMIT_NAMES, LIMIT_RULES, limitsOf, type LimitName, type Limits } from '../limits.ts';
import { nameOf, type ResourceOf } from '../resources.ts';
import { failure, success } from '../result.ts';
import type { Violation } from '../violation.ts';
import { describeValue, INTEGER, objectOf, oneOf, RECORD, REFERENCE, TEXT } from './shape.ts';
import { nameViolations, shapeFault, type Validated } from './validation.ts';

export interface ValidMqttNamespace {
  readonly name: string;
  readonly location: string | undefined;
  readonly limits: Limits;
  /** `metadata.name` of the EventTopic that everything published is routed to. */
  readonly routeTopic: string | undefined;
}

const SHAPE = objectOf(
  {},
  {
    name: TEXT,
    location: TEXT,
    routeTopicRef: REFERENCE,
    replicas: INTEGER,
    tls: objectOf({}, { secretName: TEXT }),
    service: objectOf({}, { annotations: RECORD }),
    storage: objectOf({}, { size: TEXT, className: TEXT }),
    image: TEXT,
    resources: objectOf({}, { requests: RECORD, limits: RECORD }),
    profile: oneOf(['EventGridPreview', 'Full']),
    limits: RECORD,
  },
);

export function validateMqttNamespace(
  resource: ResourceOf<'MqttNamespace'>,
): Validated<ValidMqttNamespace> {
  const { spec } = resource;
  const malformed = shapeFault(SHAPE, spec);
  if (malformed !== undefined) return malformed;
  const violations = [
    ...nameViolations(resource),
    ...limitViolations(spec.limits ?? {}),
    ...unsupported(resource),
  ];
  if (violations.length > 0) return failure(violations);
  return success({
    name: nameOf(resource),
    location: spec.location,
    limits: limitsOf(spec.limits),
    routeTopic: spec.routeTopicRef?.name,
  });
}

function limitViolations(limits: Partial<Limits>): readonly Violation[] {
  return LIMIT_NAMES.flatMap((name) => limitViolation(name, limits[name]) ?? []);
}

/** Undefined: not set, or within what the broker was designed for. */
export function limitViolation(name: LimitName, value: unknown): Violation | undefined {
  const rule = LIMIT_RULES[name];
  if (value === undefined || isWithin(value, rule.minimum, rule.ceiling)) return undefined;
  return {
    field: ['spec', 'limits', name],
    reason: 'InvalidLimit',
    message:
      `is ${describeValue(value)}, but must be an integer from ${rule.minimum} to ` +
      `${rule.ceiling} (${rule.default} unless set: ${rule.source})`,
    remedy: 'set a number within these bounds, or remove it to have the default',
  };
}

function isWithin(value: unknown, minimum: number, ceiling: number): boolean {
  return Number.isSafeInteger(value) && Number(value) >= minimum && Number(value) <= ceiling;
}

function unsupported({ spec }: ResourceOf<'MqttNamespace'>): readonly Violation[] {
  const violations: Violation[] = [];
  if (spec.profile === 'Full') {
    violations.push({
      field: ['spec', 'profile'],
      reason: 'UnsupportedValue',
      message: 'is "Full", which is reserved for a later version',
      remedy: 'set it to "EventGridPreview" or remove it',
    });
  }
  if (spec.replicas !== undefined && spec.replicas > 1) {
    violations.push({
      field: ['spec', 'replicas'],
      reason: 'UnsupportedValue',
      message:
        `is ${spec.replicas}: several brokers for one namespace are reserved for a later ` +
        'version',
      remedy: 'set it to 1 or remove it',
    });
  }
  if (spec.replicas !== undefined && spec.replicas < 0) {
    violations.push({
      field: ['spec', 'replicas'],
      reason: 'InvalidShape',
      message: `is ${spec.replicas}, but there cannot be fewer than no brokers`,
      remedy: 'set it to 1 or remove it',
    });
  }
  return violations;
}
