/**
 * The floor: what any broker on Node must pay. No identity, no permission, no session, no limit, no
 * state of a message: what a broker spends beyond this is its own.
 */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { tellReady } from './brokers/process.ts';
import { newServer, serve } from './relay.ts';

const server = newServer(process.argv[2]!, serve);
server.listen(0, '127.0.0.1');
await once(server, 'listening');
tellReady((server.address() as AddressInfo).port);
