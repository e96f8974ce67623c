#!/usr/bin/env node
/** `mqttgrid` for npm: the source in the repository, and what it is compiled to where it is not. */
import { existsSync } from 'node:fs';

const source = new URL('mqttgrid.ts', import.meta.url);
const compiled = new URL('../dist/esm/cli/mqttgrid.js', import.meta.url);
await import(existsSync(source) ? source.href : compiled.href);
