import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Answer {
  readonly status: 200 | 503;
  readonly type?: string;
  readonly body: string;
}

/** What is answered to GET and HEAD, by path. */
export type Routes = Readonly<Record<string, () => Answer | Promise<Answer>>>;

export interface HttpServer {
  readonly port: number;
  close(): Promise<void>;
}

/** Probes and one or two scrapers; whoever else reaches the port shares the rest. */
const CONNECTIONS_MAX = 64;
/** How long a request may take to come in. */
const REQUEST_TIMEOUT_MS = 5000;
const HEADER_BYTES_MAX = 8192;

/** Rejects with the operating system's error where it cannot listen. */
export async function serveHttp(host: string, port: number, routes: Routes): Promise<HttpServer> {
  const known = new Map(Object.entries(routes));
  const server = createServer(
    {
      requestTimeout: REQUEST_TIMEOUT_MS,
      headersTimeout: REQUEST_TIMEOUT_MS,
      connectionsCheckingInterval: REQUEST_TIMEOUT_MS,
      maxHeaderSize: HEADER_BYTES_MAX,
    },
    (request, response) => void answer(known, request, response),
  );
  server.maxConnections = CONNECTIONS_MAX;
  server.listen({ host, port });
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function answer(
  routes: ReadonlyMap<string, Routes[string]>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { method, url = '/' } = request;
  const [path = '/'] = url.split('?', 1);
  const route = routes.get(path);
  if (route === undefined) return end(response, 404, `there are ${[...routes.keys()].join(', ')}`);
  if (method !== 'GET' && method !== 'HEAD') return end(response, 405, 'GET and HEAD are answered');
  try {
    const { status, body, type } = await route();
    end(response, status, body, type);
  } catch {
    end(response, 500, 'this could not be answered');
  }
}

function end(response: ServerResponse, status: number, body: string, type = 'text/plain'): void {
  response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' });
  response.end(body.endsWith('\n') ? body : `${body}\n`);
}
