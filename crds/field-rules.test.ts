import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { FaultReason } from '../domain/reasons.ts';
import { API_VERSION, type Kind } from '../domain/resources.ts';
import { printFieldPath } from '../domain/violation.ts';
import { COMPLETE_SPECS } from '../test/support/complete-specs.ts';
import { validateShape } from './schemas.ts';

const MANY_ATTRIBUTES = Object.fromEntries(
  Array.from({ length: 1025 }, (_, index) => [`a${index}`, 1]),
);
const THUMBPRINT_WITH_STRAY_COLON = `0:${'0'.repeat(39)}`;

const CASES: readonly (readonly [kind: Kind, changed: object, reasons: object])[] = [
  ['MqttNamespace', { name: 'a b' }, { 'spec.name': 'InvalidName' }],
  ['CaCertificate', { name: 'a' }, { 'spec.name': 'InvalidName' }],
  ['Client', { name: 'a'.repeat(129) }, { 'spec.name': 'InvalidName' }],
  ['ClientGroup', { name: '$all' }, { 'spec.name': 'InvalidName' }],
  ['TopicSpace', { name: '' }, { 'spec.name': 'InvalidName' }],
  ['PermissionBinding', { name: 'a_b' }, { 'spec.name': 'InvalidName' }],
  [
    'MqttNamespace',
    { limits: { clients: -1, messageBytes: 1e9, topicSpaces: 1.5 } },
    {
      'spec.limits.clients': 'InvalidLimit',
      'spec.limits.messageBytes': 'InvalidLimit',
      'spec.limits.topicSpaces': 'InvalidShape',
    },
  ],
  [
    'Client',
    {
      authentication: {
        certificateSubject: { commonName: '', organization: 'a'.repeat(257), countryCode: 'USA' },
        certificateThumbprint: { primary: 'ab', secondary: THUMBPRINT_WITH_STRAY_COLON },
      },
    },
    {
      'spec.authentication.certificateSubject.commonName': 'InvalidAuthentication',
      'spec.authentication.certificateSubject.countryCode': 'InvalidAuthentication',
      'spec.authentication.certificateSubject.organization': 'InvalidAuthentication',
      'spec.authentication.certificateThumbprint.primary': 'InvalidAuthentication',
      'spec.authentication.certificateThumbprint.secondary': 'InvalidAuthentication',
    },
  ],
  [
    'Client',
    { authentication: { certificateSubject: {} } },
    {
      'spec.authentication.certificateSubject.commonName': 'InvalidShape',
    },
  ],
  ['Client', { attributes: MANY_ATTRIBUTES }, { 'spec.attributes': 'AttributesTooLarge' }],
  [
    'Client',
    { attributes: { 'b-': 1, ...MANY_ATTRIBUTES } },
    {
      'spec.attributes.b-': 'InvalidAttributes',
    },
  ],
  ['ClientGroup', { query: '' }, { 'spec.query': 'InvalidQuery' }],
  ['ClientGroup', { query: 'a'.repeat(8193) }, { 'spec.query': 'InvalidQuery' }],
  [
    'TopicSpace',
    { topicTemplates: ['', 'a', 'a'.repeat(1025), 5] },
    {
      'spec.topicTemplates[0]': 'InvalidTemplate',
      'spec.topicTemplates[2]': 'InvalidTemplate',
      'spec.topicTemplates[3]': 'InvalidShape',
    },
  ],
  ['TopicSpace', { topicTemplates: [] }, { 'spec.topicTemplates': 'InvalidShape' }],
  [
    'TopicSpace',
    { topicTemplates: Array.from({ length: 101 }, () => 'a') },
    { 'spec.topicTemplates': 'LimitExceeded' },
  ],
  [
    'CaCertificate',
    { encodedCertificate: '' },
    { 'spec.encodedCertificate': 'InvalidCertificate' },
  ],
  [
    'EventSubscription',
    {
      destination: { webhook: { url: 'ftp://a' } },
      deadLetter: { kafka: { brokers: [], topic: 'a/b' } },
    },
    {
      'spec.deadLetter.kafka.brokers': 'InvalidSubscription',
      'spec.deadLetter.kafka.topic': 'InvalidSubscription',
      'spec.destination.webhook.url': 'InvalidSubscription',
    },
  ],
  [
    'PermissionBinding',
    { description: 'a'.repeat(1025), permission: 'Both', colour: 'red' },
    {
      'spec.colour': 'InvalidShape',
      'spec.description': 'InvalidShape',
      'spec.permission': 'InvalidShape',
    },
  ],
];

suite('the reason is that of the rule which is broken:', () => {
  for (const [kind, changed, reasons] of CASES) {
    test(`${kind} with ${JSON.stringify(changed).slice(0, 60)}`, () => {
      const spec = { ...COMPLETE_SPECS[kind], ...changed };
      const document = { apiVersion: API_VERSION, kind, metadata: { name: 'a' }, spec };
      const found = validateShape(kind, document).map(({ field, reason }) => {
        return [printFieldPath(field), reason] as [string, FaultReason];
      });
      assert.deepEqual(Object.fromEntries(found), reasons);
    });
  }
});
