/** A program that declares objects which a test states as data, into a folder. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { TestContext } from 'node:test';
import type { Kind } from '../../domain/resources.ts';
import type { Properties } from '../../provider/runtime/declaration.ts';
import { openManifests } from '../../manifests/manifests.ts';
import { openStack, type Stack, type StackOptions } from './pulumi.ts';
import { declare } from './resources.ts';

export interface DeclaredObject {
  readonly kind: Kind;
  readonly name: string;
  readonly args: Properties;
}

/** With what its kind must say at least, in the MqttNamespace `grid`. */
export function object(kind: Kind, name: string, args: Properties = {}): DeclaredObject {
  return { kind, name, args: { ...declare(kind, name).spec, ...args } };
}

export const GRID = object('MqttNamespace', 'grid');

export function client(name: string, args: Properties = {}): DeclaredObject {
  const authentication = { certificateSubject: { commonName: `${name}.example.com` } };
  return object('Client', name, { authentication, ...args });
}

/** In JavaScript, as nothing is compiled then. */
const FILES = {
  'package.json': '{ "name": "test", "main": "index.js" }',
  'index.js': `
const mqttgrid = require('mqttgrid');
for (const { kind, name, args } of require('./objects.json')) new mqttgrid[kind](name, args);
`,
};

export interface ObjectsStack {
  readonly stack: Stack;
  /** The folder that the stack's configuration names, whether it is there yet or not. */
  readonly folder: string;
  readonly declare: (...objects: readonly DeclaredObject[]) => void;
  /** Keys of all that a folder of the program declares, in order. */
  readonly keys: (folder?: string) => string[];
  readonly read: (file: string) => string;
  readonly write: (file: string, text: string) => void;
}

export async function openObjectsStack(
  t: TestContext,
  objects: readonly DeclaredObject[],
  { files = {}, config = {}, ...options }: StackOptions = {},
): Promise<ObjectsStack> {
  const stack = await openStack(t, {
    ...options,
    files: { ...FILES, 'objects.json': JSON.stringify(objects), ...files },
    config: { 'mqttgrid:target': 'directory', ...config },
  });
  const folder = path.resolve(stack.folder, config['mqttgrid:directory'] ?? 'manifests');
  return {
    stack,
    folder,
    declare: (...declared) => stack.write('objects.json', JSON.stringify(declared)),
    keys: (other = folder) => keysOf(path.resolve(stack.folder, other)),
    read: (file) => readFileSync(path.join(folder, file), 'utf8'),
    write: (file, text) => writeFileSync(path.join(folder, file), text),
  };
}

function keysOf(folder: string): string[] {
  if (!existsSync(folder)) return [];
  const { set, fault } = openManifests(folder).load();
  assert.deepEqual([fault, set.violations], [undefined, []]);
  return set.objects.map(({ key }) => key).sort();
}
