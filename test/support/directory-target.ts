/** A folder that a Pulumi program declares into, without Pulumi. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import type { TestContext } from 'node:test';
import { join } from 'node:path';
import { systemClock, type Clock } from '../../control/clock.ts';
import { API_VERSION, type Kind } from '../../domain/resources.ts';
import type { Manifest, Properties } from '../../provider/runtime/declaration.ts';
import { DirectoryTarget } from '../../provider/runtime/targets/directory.ts';
import type { ApplyOptions, Fault, StoredObject } from '../../provider/runtime/targets/target.ts';
import { temporaryFolder } from './temporary-folder.ts';

export const OURS = 'pulumi-mqttgrid:grid/dev';
export const THEIRS = 'pulumi-mqttgrid:grid/other';

export function manifest(kind: Kind, name: string, spec: Properties = {}): Manifest {
  return { apiVersion: API_VERSION, kind, metadata: { name, namespace: 'default' }, spec };
}

const namespaceRef = { name: 'grid' };

export const GRID = manifest('MqttNamespace', 'grid');

export function space(name: string, ...topicTemplates: string[]): Manifest {
  return manifest('TopicSpace', name, {
    namespaceRef,
    topicTemplates,
    subscriptionSupport: 'LowFanout',
  });
}

export function client(name: string, attributes: Properties = {}): Manifest {
  const authentication = { certificateSubject: { commonName: `${name}.example.com` } };
  return manifest('Client', name, { namespaceRef, authentication, attributes });
}

export function binding(name: string, clientGroupName: string, topicSpaceName: string): Manifest {
  const permission = 'Subscriber';
  return manifest('PermissionBinding', name, {
    namespaceRef,
    clientGroupName,
    topicSpaceName,
    permission,
  });
}

export interface Folder {
  readonly path: string;
  readonly target: DirectoryTarget;
  readonly apply: (manifest: Manifest, options?: Partial<ApplyOptions>) => Promise<StoredObject>;
  /** The message and the remedy. */
  readonly refuse: (manifest: Manifest, options?: Partial<ApplyOptions>) => Promise<string>;
  /** What was told, or the message and the remedy. */
  readonly remove: (manifest: Manifest, fieldManager?: string) => Promise<string | undefined>;
  /** All names in it, hidden ones too. */
  readonly names: () => string[];
}

export function openFolder(
  t: TestContext,
  { path = '', clock = systemClock }: { readonly path?: string; readonly clock?: Clock } = {},
): Folder {
  return folderAt(path === '' ? join(temporaryFolder(t), 'manifests') : path, clock);
}

function folderAt(path: string, clock: Clock): Folder {
  const target = new DirectoryTarget({ path }, clock);
  const applied = (each: Manifest, options: Partial<ApplyOptions> = {}) => {
    return target.apply(each, {
      fieldManager: OURS,
      force: false,
      timeoutMs: 10_000,
      onProgress: () => undefined,
      onWarning: () => undefined,
      ...options,
    });
  };
  return {
    path,
    target,
    apply: async (each, options) => {
      const result = await applied(each, options);
      assert.ok(result.ok, result.ok ? '' : result.fault.message);
      return result.value;
    },
    refuse: async (each, options) => {
      const result = await applied(each, options);
      assert.ok(!result.ok);
      return print(result.fault);
    },
    remove: async (each, fieldManager = OURS) => {
      let told: string | undefined;
      const onProgress = (message: string): void => void (told = message);
      const removed = await target.remove(each, { fieldManager, timeoutMs: 1, onProgress });
      return removed.ok ? told : print(removed.fault);
    },
    names: () => (existsSync(path) ? readdirSync(path).sort() : []),
  };
}

export function print({ message, remedy }: Fault): string {
  return `${message}; ${remedy}`;
}
