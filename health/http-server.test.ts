import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { serveHttp } from './http-server.ts';
import type { HttpServer } from './http-server.ts';

async function aServer(t: TestContext): Promise<HttpServer> {
  const server = await serveHttp('127.0.0.1', 0, {
    '/readyz': () => ({ status: 503, body: 'not yet' }),
    '/fails': () => Promise.reject(new Error('SECRET')),
  });
  t.after(() => server.close());
  return server;
}

const answers: readonly (readonly [string, string, number, RegExp])[] = [
  ['GET', '/readyz', 503, /^not yet\n$/],
  ['GET', '/readyz?verbose', 503, /^not yet\n$/],
  ['HEAD', '/readyz', 503, /^$/],
  ['POST', '/readyz', 405, /GET and HEAD/],
  ['GET', '/', 404, /^there are \/readyz, \/fails\n$/],
  ['GET', '/constructor', 404, /there are/],
  ['GET', '/fails', 500, /^this could not be answered\n$/],
];
for (const [method, path, status, body] of answers) {
  test(`${method} ${path} is answered with ${status}`, async (t) => {
    const { port } = await aServer(t);
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { method });
    assert.equal(response.status, status);
    assert.match(await response.text(), body);
  });
}

test('headers that are too long are refused, and the server goes on', async (t) => {
  const { port } = await aServer(t);
  const sent = request({ port, host: '127.0.0.1', headers: { a: 'x'.repeat(20_000) } });
  sent.end();
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  assert.equal(response.statusCode, 431);
  response.resume();
  assert.equal((await fetch(`http://127.0.0.1:${port}/readyz`)).status, 503);
});
