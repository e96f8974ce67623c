import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openStack } from '../support/pulumi.ts';

test('a program that declares nothing is deployed, and its outputs and secrets are told', async (t) => {
  const stack = await openStack(t, {
    files: {
      'index.ts': `
        import { Config } from '@pulumi/pulumi';
        export const greeting = new Config().require('greeting');
        export const secret = new Config().requireSecret('word');`,
    },
    config: { greeting: 'hello' },
    secrets: { word: 'hush' },
  });
  const preview = await stack.preview();
  assert.equal(preview.code, 0, preview.text);
  const up = await stack.up();
  assert.equal(up.code, 0, up.text);
  assert.ok(!up.text.includes('hush'));
  assert.deepEqual(await stack.outputs(), { greeting: 'hello', secret: '[secret]' });
  assert.ok(!JSON.stringify(await stack.exported()).includes('hush'));
  const destroy = await stack.destroy();
  assert.equal(destroy.code, 0, destroy.text);
});
