/** The package as npm packs and installs it. */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { REPOSITORY } from './up.ts';

/** Of a registry that is slow, with an empty cache. */
const NPM_MS = 240_000;

/** What the tarball is made of, beside what npm adds by itself. */
const PACKED = ['dist', 'cli/bin.js', 'package.json', 'README.md', 'LICENSE', 'CHANGELOG.md'];

export interface PackageJson {
  version: string;
  readonly main: string;
  readonly types: string;
  readonly exports: Record<string, unknown>;
  readonly [field: string]: unknown;
}

/** @throws with what it wrote to standard error */
export function npm(folder: string, ...parameters: string[]): string {
  // npm is a script of the Node that is found first.
  const PATH = `${path.dirname(process.execPath)}${path.delimiter}${process.env['PATH']}`;
  const quiet = ['--no-audit', '--no-fund', '--loglevel=error'];
  return execFileSync('npm', [...quiet, ...parameters], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, PATH },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: NPM_MS,
  });
}

/** Of what `npm run build` made. The answer is the tarball. */
export function pack(folder: string): string {
  const tarball = npm(REPOSITORY, 'pack', '--ignore-scripts', '--pack-destination', folder);
  return path.join(folder, tarball.trim());
}

/** Of another version, which `rearrange` may make look different inside. */
export function packOther(
  folder: string,
  version: string,
  rearrange: (root: string, json: PackageJson) => void,
): string {
  const root = path.join(folder, version);
  for (const name of PACKED) {
    cpSync(path.join(REPOSITORY, name), path.join(root, name), { recursive: true });
  }
  const file = path.join(root, 'package.json');
  const json = JSON.parse(readFileSync(file, 'utf8')) as PackageJson;
  json.version = version;
  rearrange(root, json);
  writeFileSync(file, JSON.stringify(json));
  const tarball = npm(root, 'pack', '--ignore-scripts', '--pack-destination', folder);
  return path.join(folder, tarball.trim());
}

/** @param packages by name, `name@version`, or a tarball's path */
export function install(folder: string, ...packages: string[]): void {
  mkdirSync(folder, { recursive: true });
  npm(folder, 'install', '--prefer-offline', '--ignore-scripts', ...packages);
}

/** `@pulumi/pulumi@3.276.0`: what this repository has of a package. */
export function installedHere(name: string): string {
  const json = readFileSync(`${REPOSITORY}/node_modules/${name}/package.json`, 'utf8');
  return `${name}@${(JSON.parse(json) as { readonly version: string }).version}`;
}
