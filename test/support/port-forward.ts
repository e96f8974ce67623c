/** A way to a Service from outside of the cluster: `kubectl port-forward`, kept up. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import type { Address } from './peer.ts';
import { within } from './within.ts';

const STARTED_MS = 20_000;
/** It ends with the pod that it leads to; the next one takes a while. */
const AGAIN_MS = 500;
/** Some minutes without a pod: then something else is wrong. */
const STARTS_MAX = 600;

/** A Service's port. */
export interface Place {
  readonly namespace: string;
  readonly name: string;
  readonly port: number;
}

export interface Way {
  readonly address: Address;
  readonly stop: () => void;
}

/** Always at the same local address. */
export async function forward(place: Place): Promise<Way> {
  const stopped = new AbortController();
  const first = start(place, 0, stopped.signal);
  const port = await within(STARTED_MS, 'kubectl port-forward', first.port);
  void keep(place, port, { first: first.ended, stopped: stopped.signal });
  return { address: { host: '127.0.0.1', port }, stop: () => stopped.abort() };
}

interface Forward {
  readonly port: Promise<number>;
  readonly ended: Promise<unknown>;
}

function start({ namespace, name, port }: Place, local: number, signal: AbortSignal): Forward {
  const ports = `${local === 0 ? '' : local}:${port}`;
  const child = spawn(
    'kubectl',
    ['-n', namespace, 'port-forward', `service/${name}`, ports, '--address', '127.0.0.1'],
    { stdio: ['ignore', 'pipe', 'ignore'], signal },
  );
  child.on('error', () => undefined);
  const started = Promise.withResolvers<number>();
  createInterface({ input: child.stdout }).on('line', (line) => {
    const [, found] = /^Forwarding from 127\.0\.0\.1:([0-9]+) /.exec(line) ?? [];
    if (found !== undefined) started.resolve(Number(found));
  });
  return { port: started.promise, ended: once(child, 'close') };
}

async function keep(
  place: Place,
  port: number,
  { first, stopped }: { readonly first: Promise<unknown>; readonly stopped: AbortSignal },
): Promise<void> {
  let ended = first;
  for (let starts = 1; starts < STARTS_MAX && !stopped.aborted; starts += 1) {
    await ended.catch(() => undefined);
    await delay(AGAIN_MS);
    if (!stopped.aborted) ended = start(place, port, stopped).ended;
  }
}
