/** Against a real Kafka: HACKING, "Set up", says which. */
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { Kafka as KafkaBinding } from 'cloudevents';
import type { CloudEvent } from 'cloudevents';
import { createTestAuthority } from '../../../test/support/certificates.ts';
import {
  createNamedTopic,
  createTopic,
  deleteTopic,
  readTopic,
} from '../../../test/support/kafka-client.ts';
import type { ReadRecord } from '../../../test/support/kafka-client.ts';
import { KAFKA_PASSWORDS, startKafkaServer } from '../../../test/support/kafka-server.ts';
import type { KafkaServer } from '../../../test/support/kafka-server.ts';
import type { Destination, OutboundEvent, Outcome } from './destination.ts';
import { openKafka } from './kafka.ts';
import type { DeclaredKafka } from './kafka.ts';

type SecretValues = Record<string, Record<string, string>>;

function open(t: TestContext, declared: DeclaredKafka, secrets: SecretValues = {}): Destination {
  const read = (secret: string, key: string): Buffer | undefined => {
    const value = secrets[secret]?.[key];
    return value === undefined ? undefined : Buffer.from(value);
  };
  const destination = openKafka(declared, { secrets: { read } });
  t.after(() => destination.close());
  return destination;
}

function event(subject: string, data: unknown): OutboundEvent {
  const id = `id-${JSON.stringify(data)}`.slice(0, 40);
  const time = new Date().toISOString();
  const type = 'MQTT.EventPublished';
  const attributes = { specversion: '1.0', type, source: 'ns', id, subject, time };
  const json = Buffer.from(JSON.stringify({ ...attributes, data }));
  return { id, subject, topic: subject, json };
}

function deliver(to: Destination, ...events: readonly OutboundEvent[]): Promise<Outcome> {
  return to.deliver(events, new AbortController().signal);
}

async function refused(to: Destination, words: RegExp, fault = 'Refused'): Promise<void> {
  const outcome = await deliver(to, event('a', 1));
  assert.equal(outcome.type, 'Failed');
  assert.equal(outcome.scope, 'Destination');
  assert.equal(outcome.fault, fault, outcome.cause);
  assert.match(outcome.cause, words);
  for (const password of Object.values(KAFKA_PASSWORDS)) {
    assert.ok(!outcome.cause.includes(password), outcome.cause);
  }
}

function dataOf(record: ReadRecord): unknown {
  return (JSON.parse(record.value) as { data: unknown }).data;
}

/** As the SDK of CloudEvents takes it. */
function asMessage(record: ReadRecord): Parameters<typeof KafkaBinding.toEvent>[0] {
  const { key, value, headers } = record;
  const message = { key, value, headers, body: value };
  return message;
}

function plainBroker(): string {
  const broker = process.env['MQTTGRID_KAFKA'];
  if (broker !== undefined) return broker;
  throw new Error('no Kafka: set MQTTGRID_KAFKA to HOST:PORT of a broker that takes anybody');
}

