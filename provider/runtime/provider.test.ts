import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { storedAs } from '../../test/support/memory-target.ts';
import { inputsOf, ProviderProcess, without } from '../../test/support/programs.ts';
import { declarationOf, manifestOf, type Properties } from './declaration.ts';
import { providerOf, type Provider } from './provider.ts';

const OURS = 'pulumi-mqttgrid:fleet/dev';
const KEY = 'Client/default/client';
const FAULT = { message: 'Client default/client is not in force', remedy: 'wait for longer' };

/** One that has checked a client, as Pulumi does before it creates or changes anything. */
async function start(stated: Properties = {}): Promise<[ProviderProcess, Provider, Properties]> {
  const pulumi = new ProviderProcess();
  const { inputs } = await pulumi.check(inputsOf('Client', 'client', stated), false);
  return [pulumi, providerOf(pulumi.session), inputs];
}

async function created(provider: Provider, inputs: Properties): Promise<Properties> {
  const { outs } = (await provider.create(inputs)) as { readonly outs: Properties };
  return outs;
}

function there(pulumi: ProviderProcess, inputs: Properties, ...managers: string[]): void {
  pulumi.target.objects.set(KEY, storedAs(manifestOf(declarationOf(inputs)), managers));
}

async function failureOf(promise: Promise<unknown>): Promise<Error & Properties> {
  try {
    await promise;
  } catch (error) {
    assert.ok(error instanceof Error);
    return error as Error & Properties;
  }
  assert.fail('it succeeds');
}

suite('create', () => {
  test('declares it, and keeps who did', async () => {
    const [pulumi, provider, inputs] = await start();
    const answer = await provider.create(inputs);
    assert.equal(answer.id, KEY);
    assert.equal((answer.outs as Properties)['fieldManager'], OURS);
    assert.deepEqual(pulumi.target.calls, [`apply ${KEY} by ${OURS}`]);
  });

  test('refuses what others declared, by their names, and changes nothing', async () => {
    const [pulumi, provider, inputs] = await start();
    there(pulumi, inputs, 'kubectl', 'argocd');
    const error = await failureOf(provider.create(inputs));
    assert.match(error.message, /is there already, declared by kubectl, argocd; set adopt: true/);
    assert.equal(error['id'], undefined);
    assert.deepEqual(pulumi.target.calls, []);
  });

  test('takes it over where it is told to', async () => {
    const [pulumi, provider, inputs] = await start({ adopt: true });
    there(pulumi, inputs, 'kubectl');
    await provider.create(inputs);
    assert.deepEqual(pulumi.target.calls, [`force ${KEY} by ${OURS}`]);
  });

  test('goes on where this stack was stopped', async () => {
    const [pulumi, provider, inputs] = await start();
    there(pulumi, inputs, OURS, 'mqttgrid-operator');
    await provider.create(inputs);
    assert.deepEqual(pulumi.target.calls, [`apply ${KEY} by ${OURS}`]);
  });
});

suite('what is declared and not in force', () => {
  test('keeps its state, so that the next update goes on: created', async () => {
    const [pulumi, provider, inputs] = await start();
    pulumi.target.faults.set('untilReady', FAULT);
    const error = await failureOf(provider.create(inputs));
    assert.equal(error.message, `${FAULT.message}; ${FAULT.remedy}`);
    assert.equal(error['id'], KEY);
    assert.deepEqual(error['reasons'], [error.message]);
    assert.equal((error['properties'] as Properties)['fieldManager'], OURS);
  });

  test('or updated', async () => {
    const [pulumi, provider, inputs] = await start();
    const outs = await created(provider, inputs);
    pulumi.target.faults.set('untilReady', FAULT);
    const changed = { ...inputs, description: 'changed' };
    const error = await failureOf(provider.update(KEY, outs, changed));
    assert.equal((error['properties'] as Properties)['description'], 'changed');
  });
});

test('a stack that was renamed stays the manager of what it made', async () => {
  const [pulumi, provider, inputs] = await start();
  await provider.update(KEY, { ...inputs, fieldManager: 'pulumi-mqttgrid:fleet/old' }, inputs);
  assert.deepEqual(pulumi.target.calls, [`apply ${KEY} by pulumi-mqttgrid:fleet/old`]);
});

suite('read', () => {
  test('answers inputs, too; nothing, where nothing was changed', async () => {
    const [, provider, inputs] = await start();
    const outs = await created(provider, inputs);
    const found = await provider.read(KEY, outs);
    assert.equal(found.id, KEY);
    assert.deepEqual(found.inputs, without(inputs, '__provider'));
    assert.deepEqual(found.props, without(outs, '__provider'));
  });

  test('of what is gone has no ID', async () => {
    const [pulumi, provider, inputs] = await start();
    const outs = await created(provider, inputs);
    pulumi.target.objects.clear();
    assert.deepEqual(await provider.read(KEY, outs), { id: '', props: {} });
  });
});

test('delete means the very object that was made', async () => {
  const [pulumi, provider, inputs] = await start();
  await provider.delete(KEY, { ...inputs, uid: 'u-1', fieldManager: OURS });
  assert.deepEqual(pulumi.target.calls, [`remove ${KEY} u-1 by ${OURS}`]);
});

test('a failure is one message without a stack', async () => {
  const [pulumi, provider, inputs] = await start();
  for (const operation of ['get', 'remove', 'apply'] as const) {
    pulumi.target.faults.set(operation, FAULT);
  }
  const text = `${FAULT.message}; ${FAULT.remedy}`;
  for (const failed of [
    provider.create(inputs),
    provider.read(KEY, inputs),
    provider.update(KEY, inputs, inputs),
    provider.delete(KEY, inputs),
  ]) {
    const error = await failureOf(failed);
    assert.deepEqual([error.message, error.stack], [text, '']);
  }
});
