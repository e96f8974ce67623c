/** A webhook in a process of its own, that takes whatever comes: `node receiver-process.ts` */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';

const server = createServer((request, response) => {
  const answer = (status: number): void => void response.writeHead(status).end();
  // Read and parsed, as whoever takes events does.
  json(request).then(
    () => answer(204),
    () => answer(400),
  );
});
process.on('disconnect', () => process.exit());
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
