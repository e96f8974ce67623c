import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fieldManagerOf } from './field-manager.ts';

const urn = (stack: string, project: string): string =>
  `urn:pulumi:${stack}::${project}::pulumi-nodejs:dynamic/mqttgrid:Client::vehicle-1`;

test('it is the stack, with its project', () => {
  assert.equal(fieldManagerOf(urn('dev', 'fleet')), 'pulumi-mqttgrid:fleet/dev');
  const child = 'urn:pulumi:dev::fleet::my:Component$pulumi-nodejs:dynamic/mqttgrid:Client::a';
  assert.equal(fieldManagerOf(child), 'pulumi-mqttgrid:fleet/dev');
});

test('Kubernetes admits it, and stacks with long names keep apart', () => {
  const long = 'x'.repeat(120);
  const managers = [urn(`${long}1`, 'fleet'), urn(`${long}2`, 'fleet')].map(fieldManagerOf);
  assert.equal(new Set(managers).size, 2);
  assert.deepEqual(
    managers.map((manager) => manager.length),
    [128, 128],
  );
  assert.equal(fieldManagerOf(urn('dev', 'flöte\u0007')), 'pulumi-mqttgrid:fl_te_/dev');
  assert.equal(fieldManagerOf(urn('x'.repeat(106), 'fleet')).length, 128);
});
