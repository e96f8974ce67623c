/** The address on which the brokers listen, as others need it. */
import { hostname } from 'node:os';

const WILDCARD_HOSTS = new Set(['0.0.0.0', '::', '']);

/** What a client on this machine connects to. */
export function connectHost(host: string): string {
  if (WILDCARD_HOSTS.has(host)) return 'localhost';
  return host.includes(':') ? `[${host}]` : host;
}

/** What the listeners' certificate must cover. */
export function certificateHosts(host: string): string[] {
  const own = WILDCARD_HOSTS.has(host) ? hostname() : host;
  return [...new Set(['localhost', '127.0.0.1', '::1', own])];
}
