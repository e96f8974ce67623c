/** Eclipse Paho for Python, where the machine has it. */
import { spawn, spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline';
import path from 'node:path';
import type { Peer, PeerEvent } from './peer.ts';

const PYTHON = process.env['MQTTGRID_PYTHON'] ?? 'python3';
const BRIDGE = path.join(import.meta.dirname, 'paho_bridge.py');

/** Undefined where it is missing. The enumerations came with version 2, which we need. */
export function findPaho(): { start: () => PahoProcess } | undefined {
  const probe = spawnSync(PYTHON, ['-c', 'import paho.mqtt.enums'], { stdio: 'ignore' });
  return probe.status === 0 ? { start: startPaho } : undefined;
}

export const PAHO_MISSING =
  'Eclipse Paho is not installed: run "python3 -m pip install paho-mqtt" (2 or later), or name ' +
  'a Python that has it in MQTTGRID_PYTHON';

export interface PahoProcess {
  readonly peer: Peer;
  stop(): Promise<void>;
}

function startPaho(): PahoProcess {
  const child = spawn(PYTHON, ['-u', BRIDGE], { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const listeners = new Map<number, (event: PeerEvent) => void>();
  createInterface({ input: child.stdout }).on('line', (line) => {
    const event = JSON.parse(line) as PeerEvent & { client: number };
    listeners.get(event.client)?.(event);
  });
  const peer: Peer = {
    name: 'Eclipse Paho',
    connect: (options, emit) => {
      const number = listeners.size + 1;
      listeners.set(number, emit);
      const send = (command: Readonly<Record<string, unknown>>): void => {
        child.stdin.write(`${JSON.stringify({ client: number, ...command })}\n`);
      };
      const { hostname, port } = new URL(options.endpoint);
      send({ do: 'connect', host: hostname, port: options.dial?.port ?? Number(port), ...options });
      return {
        subscribe: (filter) => send({ do: 'subscribe', filter }),
        publish: (topic, payload, qos) => send({ do: 'publish', topic, payload, qos }),
        disconnect: () => send({ do: 'disconnect' }),
      };
    },
  };
  const stop = async (): Promise<void> => {
    child.stdin.end();
    await ended;
  };
  return { peer, stop };
}
