import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resourceTypeOf } from '../../../kube/declared-types.ts';
import { KubeApiError, UnreachableError, type StatusDetails } from '../../../kube/kube-api.ts';
import { faultOf } from './cluster-faults.ts';

const ATTEMPT = {
  failed: 'Client/plant/a cannot be applied',
  type: resourceTypeOf('Client'),
  namespace: 'plant',
  server: 'https://api.example:6443',
  context: 'prod',
};

function answer(status: number, details: Partial<StatusDetails>): KubeApiError {
  const all = { message: 'said so', kind: '', causes: [], ...details };
  return new KubeApiError('not shown', { status, reason: 'X', details: all });
}

function conflictOn(field: string, message: string): StatusDetails['causes'][number] {
  return { reason: 'FieldManagerConflict', field, message };
}

const CASES: readonly (readonly [string, Error, RegExp])[] = [
  [
    'no answer says which server and which context',
    new UnreachableError('apply Client "plant/a": connect ECONNREFUSED'),
    /^Client\/plant\/a cannot be applied: https:\/\/api.example:6443 gives no .*ED; .* prod is/,
  ],
  [
    'credentials that are not accepted',
    answer(401, { message: 'Unauthorized' }),
    /api.example:6443 does not accept the credentials of context prod \(401\); renew them/,
  ],
  [
    'a namespace that is being deleted',
    answer(403, {
      message:
        'clients.mqttgrid.io "a" is forbidden: unable to create new content in namespace plant',
      causes: [{ reason: 'NamespaceTerminating', message: '', field: '' }],
    }),
    /applied: unable to create new content in namespace plant; wait until it is gone/,
  ],
  [
    'a policy that is not RBAC',
    answer(403, { message: 'admission webhook "p.example" denied the request: no owner label' }),
    /applied: no owner label; ask who runs the cluster/,
  ],
  [
    'kinds that the server does not know',
    answer(404, { message: '404 page not found' }),
    /does not know clients of mqttgrid.io\/v1; install mqttgrid there: kubectl apply -k/,
  ],
  [
    'a field of one manager and a field of another',
    answer(409, {
      causes: [
        conflictOn('.spec.state', 'conflict with "argocd" using mqttgrid.io/v1'),
        conflictOn('.spec.name', 'conflict with "kubectl edit" using mqttgrid.io/v1'),
      ],
    }),
    /: spec.state is managed by argocd, spec.name is managed by kubectl edit; let argocd and ku/,
  ],
  [
    'more conflicts than fit',
    answer(409, {
      causes: Array.from({ length: 13 }, (_, i) => conflictOn(`.f${i}`, 'conflict with "x"')),
    }),
    /f9 is managed by x, and 3 more; let x stop/,
  ],
  ['a conflict of another kind', answer(409, {}), /applied: said so; run it again/],
  [
    'a refusal of many lines, with what moves a cursor',
    answer(422, { message: 'Client "a" is invalid: one\n  two\u001b[2J' }),
    /^Client\/plant\/a cannot be applied: one two\\u\{1b\}\[2J; change it in the program$/,
  ],
  ['a server that fails', answer(500, {}), /applied: said so \(500\); run it again; if/],
];

for (const [what, error, expected] of CASES) {
  test(`the fault of ${what} has its remedy`, () => {
    const { message, remedy } = faultOf(error, ATTEMPT);
    assert.match(`${message}; ${remedy}`, expected);
  });
}

test('what a server says is cut to what fits on a screen', () => {
  const { message } = faultOf(answer(422, { message: 'x'.repeat(100_000) }), ATTEMPT);
  assert.ok(message.length < 2_200);
});

test('what is not about a server is a bug, and thrown', () => {
  assert.throws(() => faultOf(new TypeError('ours'), ATTEMPT), /ours/);
});
