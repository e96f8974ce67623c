/** Failures that Pulumi tells of the resource, and then need not tell again. */
import type { Fault } from './targets/target.ts';

const TOLD = 'told of the resource';

export function toldError({ message, remedy }: Fault): Error {
  const error = new Error(`${message}; ${remedy}`);
  error.stack = '';
  error.toString = () => TOLD;
  return error;
}

/** What Pulumi's provider process prints of one that ends a check, diff, read or delete. */
const PRINTED = `${TOLD}: \n`;

/**
 * Of all that is printed Pulumi makes messages about the whole stack: they would be as many as
 * there are resources that have failed.
 */
export function dropTold(stream: Pick<NodeJS.WritableStream, 'write'>): void {
  const write = stream.write.bind(stream) as (...parameters: unknown[]) => boolean;
  stream.write = (...parameters: unknown[]) => parameters[0] === PRINTED || write(...parameters);
}
