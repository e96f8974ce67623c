import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';

/** Of loopback, and different ones. Nobody keeps them: who listens soon has them. */
export async function freePorts(count: number): Promise<number[]> {
  // Open together, so that they differ.
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer().listen(0, '127.0.0.1');
      await new Promise((resolve) => server.once('listening', resolve));
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
