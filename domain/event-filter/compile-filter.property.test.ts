/**
 * The evaluator against another one, written from Event Grid's documentation in the plainest way:
 * it lists what the key's values are, and asks of each pair of a value and an operand.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compileFilter } from './compile-filter.ts';
import type { AdvancedFilter, EventFilter } from './event-filter.ts';
import { OPERANDS, OPERATOR_TYPES, type OperatorType } from './operators.ts';

interface PlainEvent {
  readonly attributes: Readonly<Record<string, string>>;
  readonly data: unknown;
}

function folded(text: string): string {
  return Array.from({ length: text.length }, (_, at) => {
    const [lower, upper] = [text.charAt(at), text.charAt(at).toUpperCase()];
    const isSimple = upper.length === 1 && (lower < '\u0080' || upper >= '\u0080');
    return isSimple ? upper : lower;
  }).join('');
}

const PAIRS: Readonly<Record<string, (value: never, operand: never) => boolean>> = {
  NumberLessThan: (value: number, operand: number) => value < operand,
  NumberGreaterThan: (value: number, operand: number) => value > operand,
  NumberLessThanOrEquals: (value: number, operand: number) => !(value > operand),
  NumberGreaterThanOrEquals: (value: number, operand: number) => !(value < operand),
  NumberIn: (value: number, operand: number) => value === operand,
  NumberInRange: (value: number, [low, high]: [number, number]) => low <= value && value <= high,
  BoolEquals: (value: boolean, operand: boolean) => value === operand,
  StringIn: (value: string, operand: string) => folded(value) === folded(operand),
  StringBeginsWith: (value: string, operand: string) => folded(value).startsWith(folded(operand)),
  StringEndsWith: (value: string, operand: string) => folded(value).endsWith(folded(operand)),
  StringContains: (value: string, operand: string) => folded(value).includes(folded(operand)),
};

const HOLD_WITHOUT_A_VALUE = ['NumberNotIn', 'NumberNotInRange', 'StringNotIn'];

function numberIn(value: string): number[] {
  try {
    const parsed: unknown = JSON.parse(value);
    const isPlain = value.trim() === value && value.length <= 32;
    return typeof parsed === 'number' && isPlain ? [parsed] : [];
  } catch {
    return [];
  }
}

function asNumbers(value: unknown): number[] {
  if (typeof value === 'number') return [value];
  return typeof value === 'string' ? numberIn(value) : [];
}

function asBooleans(value: unknown): boolean[] {
  if (typeof value === 'boolean') return [value];
  const word = typeof value === 'string' ? value.toLowerCase() : '';
  return word === 'true' || word === 'false' ? [word === 'true'] : [];
}

function asStrings(value: unknown): string[] {
  const isScalar = typeof value === 'number' || typeof value === 'boolean';
  return isScalar || typeof value === 'string' ? [String(value)] : [];
}

const TYPES = [
  { prefix: 'Number', type: 'number', read: asNumbers },
  { prefix: 'Bool', type: 'boolean', read: asBooleans },
  { prefix: 'String', type: 'string', read: asStrings },
] as const;

function comparable(operator: string, value: unknown): readonly unknown[] {
  const own = TYPES.find(({ prefix }) => operator.startsWith(prefix));
  assert.ok(own);
  if (!Array.isArray(value)) return own.read(value);
  return value.filter((element) => typeof element === own.type);
}

function naiveValue(event: PlainEvent, key: string): unknown {
  const [first = '', ...path] = key.split('.');
  if (first.toLowerCase() !== 'data') {
    return new Map(Object.entries(event.attributes)).get(first.toLowerCase());
  }
  return path.reduce((value: unknown, name) => {
    if (Object.prototype.toString.call(value) !== '[object Object]') return undefined;
    return new Map(Object.entries(value as object)).get(name);
  }, event.data);
}

function operandsIn(filter: AdvancedFilter): readonly unknown[] {
  if ('value' in filter) return [filter.value];
  return 'values' in filter ? filter.values : [];
}

function naive(filter: AdvancedFilter, event: PlainEvent): boolean {
  const { operatorType: operator, key } = filter;
  const value = naiveValue(event, key);
  const isNull = value === undefined || value === null;
  if (operator === 'IsNullOrUndefined') return isNull;
  if (operator === 'IsNotNull') return !isNull;
  const values = comparable(operator, value);
  const pairOf = PAIRS[operator.replace('Not', '')] as (
    value: unknown,
    operand: unknown,
  ) => boolean;
  const found = values.some((one) => operandsIn(filter).some((operand) => pairOf(one, operand)));
  if (!operator.includes('Not')) return found;
  if (!Array.isArray(value) && values.length === 0) return HOLD_WITHOUT_A_VALUE.includes(operator);
  return !found;
}

function naiveAll(filter: EventFilter, { attributes, data }: PlainEvent): boolean {
  const { subjectBeginsWith: start = '', subjectEndsWith: end = '' } = filter;
  const same = filter.isSubjectCaseSensitive === true ? (text: string) => text : folded;
  const { subject = '\n', type } = attributes;
  const tail = end === '' ? '' : subject.slice(-end.length);
  return [
    same(subject).indexOf(same(start)) === 0,
    same(tail) === same(end),
    filter.includedEventTypes?.some((included) => included === type) ?? true,
    ...(filter.advancedFilters ?? []).map((advanced) => naive(advanced, { attributes, data })),
  ].every((holds) => holds);
}

// Few letters and few numbers, so that what is compared is often equal or nearly so.
const text = fc.string({
  unit: fc.constantFrom('a', 'A', 'b', 'B', '/', 'ß', 'σ', 'ς', 'Σ', 'ı', 'ſ', '😀', '1'),
  maxLength: 6,
});
const number = fc.oneof(fc.integer({ min: -3, max: 3 }), fc.constantFrom(0.5, -0, 1e21, 1e-7));
const numeric = fc.oneof(number.map(String), fc.constantFrom('1.0', '01', ' 1', '1e0', '-', ''));
const scalar = fc.oneof(
  text,
  number,
  numeric,
  fc.boolean(),
  fc.constantFrom(null, 'true', 'FALSE', 'tru'),
);
const value = fc.oneof(
  { weight: 3, arbitrary: scalar },
  fc.array(scalar, { maxLength: 4 }),
  fc.constantFrom({}, [[1]], [{}]),
);
const data = fc.oneof(
  value,
  fc.dictionary(fc.constantFrom('a', 'b', '__proto__', 'length'), value, { maxKeys: 3 }),
  fc.record({ a: fc.dictionary(fc.constantFrom('a', 'B'), value) }),
);
const event: fc.Arbitrary<PlainEvent> = fc.record({
  attributes: fc.dictionary(fc.constantFrom('subject', 'type', 'x1'), fc.oneof(text, numeric)),
  data,
});

const keys = ['subject', 'Subject', 'x1', 'X1', 'data', 'Data.a', 'data.a.a', 'data.a.B', 'data.b'];
const key = fc.constantFrom(...keys, 'data.__proto__', 'data.length', 'data.constructor', 'absent');

function operandsOf(operator: OperatorType): fc.Arbitrary<object> {
  const range = fc
    .tuple(number, number)
    .map(([one, other]) => [Math.min(one, other), Math.max(one, other)]);
  const list = <T>(one: fc.Arbitrary<T>) => fc.array(one, { minLength: 1, maxLength: 3 });
  switch (OPERANDS[operator]) {
    case 'Number':
      return fc.record({ value: number });
    case 'Boolean':
      return fc.record({ value: fc.boolean() });
    case 'Numbers':
      return fc.record({ values: list(number) });
    case 'Ranges':
      return fc.record({ values: list(range) });
    case 'Strings':
      return fc.record({ values: list(text) });
    default:
      return fc.constant({});
  }
}

const advanced = fc
  .constantFrom(...OPERATOR_TYPES)
  .chain((operatorType) =>
    fc.record({ operatorType: fc.constant(operatorType), key, operand: operandsOf(operatorType) }),
  )
  .map(({ operand, ...rest }) => ({ ...rest, ...operand }) as AdvancedFilter);

const filter: fc.Arbitrary<EventFilter> = fc.record(
  {
    subjectBeginsWith: text,
    subjectEndsWith: text,
    isSubjectCaseSensitive: fc.boolean(),
    includedEventTypes: fc.array(text, { minLength: 1, maxLength: 3 }),
    advancedFilters: fc.array(advanced, { maxLength: 3 }),
  },
  { requiredKeys: [] },
);

function matches(filter: EventFilter, { attributes, data }: PlainEvent): boolean {
  const own = new Map(Object.entries(attributes));
  return compileFilter(filter)({ attribute: (name) => own.get(name), data: () => data });
}

// A failure prints its seed.
test('one advanced filter holds where the plain evaluator says so', () => {
  const held = new Map<string, Set<boolean>>();
  fc.assert(
    fc.property(advanced, event, (one, of) => {
      const expected = naive(one, of);
      assert.equal(matches({ advancedFilters: [one] }, of), expected);
      held.set(one.operatorType, (held.get(one.operatorType) ?? new Set()).add(expected));
    }),
    { numRuns: 20_000 },
  );
  for (const operator of OPERATOR_TYPES) assert.equal(held.get(operator)?.size, 2, operator);
});

test('a whole filter holds where the plain evaluator says so', () => {
  fc.assert(
    fc.property(filter, event, (all, of) => {
      assert.equal(matches(all, of), naiveAll(all, of));
    }),
    { numRuns: 10_000 },
  );
});