suite('a Kafka that somebody started', () => {
  test('gets each event as a record: key the subject, value the CloudEvent in structured mode', async (t) => {
    const broker = plainBroker();
    const topic = await createTopic(broker);
    t.after(() => deleteTopic(broker, topic));
    const destination = open(t, { brokers: [broker], topic });
    const startedMs = Date.now();
    const events = ['devices/ünï/☃', 'a', 'b'].map((subject, index) => event(subject, { index }));
    assert.deepEqual(await deliver(destination, ...events), { type: 'Delivered' });
    const records = await readTopic(broker, topic);
    assert.equal(records.length, events.length);
    for (const { subject, json } of events) {
      const record = records.find(({ key }) => key === subject);
      assert.equal(record?.value, json.toString());
      const headers = { 'content-type': 'application/cloudevents+json; charset=utf-8' };
      assert.deepEqual(record.headers, headers);
      const read = KafkaBinding.toEvent(asMessage(record)) as CloudEvent;
      assert.ok(read.validate());
      assert.equal(read.subject, subject);
      assert.ok(record.timestampMs >= startedMs && record.timestampMs <= Date.now());
    }
  });

  test('has events of one subject in one partition, in their order, over many batches', async (t) => {
    const broker = plainBroker();
    const topic = await createTopic(broker, { partitions: 5 });
    t.after(() => deleteTopic(broker, topic));
    const destination = open(t, { brokers: [broker], topic });
    const subjects = Array.from({ length: 20 }, (_, index) => `s/${index}`);
    for (let batch = 0; batch < 10; batch += 1) {
      const events = Array.from({ length: 500 }, (_, index) =>
        event(subjects[index % subjects.length]!, batch * 500 + index),
      );
      assert.deepEqual(await deliver(destination, ...events), { type: 'Delivered' });
    }
    const bySubject = Map.groupBy(await readTopic(broker, topic), ({ key }) => key);
    assert.deepEqual([...bySubject.keys()].toSorted(), subjects.toSorted());
    const used = new Set<number>();
    for (const records of bySubject.values()) {
      assert.equal(new Set(records.map(({ partition }) => partition)).size, 1);
      used.add(records[0]!.partition);
      const numbers = records.map(dataOf) as number[];
      assert.equal(numbers.length, 250);
      assert.deepEqual(
        numbers,
        numbers.toSorted((a, b) => a - b),
      );
    }
    assert.equal(used.size, 5);
  });

  test('takes nothing that is larger than the topic allows, and all else', async (t) => {
    const broker = plainBroker();
    const topic = await createTopic(broker, { configs: { 'max.message.bytes': '2000' } });
    t.after(() => deleteTopic(broker, topic));
    const destination = open(t, { brokers: [broker], topic });
    const large = event('large', 'x'.repeat(3000));
    const single = await deliver(destination, large);
    assert.equal(single.type, 'Rejected');
    assert.match(single.cause, /MESSAGE_TOO_LARGE.*max\.message\.bytes.*an event of 3\d{3} B/);
    const several = await deliver(destination, event('large', 1), large);
    assert.equal(several.type, 'Rejected');
    assert.match(several.cause, /2 events together/);
    assert.deepEqual(await deliver(destination, event('large', 1)), { type: 'Delivered' });
  });
});

