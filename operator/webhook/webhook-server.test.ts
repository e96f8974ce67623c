import assert from 'node:assert/strict';
import { request } from 'node:https';
import { connect } from 'node:tls';
import { suite, test, type TestContext } from 'node:test';
import { pino } from 'pino';
import { issueCertificateAuthority, issueServerCertificate } from '../../certificates/issue.ts';
import type { Issued } from '../../certificates/issue.ts';
import { aReview, worldsOf } from '../../test/support/admission.ts';
import { declare, OWNER } from '../../test/support/resources.ts';
import { systemClock } from '../../control/clock.ts';
import { startWebhookServer, type WebhookOptions, type WebhookServer } from './webhook-server.ts';

const NOW_MS = Date.now();
const authority = await issueCertificateAuthority({ nowMs: NOW_MS, commonName: 'webhook CA' });

function issueServer(commonName: string): Promise<Issued> {
  const hosts = ['localhost', '127.0.0.1'];
  return issueServerCertificate({ nowMs: NOW_MS, issuer: authority, commonName, hosts });
}

function keyPairOf(issued: Issued): WebhookOptions['keyPair'] {
  return { certificate: issued.chainPem, privateKey: issued.privateKeyPem };
}

const first = await issueServer('first');
const grid = declare('MqttNamespace', OWNER);

interface Started {
  readonly server: WebhookServer;
  readonly log: string[];
}

async function start(t: TestContext, options: Partial<WebhookOptions> = {}): Promise<Started> {
  const log: string[] = [];
  const server = await startWebhookServer({
    host: '127.0.0.1',
    port: 0,
    keyPair: keyPairOf(first),
    worlds: worldsOf([grid]),
    logger: pino({}, { write: (line: string) => void log.push(line) }),
    clock: systemClock,
    ...options,
  });
  t.after(() => server.close());
  return { server, log };
}

interface Answer {
  readonly status: number | undefined;
  readonly body: string;
}

function post({ port }: WebhookServer, body: string, path = '/validate'): Promise<Answer> {
  const ca = authority.certificatePem;
  return new Promise((resolve, reject) => {
    const call = request({ port, path, method: 'POST', ca, agent: false }, (answer) => {
      let text = '';
      answer.on('data', (chunk: Buffer) => (text += chunk.toString()));
      answer.on('end', () => resolve({ status: answer.statusCode, body: text }));
    });
    call.on('error', reject);
    call.end(body);
  });
}

/** The common name of the certificate that the server presents now. */
function presented({ port }: WebhookServer): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, ca: authority.certificatePem }, () => {
      const { subject } = socket.getPeerCertificate();
      socket.destroy();
      resolve(String(subject.CN));
    });
    socket.on('error', reject);
  });
}

suite('the webhook', () => {
  test('answers a review with its uid, and refuses in the words of conditions', async (t) => {
    const { server } = await start(t);
    const review = aReview(declare('Client', 'new', { name: 'a b' }));
    const { status, body } = await post(server, JSON.stringify(review));
    assert.equal(status, 200);
    const answered = JSON.parse(body) as { response: { status: { message: string } } };
    const { message } = answered.response.status;
    assert.match(message, /^spec\.name: "a b" contains " ": a Client's name has/);
    const response = { uid: 'uid-1', allowed: false, status: answered.response.status };
    const [apiVersion, kind] = ['admission.k8s.io/v1', 'AdmissionReview'];
    assert.deepEqual(answered, { apiVersion, kind, response });
  });

  test('presents another certificate from the moment that it is given one', async (t) => {
    const { server } = await start(t);
    assert.equal(await presented(server), 'first');
    server.setKeyPair(keyPairOf(await issueServer('second')));
    assert.equal(await presented(server), 'second');
  });

  test('keeps the certificate that it has where the new one does not fit its key', async (t) => {
    const { server } = await start(t);
    const other = await issueServer('other');
    assert.throws(() => {
      server.setKeyPair({ certificate: other.chainPem, privateKey: first.privateKeyPem });
    });
    assert.equal(await presented(server), 'first');
  });

  test('lets in what it could not judge, with a warning, and logs why', async (t) => {
    const worlds = {
      ...worldsOf([grid]),
      worldOf: () => {
        throw new Error('a bug');
      },
    };
    const { server, log } = await start(t, { worlds });
    const { body } = await post(server, JSON.stringify(aReview(declare('Client', 'new'))));
    const { response } = JSON.parse(body) as { response: { allowed: boolean; warnings: string[] } };
    assert.equal(response.allowed, true);
    assert.match(response.warnings[0] ?? '', /an error of its own, so this was not checked/);
    assert.match(log.join(), /"msg":"a declaration could not be judged for admission.*/);
    assert.match(log.join(), /a bug/);
  });

  const strange: [string, string, number, string?][] = [
    ['what is not JSON', '{', 400],
    ['a review of another version', '{"apiVersion":"admission.k8s.io/v2"}', 400],
    ['JSON that is nested without end', '['.repeat(1_000_000), 400],
    ['nothing', '', 400],
    ['more than two objects can have', 'x'.repeat(8 * 1024 * 1024 + 1), 413],
    ['another path', '{}', 404, '/metrics'],
  ];
  for (const [title, body, expected, path] of strange) {
    test(`has an error, which lets objects in, for ${title}`, async (t) => {
      const answers: number[] = [];
      const { server } = await start(t, { onAnswer: (status) => void answers.push(status) });
      const answered = await post(server, body, path).catch(() => undefined);
      // Who still sends what nobody reads may be cut off before he sees the answer.
      if (answered !== undefined) assert.equal(answered.status, expected);
      assert.deepEqual(answers, [expected]);
      const review = JSON.stringify(aReview(declare('ClientGroup', 'new')));
      assert.equal((await post(server, review)).status, 200, 'and goes on');
    });
  }
});
