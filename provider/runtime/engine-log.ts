/** Messages to whoever runs Pulumi, each below the resource that it is about. */
import { log, output, runtime, type Resource } from '@pulumi/pulumi';

export interface EngineLog {
  info(urn: string, message: string): void;
  warn(urn: string, message: string): void;
  /** Shown while it is the newest of the resource, and not kept. */
  progress(urn: string, message: string): void;
}

/**
 * @param address of the engine, which Pulumi states when it starts a provider. A dynamic provider
 * is given no other way to say anything, let alone about one resource.
 */
export function openEngineLog(address: string): EngineLog {
  runtime.resetOptions('', '', -1, address, '', false, '');
  return {
    // Each resolves, also where the engine is gone.
    info: (urn, message) => void log.info(message, about(urn)),
    warn: (urn, message) => void log.warn(message, about(urn)),
    progress: (urn, message) => void log.info(message, about(urn), undefined, true),
  };
}

/** All that is looked at of a resource is its URN. */
function about(urn: string): Resource {
  return { urn: output(urn) } as Resource;
}