suite('a Kafka with TLS and SASL', () => {
  let server: KafkaServer;
  before(async () => {
    server = await startKafkaServer();
  });
  after(() => server.stop());

  const secure = (topic: string): DeclaredKafka => ({
    ...{ brokers: [server.secure], topic },
    ...{ tls: { caSecretName: 'ca' }, saslSecretName: 'user' },
  });
  const secretsOf = (
    username: keyof typeof KAFKA_PASSWORDS,
    mechanism = 'SCRAM-SHA-512',
    password: string = KAFKA_PASSWORDS[username],
  ): SecretValues => ({
    ca: { 'ca.crt': server.authority },
    user: { mechanism, username, password: `${password}\n` },
  });

  for (const mechanism of ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512']) {
    test(`takes events of a user who is authenticated by ${mechanism}`, async (t) => {
      const topic = await createTopic(server.plain);
      const destination = open(t, secure(topic), secretsOf('alice', mechanism));
      assert.deepEqual(await deliver(destination, event('a', mechanism)), { type: 'Delivered' });
      assert.deepEqual((await readTopic(server.plain, topic)).map(dataOf), [mechanism]);
    });

    test(`refuses a wrong password by ${mechanism}, until the Secret is right`, async (t) => {
      const topic = await createTopic(server.plain);
      const secrets = secretsOf('alice', mechanism, 'wrong');
      const destination = open(t, secure(topic), secrets);
      await refused(destination, /does not accept username and password of saslSecretName/);
      Object.assign(secrets, secretsOf('alice', mechanism));
      assert.deepEqual(await deliver(destination, event('a', 1)), { type: 'Delivered' });
    });
  }

  test('says which topic it does not have, and takes events once it is made', async (t) => {
    const destination = open(t, { brokers: [server.plain], topic: 'not-made-yet' });
    await refused(destination, /topic "not-made-yet" .* does not exist .*: create it/);
    await createNamedTopic(server.plain, 'not-made-yet');
    assert.deepEqual(await deliver(destination, event('a', 1)), { type: 'Delivered' });
  });

  test('says what is wrong with who asks, or with how', async (t) => {
    const topic = await createTopic(server.plain);
    const alice = secretsOf('alice');
    const other = await createTestAuthority();
    const foreign = { ...alice, ca: { 'ca.crt': other.root.certificatePem } };
    const elsewhere = {
      ...secure(topic),
      brokers: [server.secure.replace('localhost', '127.0.0.1')],
    };
    const inClear = { brokers: [server.secure], topic };
    const withoutSasl = { ...inClear, tls: { caSecretName: 'ca' } };
    const saslInClear = { brokers: [server.plain], topic, saslSecretName: 'user' };
    const tlsOnPlain = { ...saslInClear, tls: { caSecretName: 'ca' } };
    const cases: [DeclaredKafka, SecretValues, RegExp, string?][] = [
      [secure(topic), secretsOf('bob'), /may not write to the topic .*allow it Describe and Write/],
      [
        secure(topic),
        foreign,
        /authority that is not trusted: put that authority as/,
        'Unreachable',
      ],
      [elsewhere, alice, /certificate for another name than it is reached by/, 'Unreachable'],
      [inClear, {}, /closed the connection|speaks TLS: state tls/, '*'],
      [withoutSasl, alice, /closed the connection .*SASL/, 'Unreachable'],
      [saslInClear, alice, /takes no SASL on this port/],
      [tlsOnPlain, alice, /closed the connection .*TLS|does not speak TLS/, 'Unreachable'],
      [secure(topic), {}, /there is no Secret "ca" with ca\.crt: create it/],
      [secure(topic), { ca: alice['ca']! }, /no Secret "user" with mechanism/],
      [secure(topic), { ...alice, ca: { 'ca.crt': 'x' } }, /authority|PEM/, 'Unreachable'],
      [secure(topic), secretsOf('alice', 'GSSAPI'), /mechanism in Secret "user" is none/],
    ];
    for (const [declared, secrets, words, fault = 'Refused'] of cases) {
      await t.test(words.source, async (subtest) => {
        const destination = open(subtest, declared, secrets);
        const outcome = await deliver(destination, event('a', 1));
        assert.equal(outcome.type, 'Failed');
        assert.match(outcome.cause, words);
        if (fault !== '*') assert.equal(outcome.fault, fault, outcome.cause);
        for (const password of Object.values(KAFKA_PASSWORDS)) {
          assert.ok(!outcome.cause.includes(password), outcome.cause);
        }
      });
    }
  });

  test('is found by another broker of those that are named', async (t) => {
    const topic = await createTopic(server.plain);
    const destination = open(t, { brokers: ['127.0.0.1:1', server.plain], topic });
    assert.deepEqual(await deliver(destination, event('a', 1)), { type: 'Delivered' });
    const lost = open(t, { brokers: ['127.0.0.1:1', '127.0.0.1:2'], topic });
    await refused(
      lost,
      /127\.0\.0\.1:1 refuses connections; 127\.0\.0\.1:2 refuses/,
      'Unreachable',
    );
  });

  test('has all events of a key in their order, though it was killed and away in between', async (t) => {
    const topic = await createTopic(server.plain, { partitions: 4 });
    const destination = open(t, { brokers: [server.plain], topic });
    const total = 6_000;
    let killed: Promise<void> | undefined;
    let failures = 0;
    for (let sent = 0; sent < total;) {
      const events = Array.from({ length: 100 }, (_, index) =>
        event(`k/${index % 5}`, sent + index),
      );
      if (sent === 2_000 && killed === undefined) {
        killed = server
          .kill()
          .then(() => delay(500))
          .then(() => server.start());
      }
      const outcome = await deliver(destination, ...events);
      if (outcome.type === 'Delivered') {
        sent += events.length;
        continue;
      }
      assert.equal(outcome.type, 'Failed', JSON.stringify(outcome));
      failures += 1;
      await delay(50);
    }
    await killed;
    assert.ok(failures > 0, 'it was away');
    const bySubject = Map.groupBy(await readTopic(server.plain, topic), ({ key }) => key);
    for (const records of bySubject.values()) {
      const firsts = [...new Set(records.map(dataOf) as number[])];
      assert.equal(firsts.length, total / 5);
      assert.deepEqual(
        firsts,
        firsts.toSorted((a, b) => a - b),
      );
    }
  });

  test('gets the events that came while it was dead from the start', async (t) => {
    const topic = await createTopic(server.plain);
    await server.kill();
    const destination = open(t, { brokers: [server.plain], topic });
    await refused(destination, /refuses connections/, 'Unreachable');
    await server.start();
    let outcome = await deliver(destination, event('a', 1));
    for (let tries = 0; outcome.type !== 'Delivered' && tries < 100; tries += 1) {
      await delay(100);
      outcome = await deliver(destination, event('a', 1));
    }
    assert.deepEqual(outcome, { type: 'Delivered' });
    assert.ok((await readTopic(server.plain, topic)).length >= 1);
  });
});
