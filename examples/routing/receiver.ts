/** Takes events from webhooks, one or many in a request, and prints them: CloudEvents over HTTP. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { eventLine } from './event-line.ts';

const PORT = Number(process.env['PORT'] ?? 8080);

const server = createServer((request, response) => {
  const answer = (status: number): void => void response.writeHead(status).end();
  json(request).then(
    (body) => {
      for (const event of Array.isArray(body) ? body : [body]) {
        process.stdout.write(`${eventLine(event)}\n`);
      }
      // Now they are ours; any other answer, or none, and they come again.
      answer(204);
    },
    () => answer(400),
  );
});
server.listen(PORT, () => {
  process.stdout.write(`receiving on port ${(server.address() as AddressInfo).port}\n`);
});
process.once('SIGTERM', () => process.exit());
