/**
 * Fields that a rule of `domain/` judges. Where the schema's pattern or bound of one is broken,
 * that rule says the reason, and the words if it objects as well: one rule, one message.
 */
import { normalizeThumbprint } from '../domain/certificate.ts';
import { parseGroupQuery } from '../domain/group-query/group-query.ts';
import { LIMIT_NAMES, LIMIT_RULES } from '../domain/limits.ts';
import { checkName, NAME_RULES } from '../domain/names.ts';
import { decodePem } from '../domain/pem.ts';
import type { FaultReason } from '../domain/reasons.ts';
import type { Kind, NamedKind } from '../domain/resources.ts';
import type { Result } from '../domain/result.ts';
import { parseTopicTemplate } from '../domain/topic-template.ts';
import { readAttributes } from '../domain/validate/attributes.ts';
import { SUBJECT_FIELDS, subjectFieldViolation } from '../domain/validate/client.ts';
import {
  brokersViolation,
  brokerViolation,
  filePathViolation,
  kafkaTopicViolation,
  webhookUrlViolation,
} from '../domain/validate/destination.ts';
import { keyViolation } from '../domain/validate/event-filter.ts';
import { limitViolation } from '../domain/validate/mqtt-namespace.ts';
import { templateCountViolation } from '../domain/validate/topic-space.ts';
import { textViolation, type PositionedFault } from '../domain/validate/validation.ts';
import type { FieldPath, Violation } from '../domain/violation.ts';

export interface FieldRule {
  /** Of a bound that the schema alone has, too. */
  readonly reason: FaultReason;
  /** What the rule finds wrong with a value of the right type; nothing: only the schema objects. */
  judge(value: unknown, field: FieldPath): readonly Violation[];
}

/** Undefined: the schema alone knows the field. */
export function ruleOf(kind: Kind, field: FieldPath): FieldRule | undefined {
  if (field.join('.') === 'spec.name' && isNamed(kind)) return nameRule(kind);
  const path = field.map((step) => (typeof step === 'number' ? '*' : step)).join('.');
  return RULES.get(path) ?? OF_SCHEMA.find(([place]) => place.test(path))?.[1];
}

/** Bounds that the schema alone knows. */
const OF_SCHEMA: readonly (readonly [place: RegExp, FieldRule])[] = [
  [/^spec\.(?:destination|deadLetter)\./, { reason: 'InvalidSubscription', judge: () => [] }],
  [/^spec\.filter\./, { reason: 'InvalidFilter', judge: () => [] }],
];

function isNamed(kind: Kind): kind is NamedKind {
  return Object.hasOwn(NAME_RULES, kind);
}

function nameRule(kind: NamedKind): FieldRule {
  return ofOne('InvalidName', (name, field) => {
    const fault = checkName(kind, String(name));
    return fault && { field, reason: 'InvalidName', ...fault };
  });
}

function ofOne(
  reason: FaultReason,
  judgeOne: (value: unknown, field: FieldPath) => Violation | undefined,
): FieldRule {
  return { reason, judge: (value, field) => [judgeOne(value, field) ?? []].flat() };
}

type TextFault = Pick<Violation, 'message' | 'remedy'> | PositionedFault;

function ofText(
  reason: FaultReason,
  read: (text: string) => Result<unknown, TextFault>,
): FieldRule {
  return ofOne(reason, (text, field) => {
    const result = read(String(text));
    if (result.ok) return undefined;
    const { fault } = result;
    return 'position' in fault ? textViolation(field, reason, fault) : { field, reason, ...fault };
  });
}

const THUMBPRINT = ofText('InvalidAuthentication', normalizeThumbprint);
const { ceiling: TEMPLATES_MAX } = LIMIT_RULES.topicTemplatesPerTopicSpace;

type TextRule = (field: FieldPath, text: string) => Violation | undefined;

/** By path below a destination. */
const DESTINATION_RULES: readonly (readonly [path: string, judge: TextRule])[] = [
  ['webhook.url', webhookUrlViolation],
  ['kafka.brokers.*', brokerViolation],
  ['kafka.topic', kafkaTopicViolation],
  ['file.path', filePathViolation],
];
const BROKERS = ofOne('InvalidSubscription', (brokers, field) =>
  brokersViolation(field, [brokers].flat()),
);

/** By path, whose steps into lists are written as `*`. No two kinds share one of these. */
const RULES: ReadonlyMap<string, FieldRule> = new Map([
  ['spec.encodedCertificate', ofText('InvalidCertificate', decodePem)],
  ['spec.query', ofText('InvalidQuery', parseGroupQuery)],
  ['spec.topicTemplates.*', ofText('InvalidTemplate', parseTopicTemplate)],
  [
    'spec.topicTemplates',
    ofOne('InvalidShape', (list) => templateCountViolation([list].flat().length, TEMPLATES_MAX)),
  ],
  [
    'spec.attributes',
    {
      reason: 'InvalidAttributes',
      judge: (attributes) => {
        const read = readAttributes(attributes as Readonly<Record<string, unknown>>);
        return read.ok ? [] : read.fault;
      },
    },
  ],
  ['spec.authentication.certificateThumbprint.primary', THUMBPRINT],
  ['spec.authentication.certificateThumbprint.secondary', THUMBPRINT],
  ...SUBJECT_FIELDS.map((name): [string, FieldRule] => [
    `spec.authentication.certificateSubject.${name}`,
    ofOne('InvalidAuthentication', (text) => subjectFieldViolation(name, String(text))),
  ]),
  ...LIMIT_NAMES.map((name): [string, FieldRule] => [
    `spec.limits.${name}`,
    ofOne('InvalidLimit', (value) => limitViolation(name, value)),
  ]),
  ...['destination', 'deadLetter'].flatMap((parent): [string, FieldRule][] => [
    ...DESTINATION_RULES.map(([path, judge]): [string, FieldRule] => [
      `spec.${parent}.${path}`,
      ofOne('InvalidSubscription', (text, field) => judge(field, String(text))),
    ]),
    [`spec.${parent}.kafka.brokers`, BROKERS],
  ]),
  [
    'spec.filter.advancedFilters.*.key',
    ofOne('InvalidFilter', (key, field) => keyViolation(field, key)),
  ],
]);
