/** Messages become events on a cluster: what users see of it, and what they are promised. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, suite, test } from 'node:test';
import { eventLine } from '../../examples/routing/event-line.ts';
import {
  applyText,
  eventuallyFinds,
  get,
  kubectl,
  OPERATOR_NAMESPACE,
  waitFor,
} from '../support/cluster.ts';
import type { ClusterObject } from '../support/cluster.ts';
import { serve } from '../support/cluster-broker.ts';
import type { ClusterBroker } from '../support/cluster-broker.ts';
import { condition } from '../support/conditions.ts';
import { install } from '../support/installation.ts';
import { createTopic, readTopic } from '../support/kafka-client.ts';
import { startKafkaServer } from '../support/kafka-server.ts';
import type { KafkaServer } from '../support/kafka-server.ts';
import { mqttjs } from '../support/mqttjs-peer.ts';
import { PeerClient } from '../support/peer.ts';
import { developmentOptions } from '../support/play.ts';
import { reachableAddress } from '../support/reachable-address.ts';
import { declareReceiver } from '../support/receiver-pod.ts';
import type { ReceiverPod } from '../support/receiver-pod.ts';
import { ROUTING, routingManifest, runRoutingClient } from '../support/routing-example.ts';
import { useNamespace } from '../support/sandbox.ts';
import { SessionClient } from '../support/session-client.ts';

const NAME = 'routing';
const POD = `${NAME}-0`;
const POSITION_TOPIC = 'vehicles/s4-vehicle1/GPS/position';
const TEMPERATURE_TOPIC = 'buildings/building17/s4-thermometer1';
const DELIVERED_MS = 20_000;
/** Brokers count every 10 s, and a status is written every 30 s; and the machine may be busy. */
const COUNTED_MS = 60_000;
/** A minute is the longest that a destination waits to be asked again, and a pod has to start. */
const RETURNED_MS = 90_000;
/** The operator misses a Secret for 5 s, a kubelet has it a moment later; the rest is retries. */
const SECRET_MS = 30_000;
const TOKEN = 'e2e-bearer-token-4711';

/** What s4-vehicle1 of the example sends, as receiver.ts prints it. */
const POSITIONS = Array.from({ length: 19 }, (_, index) => {
  const latitude = Number((47.63 + (index + 1) / 1000).toFixed(3));
  const position = { index: index + 1, latitude, longitude: -122.12 };
  return `MQTT.EventPublished ${POSITION_TOPIC} ${JSON.stringify(position)}`;
});

/** Prints who calls. */
const AUTHORIZATIONS = `
  const { createServer } = require('node:http');
  createServer((request, response) => {
    request.resume().on('end', () => {
      console.log(String(request.headers.authorization));
      response.writeHead(204).end();
    });
  }).listen(process.env.PORT);
  process.once('SIGTERM', () => process.exit());`;

interface EventSubscription extends ClusterObject {
  readonly status: { readonly [counter: string]: unknown };
}

