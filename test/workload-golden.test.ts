/**
 * The objects of a MqttNamespace as they are applied: `golden/workload/<case>.yaml`.
 * `UPDATE_GOLDEN=1 node --test test/workload-golden.test.ts` writes them anew.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { suite, test } from 'node:test';
import { stringify } from 'yaml';
import type { Issued } from '../certificates/issue.ts';
import { API_VERSION, type MqttNamespaceSpec } from '../domain/resources.ts';
import { certificateSecret } from '../operator/namespace/workload/certificates.ts';
import type { Owner } from '../operator/namespace/workload/labels.ts';
import { workloadNames } from '../operator/namespace/workload/names.ts';
import { disruptionBudget, networkPolicy } from '../operator/namespace/workload/protection.ts';
import {
  clientService,
  headlessService,
  serverHosts,
} from '../operator/namespace/workload/services.ts';
import { retainsVolumes, statefulSet } from '../operator/namespace/workload/stateful-set.ts';
import { COMPLETE_SPECS } from './support/complete-specs.ts';

const SETTINGS = {
  image: 'ghcr.io/mqttgrid/mqttgrid:0.1.0',
  operatorNamespace: 'mqttgrid-system',
  controlHost: 'mqttgrid-control.mqttgrid-system.svc',
  controlPort: 8884,
};

const ISSUED: Issued = {
  certificatePem: 'the certificate',
  chainPem: 'the certificate and those above it',
  privateKeyPem: 'its key',
  thumbprintSha256: '',
  thumbprintSha1: '',
};

function ownerOf(name: string, spec: MqttNamespaceSpec): Owner {
  const metadata = { name, namespace: 'plant', uid: '00000000-0000-0000-0000-000000000001' };
  return { apiVersion: API_VERSION, kind: 'MqttNamespace', metadata, spec };
}

function render(owner: Owner): string {
  const names = workloadNames(owner.metadata.name);
  const subject = { owner, names };
  const serverSecret = owner.spec.tls?.secretName ?? names.serverSecret;
  const service = clientService(owner, names);
  const objects = [
    service,
    headlessService(owner, names),
    disruptionBudget(owner, names),
    networkPolicy(owner, names, SETTINGS),
    certificateSecret(subject, names.serverSecret, ISSUED, 'whom peers trust'),
    certificateSecret(subject, names.controlSecret, ISSUED, 'whom peers trust'),
    statefulSet({ ...subject, settings: SETTINGS, serverSecret }, !retainsVolumes(owner)),
  ];
  const texts = objects.map((object) => stringify(object, { aliasDuplicateObjects: false }));
  const hosts = serverHosts(service, SETTINGS).map((host) => `# ${host}\n`);
  return `# The server's certificate is for\n${hosts.join('')}---\n${texts.join('---\n')}`;
}

const CASES: readonly (readonly [string, Owner])[] = [
  ['default', ownerOf('factory', {})],
  ['complete', ownerOf('factory', COMPLETE_SPECS.MqttNamespace)],
  ['long-name', ownerOf(`7.${'very-long-name.'.repeat(8)}eu`, { image: 'other:1' })],
  [
    'external-names',
    ownerOf('factory', {
      service: {
        annotations: {
          'external-dns.alpha.kubernetes.io/hostname': [
            'MQTT.example.com, *.iot.example.com',
            // None of these is certified: no names, or names of what the cluster runs.
            'a b,*,*.com,broker,-.example.com',
            'mqttgrid-control.mqttgrid-system.svc,mqttgrid-control.mqttgrid-system',
            'MQTTGRID-CONTROL.mqttgrid-system.svc.cluster.local,*.mqttgrid-system.svc',
          ].join(','),
        },
      },
    }),
  ],
];

suite('the objects of a MqttNamespace are those of the golden file:', () => {
  for (const [name, owner] of CASES) {
    test(name, () => {
      const file = path.join(import.meta.dirname, 'golden/workload', `${name}.yaml`);
      const text = render(owner);
      if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(file, text);
      assert.equal(text, readFileSync(file, 'utf8'));
    });
  }
});

test("nothing that a user says of the Service makes it another owner's", () => {
  const annotations = { 'mqttgrid.io/mqttnamespace': 'other' };
  const owner = ownerOf('factory', { service: { annotations } });
  const { metadata } = clientService(owner, workloadNames('factory'));
  assert.equal(metadata.annotations?.['mqttgrid.io/mqttnamespace'], 'factory');
});
