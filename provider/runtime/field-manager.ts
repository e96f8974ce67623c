/** By which an API server, and the head of a manifest, say which stack declares an object. */
import { createHash } from 'node:crypto';

const PREFIX = 'pulumi-mqttgrid:';

/** Kubernetes: at most 128 printable characters. */
const LENGTH_MAX = 128;
const DIGEST_LENGTH = 16;

/** `pulumi-mqttgrid:PROJECT/STACK`. @param urn `urn:pulumi:STACK::PROJECT::TYPE::NAME` */
export function fieldManagerOf(urn: string): string {
  const [stack = '', project = ''] = urn.replace(/^urn:pulumi:/, '').split('::');
  const manager = `${PREFIX}${project}/${stack}`.replace(/[^\x20-\x7e]/g, '_');
  if (manager.length <= LENGTH_MAX) return manager;
  const digest = createHash('sha256').update(manager).digest('hex').slice(0, DIGEST_LENGTH);
  return `${manager.slice(0, LENGTH_MAX - DIGEST_LENGTH - 1)}-${digest}`;
}
