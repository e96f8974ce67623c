/** Which client libraries are on this machine, and what becomes of a test without its own. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { mqttjs } from './mqttjs-peer.ts';
import { PAHO_MISSING, findPaho } from './paho-peer.ts';
import type { Peer } from './peer.ts';

export const REQUIRED_PEERS = ['mqtt.js', 'Eclipse Paho'] as const;
type PeerName = (typeof REQUIRED_PEERS)[number];

/** Skips the test, so that everybody sees it; fails it where `MQTTGRID_REQUIRE_PEERS=1`. */
export function skipWithout(t: TestContext, missing: string): void {
  if (process.env['MQTTGRID_REQUIRE_PEERS'] === '1') assert.fail(missing);
  t.skip(missing);
}

export interface Peers {
  /** Undefined: not on this machine, and the test is skipped. */
  find(name: PeerName, t: TestContext): Peer | undefined;
  stop(): Promise<void>;
}

export function startPeers(): Peers {
  const paho = findPaho()?.start();
  return {
    find: (name, t) => {
      if (name === 'mqtt.js') return mqttjs;
      if (paho === undefined) skipWithout(t, PAHO_MISSING);
      return paho?.peer;
    },
    stop: async () => paho?.stop(),
  };
}
