/** What Pulumi hands to a provider, for tests. */
import type { Kind } from '../../domain/resources.ts';
import type { Properties } from '../../provider/runtime/declaration.ts';
import { COMPLETE_SPECS } from './complete-specs.ts';
import { declare } from './resources.ts';

export const TARGET = { directory: { path: '/tmp/manifests' } };

/** As `check` completes them; `stated` over what the kind must say at least. */
export function inputsOf(kind: Kind, name: string, stated: Properties = {}): Properties {
  const { spec } = declare(kind, name);
  const isNamed = kind !== 'EventTopic' && kind !== 'EventSubscription';
  return {
    ...spec,
    ...(isNamed && { name }),
    kind,
    metadata: { name, namespace: 'default' },
    target: TARGET,
    ...stated,
  };
}

/** With every field that there is. */
export function completeInputs(kind: Kind): Properties {
  const labels = { team: 'fleet' };
  const metadata = { name: 'complete', namespace: 'default', labels, annotations: { note: 'a' } };
  const stated = { adopt: true, timeoutSeconds: 60 };
  return { ...COMPLETE_SPECS[kind], kind, metadata, target: TARGET, ...stated };
}

export function without(properties: Properties, ...fields: string[]): Properties {
  return Object.fromEntries(
    Object.entries(properties).filter(([field]) => !fields.includes(field)),
  );
}

/** Pulumi's word for a value that is not known yet. */
export const UNKNOWN_VALUE = '04da6b54-80e4-46f7-96ec-b56ff0331ba9';

/** As it looks after it went to Pulumi's engine and back, where there is no `undefined`. */
export function overTheWire<Value>(value: Value): Value {
  return JSON.parse(JSON.stringify(value)) as Value;
}

/** Each place in a value, and the value with that place replaced. */
export function replacedOneByOne(value: unknown, by: unknown): { path: string; value: unknown }[] {
  const here = { path: '', value: by };
  if (typeof value !== 'object' || value === null) return [here];
  const inner = Object.entries(value).flatMap(([step, item]) =>
    replacedOneByOne(item, by).map((each) => {
      const copy: unknown = Array.isArray(value)
        ? value.with(Number(step), each.value)
        : { ...value, [step]: each.value };
      return { path: `${step}.${each.path}`, value: copy };
    }),
  );
  return [here, ...inner];
}
