/**
 * `mqttgrid/runtime`: what the text in a stack's state loads, in the process that Pulumi starts for
 * all resources of a preview or of an update. It stays loadable by this name, with these functions.
 */
import { providerOf } from './provider.ts';
import { startSession } from './session.ts';
import { dropTold } from './told-error.ts';

dropTold(process.stderr);

// Pulumi's first argument for a provider is the address of its engine.
const provider = providerOf(startSession(process.argv[2] ?? ''));

export const { check, diff, create, read, update } = provider;
const remove = provider.delete;
export { remove as delete };
