/** What Pulumi asks for, of each resource. */
import type { dynamic } from '@pulumi/pulumi';
import type { Result } from '../../domain/result.ts';
import { check } from './check.ts';
import { declarationOf, manifestOf, type Declaration, type Properties } from './declaration.ts';
import { diff } from './diff.ts';
import { fieldManagerOf } from './field-manager.ts';
import type { Session } from './session.ts';
import { inputsAsFound, outputsOf } from './state.ts';
import type { Fault, Target, WaitOptions } from './targets/target.ts';
import { toldError } from './told-error.ts';

export type Provider = Required<Omit<dynamic.ResourceProvider, 'configure'>>;

export function providerOf(session: Session): Provider {
  return {
    check: (olds, news) => check(session, olds as Properties, news as Properties),
    diff: (_id, olds, news) => Promise.resolve(diff(olds as Properties, news as Properties)),
    create: (inputs) => create(session, inputs as Properties),
    update: async (_id, olds, news) => ({
      outs: await update(session, olds as Properties, news as Properties),
    }),
    read: (id, properties) => read(session, id, properties as Properties),
    delete: (_id, properties) => remove(session, properties as Properties),
  };
}

interface Opened {
  readonly session: Session;
  readonly target: Target;
  readonly declaration: Declaration;
  /** Empty where Pulumi does not tell: at refresh, and at destroy. */
  readonly urn: string;
}

function open(session: Session, properties: Properties): Opened {
  const declaration = declarationOf(properties);
  const target = orThrow(session.open(declaration.target));
  const { namespace } = declaration.metadata;
  const urn = session.program.in(target.identity, namespace).urnOf(declaration.key) ?? '';
  return { session, target, declaration, urn };
}

async function create(session: Session, inputs: Properties): Promise<dynamic.CreateResult> {
  const opened = open(session, inputs);
  const { target, declaration, urn } = opened;
  const fieldManager = fieldManagerOf(urn);
  const there = orThrow(await target.get(declaration));
  // What this stack declared and does not remember: it was stopped before the state was written.
  const isFree = there === undefined || there.managers.includes(fieldManager);
  if (!isFree && !declaration.adopt) {
    throw toldError({
      message: `${declaration.key} is there already, declared by ${there.managers.join(', ')}`,
      remedy: 'set adopt: true to take it over, or give this one another metadata.name',
    });
  }
  return { id: declaration.key, outs: await put(opened, inputs, fieldManager) };
}

async function update(
  session: Session,
  state: Properties,
  inputs: Properties,
): Promise<Record<string, unknown>> {
  const opened = open(session, inputs);
  // That of the first time, lest a stack that was renamed is in conflict with itself.
  const { fieldManager } = state;
  const manager = typeof fieldManager === 'string' ? fieldManager : fieldManagerOf(opened.urn);
  return await put(opened, inputs, manager);
}

function waitOptions({ log }: Session, { timeoutMs }: Declaration, urn: string): WaitOptions {
  return {
    timeoutMs,
    onProgress: (message) => log.progress(urn, message),
    onWarning: (message) => log.warn(urn, message),
  };
}

async function put(
  { session, target, declaration, urn }: Opened,
  inputs: Properties,
  fieldManager: string,
): Promise<Record<string, unknown>> {
  const manifest = manifestOf(declaration);
  const waiting = waitOptions(session, declaration, urn);
  const options = { ...waiting, fieldManager, force: declaration.adopt };
  const applied = orThrow(await target.apply(manifest, options));
  const { stored, fault } = await target.untilReady(applied, manifest, waiting);
  const outputs = outputsOf(inputs, stored, fieldManager);
  if (fault === undefined) return outputs;
  // It is there, and the next update goes on from it.
  throw Object.assign(toldError(fault), {
    id: declaration.key,
    properties: outputs,
    reasons: [toldError(fault).message],
  });
}

async function read(session: Session, id: string, state: Properties): Promise<dynamic.ReadResult> {
  const { target, declaration } = open(session, state);
  const stored = orThrow(await target.get(declaration));
  // Pulumi takes no ID for: it is gone.
  if (stored === undefined) return { id: '', props: {} };
  const inputs = inputsAsFound(state, stored);
  return { id, inputs, props: outputsOf(inputs, stored, String(state['fieldManager'])) };
}

async function remove(session: Session, state: Properties): Promise<void> {
  const { target, declaration, urn } = open(session, state);
  const { uid, fieldManager } = state;
  const removed = await target.remove(declaration, {
    ...waitOptions(session, declaration, urn),
    uid: typeof uid === 'string' ? uid : undefined,
    fieldManager: String(fieldManager),
  });
  orThrow(removed);
}

function orThrow<Value>(result: Result<Value, Fault>): Value {
  if (result.ok) return result.value;
  throw toldError(result.fault);
}
