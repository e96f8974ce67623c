import assert from 'node:assert/strict';
import { Console } from 'node:console';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { dropTold, toldError } from './told-error.ts';

test('what Pulumi prints beside a failure is dropped, and nothing else', () => {
  const stream = new PassThrough();
  dropTold(stream);
  const console = new Console(stream);
  const told = toldError({ message: 'no route to host', remedy: 'start the cluster' });
  assert.equal(told.message, 'no route to host; start the cluster');
  for (const error of [told, new TypeError('a bug'), told]) {
    // As in pulumi, sdk/nodejs/cmd/dynamic-provider/index.ts.
    console.error(`${String(error)}: ${error.stack}`);
  }
  assert.match(String(stream.read()), /^TypeError: a bug: TypeError: a bug\n {4}at [^]*\)\n$/);
});
