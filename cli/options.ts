/** Options that several commands have. */
import { InvalidArgumentError, Option } from 'commander';

export type OutputFormat = 'text' | 'json';

export function outputOption(): Option {
  return new Option('-o, --output <format>', 'what to print: for people, or JSON lines')
    .choices(['text', 'json'])
    .default('text');
}

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'];

const PORT_MAX = 65535;

export function parsePort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (port <= PORT_MAX) return port;
  throw new InvalidArgumentError(`A port is a number from 0 (any that is free) to ${PORT_MAX}.`);
}
