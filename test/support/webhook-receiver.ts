/** A server on loopback that takes what webhooks send, and answers as a test wants it to. */
import { once } from 'node:events';
import http from 'node:http';
import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http';
import https from 'node:https';
import net from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import type { TestContext } from 'node:test';

export interface ReceivedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Reply {
  readonly status: number;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: string;
}

export interface WebhookReceiver {
  readonly port: number;
  /** With `localhost` as its host. */
  readonly url: string;
  /** In the order in which they were read to their end. */
  readonly requests: ReceivedRequest[];
  readonly open: ReadonlySet<Socket>;
  /** How many connections there ever were. */
  readonly connections: () => number;
}

export interface ReceiverOptions {
  readonly tls?: https.ServerOptions;
  /** 204 where absent. */
  readonly answer?: (request: ReceivedRequest) => Reply | Promise<Reply>;
  /** Any that is free where absent. */
  readonly port?: number;
}

export async function startWebhookReceiver(
  t: TestContext,
  { tls, answer = () => ({ status: 204 }), port: wanted = 0 }: ReceiverOptions = {},
): Promise<WebhookReceiver> {
  const requests: ReceivedRequest[] = [];
  const listener: http.RequestListener = (request, response) => {
    const chunks: Buffer[] = [];
    request.on('error', () => undefined);
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString();
      const { method = '', url = '', headers } = request;
      const received = { method, path: url, headers, body };
      requests.push(received);
      void Promise.resolve(answer(received)).then((reply) =>
        response.writeHead(reply.status, reply.headers).end(reply.body),
      );
    });
  };
  const server =
    tls === undefined ? http.createServer(listener) : https.createServer(tls, listener);
  const { port, open, connections } = await listening(t, server, wanted);
  const url = `${tls === undefined ? 'http' : 'https'}://localhost:${port}/events`;
  return { port, url, requests, open, connections };
}

/** One that says on each connection what no HTTP server does. */
export async function startRawReceiver(
  t: TestContext,
  serve: (socket: Socket) => void,
): Promise<{ url: string; open: ReadonlySet<Socket>; connections: () => number }> {
  const { port, open, connections } = await listening(t, net.createServer(serve));
  return { url: `http://localhost:${port}/events`, open, connections };
}

async function listening(
  t: TestContext,
  server: net.Server,
  wanted = 0,
): Promise<{ port: number; open: Set<Socket>; connections: () => number }> {
  const open = new Set<Socket>();
  let count = 0;
  server.on('connection', (socket: Socket) => {
    count++;
    open.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => open.delete(socket));
  });
  server.listen(wanted, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    for (const socket of open) socket.destroy();
  });
  return { port: (server.address() as AddressInfo).port, open, connections: () => count };
}
