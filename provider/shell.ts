/**
 * What Pulumi keeps in a stack's state of this provider. A resource is refreshed and destroyed by
 * the text that its state has, for as long as it lives; so this text says only where the installed
 * package is, and `mqttgrid/runtime` must stay its name. Nothing else may be used in here: it would
 * be written into every stack's state.
 */
import type { dynamic } from '@pulumi/pulumi';

type Runtime = Required<Omit<dynamic.ResourceProvider, 'configure'>>;

function runtime(): Runtime {
  const folder = process.cwd();
  const load = process.getBuiltinModule('node:module').createRequire(`${folder}/`);
  try {
    return load('mqttgrid/runtime') as Runtime;
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'MODULE_NOT_FOUND') throw error;
    throw new Error(
      `the package mqttgrid is not installed in ${folder}, and nothing else can read, change or ` +
        `delete what it made: npm install mqttgrid`,
    );
  }
}

export const provider: dynamic.ResourceProvider = {
  check: (olds, news) => runtime().check(olds, news),
  diff: (id, olds, news) => runtime().diff(id, olds, news),
  create: (inputs) => runtime().create(inputs),
  read: (id, props) => runtime().read(id, props),
  update: (id, olds, news) => runtime().update(id, olds, news),
  delete: (id, props) => runtime().delete(id, props),
};