suite('routing on a cluster', { concurrency: 1 }, () => {
  const namespace = useNamespace('e2e-routing');
  const of = ['-n', namespace];
  let broker: ClusterBroker;
  let receiver: ReceiverPod;
  let guarded: ReceiverPod;
  let kafka: KafkaServer | undefined;
  let kafkaTopic: string;
  before(async () => {
    // The one uses Java, the other waits for Kubernetes.
    await Promise.all([startKafka(), declare()]);
    const toKafka = routingManifest('kafka', ['127.0.0.1:9092', kafka!.plain]);
    await applyText(namespace, toKafka.replace('topic: telemetry', `topic: ${kafkaTopic}`));
    await waitFor(namespace, ['eventtopics,eventsubscriptions', '--all'], 'Programmed');
  });
  after(async () => {
    await kafka?.stop();
    broker.stop();
  });

  async function startKafka(): Promise<void> {
    kafka = await startKafkaServer({ host: await reachableAddress() });
    kafkaTopic = await createTopic(kafka.plain);
  }

  async function declare(): Promise<void> {
    await install();
    receiver = await declareReceiver(namespace, 'receiver', {
      'receiver.ts': readFileSync(path.join(ROUTING, 'receiver.ts'), 'utf8'),
      'event-line.ts': readFileSync(path.join(ROUTING, 'event-line.ts'), 'utf8'),
    });
    guarded = await declareReceiver(namespace, 'guarded', { 'guarded.cjs': AUTHORIZATIONS });
    await kubectl(...of, 'apply', '-f', ROUTING);
    const toReceiver = ['http://127.0.0.1:8080', receiver.origin] as const;
    await applyText(namespace, routingManifest('webhook', toReceiver));
    broker = await serve(namespace, NAME);
    await receiver.scale(1);
  }

  /** What a file destination wrote to the volume of the broker. */
  async function fileLines(name: string): Promise<readonly string[]> {
    const text = await kubectl(...of, 'exec', POD, '--', 'cat', `/var/lib/mqttgrid/events/${name}`);
    return text.split('\n').slice(0, -1);
  }

  async function receives(pod: ReceiverPod, line: string, timeoutMs: number): Promise<void> {
    await eventuallyFinds(timeoutMs, `"${line}" to ${pod.origin}`, async () => {
      return (await pod.printed()).includes(line) ? true : undefined;
    });
  }

  test('takes what the example publishes to a file, a web service and Kafka', async () => {
    const { host, port } = broker.address;
    await runRoutingClient(`mqtts://${host}:${port}`, broker.certificates);
    await receives(receiver, POSITIONS.at(-1)!, DELIVERED_MS);
    const [, ...printed] = await receiver.printed();
    assert.deepEqual(printed, POSITIONS);

    const lines = await fileLines('positions.ndjson');
    assert.deepEqual(
      lines.map((line) => eventLine(JSON.parse(line))),
      POSITIONS,
    );
    const hot = (await fileLines('too-hot.ndjson')).map((line) => JSON.parse(line) as object);
    const temperatures = hot.map((event) => (event as { data: { Temp: number } }).data.Temp);
    assert.deepEqual(temperatures, [104, 131]);

    const records = await eventuallyFinds(DELIVERED_MS, 'records in Kafka', async () => {
      const found = await readTopic(kafka!.plain, kafkaTopic);
      return found.length < POSITIONS.length + 4 ? undefined : found;
    });
    const positions = records.filter(({ key }) => key === POSITION_TOPIC);
    assert.deepEqual(
      positions.map(({ value }) => eventLine(JSON.parse(value))),
      POSITIONS,
    );
    const keys = records.map(({ key }) => key).filter((key) => key !== POSITION_TOPIC);
    assert.deepEqual(keys, Array(4).fill(TEMPERATURE_TOPIC));
  });

  test('says of each object that it is in force and delivers', async () => {
    await waitFor(namespace, ['eventtopics,eventsubscriptions', '--all'], 'Ready');
    await waitFor(namespace, ['eventsubscriptions', '--all'], 'Delivering');
  });

  test('uses a Secret that is created later, and shows it to nobody else', async (t) => {
    const subscription = {
      apiVersion: 'mqttgrid.io/v1',
      kind: 'EventSubscription',
      metadata: { name: 'guarded' },
      spec: {
        topicRef: { name: 'telemetry' },
        filter: { subjectBeginsWith: 'buildings/' },
        destination: { webhook: { url: guarded.origin, authSecretName: 'late' } },
      },
    };
    await applyText(namespace, JSON.stringify(subscription));
    const object = 'eventsubscription/guarded';
    const { reason, message } = await condition(namespace, object, 'ResolvedRefs', 'False');
    assert.equal(reason, 'RefNotFound');
    assert.match(message, /the Secret "late", which does not exist/);
    await waitFor(namespace, [object], 'Programmed');
    const thermometer = new PeerClient(
      mqttjs,
      developmentOptions(broker, NAME, { clientId: 's4-thermometer1', version: 5 }),
    );
    assert.equal(await thermometer.connected(), 0);
    await thermometer.deliver(TEMPERATURE_TOPIC, '{"Temp":21}');
    await thermometer.end();
    const refused = await condition(namespace, object, 'Delivering', 'False');
    assert.equal(refused.reason, 'DestinationRefused');
    assert.match(refused.message, /Secret late/);

    await kubectl(...of, 'create', 'secret', 'generic', 'late', `--from-literal=token=${TOKEN}`);
    const createdMs = performance.now();
    await receives(guarded, `Bearer ${TOKEN}`, SECRET_MS);
    t.diagnostic(`the Secret was used ${(performance.now() - createdMs).toFixed()} ms later`);
    assert.deepEqual(await guarded.printed(), [`Bearer ${TOKEN}`]);
    await waitFor(namespace, [object], 'Ready');
    const operator = ['-n', OPERATOR_NAMESPACE];
    const shown = await Promise.all([
      kubectl(...of, 'get', 'mqttgrid,pods,statefulsets,events', '-o', 'yaml'),
      kubectl(...operator, 'get', 'events', '-o', 'yaml'),
      kubectl(...operator, 'logs', '-l', 'app.kubernetes.io/name=mqttgrid-operator', '--tail=-1'),
      kubectl(...of, 'logs', POD),
    ]);
    for (const text of shown) {
      assert.notEqual(text, '');
      for (const secret of [TOKEN, btoa(TOKEN)]) assert.ok(!text.includes(secret));
    }
  });

  test('counts in the status what matched and what was delivered', async () => {
    for (const [name, count] of Object.entries({ 'positions-to-webhook': 19, 'too-hot': 2 })) {
      const counted = { matched: count, delivered: count, failed: 0, dropped: 0, pending: 0 };
      let last: unknown;
      await eventuallyFinds(COUNTED_MS, `the counters of ${name}`, async () => {
        const { status } = await get<EventSubscription>(namespace, `eventsubscription/${name}`);
        last = status;
        const isCounted = Object.entries(counted).every(([key, value]) => status[key] === value);
        return isCounted ? true : undefined;
      }).catch((cause: unknown) => {
        throw new Error(JSON.stringify(last), { cause });
      });
    }
  });

  test('loses nothing while a destination is away and the broker is killed', async (t) => {
    const object = 'eventsubscription/positions-to-webhook';
    const vehicle = new SessionClient(broker, NAME, 's4-vehicle1');
    t.after(() => vehicle.end());
    await vehicle.connected();
    const payloads = Array.from({ length: 20 }, (_, index) => `position ${index}`);
    const publish = async (these: readonly string[]): Promise<void> => {
      for (const payload of these) await vehicle.publish(POSITION_TOPIC, payload);
    };
    await receiver.scale(0);
    await publish(payloads.slice(0, 10));
    const { reason, message } = await condition(namespace, object, 'Delivering', 'False');
    assert.equal(reason, 'DestinationUnreachable');
    assert.match(message, /^POST http:\/\/receiver:8080\/events: .*, since \d{4}-\d{2}-\d{2}T/);
    const ready = await condition(namespace, object, 'Ready', 'False');
    assert.equal(ready.reason, 'DestinationUnreachable');

    await kubectl(...of, 'delete', 'pod', POD, '--grace-period=0', '--force');
    await publish(payloads.slice(10));
    await receiver.scale(1);
    const lines = payloads.map((payload) => `MQTT.EventPublished ${POSITION_TOPIC} ${payload}`);
    await receives(receiver, lines.at(-1)!, RETURNED_MS);
    const [, ...printed] = await receiver.printed();
    // One may come twice.
    assert.deepEqual([...new Set(printed)], lines);
    await waitFor(namespace, [object], 'Ready');
  });
});
