/** What Pulumi hands to a provider, for tests. */
import type { dynamic } from '@pulumi/pulumi';
import type { Kind } from '../../domain/resources.ts';
import { success } from '../../domain/result.ts';
import { recordOf } from '../../domain/validate/shape.ts';
import { check } from '../../provider/runtime/check.ts';
import type { Properties } from '../../provider/runtime/declaration.ts';
import { Session } from '../../provider/runtime/session.ts';
import { COMPLETE_SPECS } from './complete-specs.ts';
import { ManualClock } from './manual-clock.ts';
import { MemoryTarget } from './memory-target.ts';
import { declare } from './resources.ts';

export const TARGET = { directory: { path: '/tmp/manifests' } };

/** Of a stack called `fleet/dev`. */
export function urnOf({ kind, metadata }: Properties): string {
  const { name } = recordOf(metadata);
  const type = `pulumi-nodejs:dynamic/mqttgrid:${String(kind)}`;
  return `urn:pulumi:dev::fleet::${type}::${String(name)}`;
}

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

/** What people are told, and by which resource. */
export interface Told {
  readonly level: 'info' | 'warn' | 'progress';
  readonly urn: string;
  readonly message: string;
}

export interface Checked {
  readonly inputs: Properties;
  readonly failures: readonly dynamic.CheckFailure[];
}

/** A provider process with one target, whatever a program says. */
export class ProviderProcess {
  readonly target: MemoryTarget;
  readonly clock: ManualClock;
  readonly session: Session;
  readonly told: Told[] = [];

  constructor(target = new MemoryTarget(), clock = new ManualClock()) {
    this.target = target;
    this.clock = clock;
    const tell = (level: Told['level']) => (urn: string, message: string) => {
      this.told.push({ level, urn, message });
    };
    const log = { info: tell('info'), warn: tell('warn'), progress: tell('progress') };
    this.session = new Session({ clock, log, open: () => success(target) });
  }

  /** At preview, unless it is said to be an update. @param olds none: it is to be created */
  check(inputs: Properties, isPreview = true, olds: Properties = {}): Promise<Checked> {
    return this.checkAs({ ...inputs, __urn: urnOf(inputs), __preview: isPreview }, olds);
  }

  async checkAs(stated: Properties, olds: Properties = {}): Promise<Checked> {
    const asked = overTheWire({ ...stated, __provider: 'text' });
    const result = await check(this.session, olds, asked);
    return { inputs: result.inputs as Properties, failures: result.failures ?? [] };
  }

  toldOf(inputs: Properties): string[] {
    const urn = urnOf(inputs);
    return this.told.filter((each) => each.urn === urn).map(({ message }) => message);
  }
}
