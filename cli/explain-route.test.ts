/** `mqttgrid explain --route` as a person or a script runs it, on folders of manifests. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import type { TestContext } from 'node:test';
import { runScript } from '../test/support/run-command.ts';
import { temporaryFolder } from '../test/support/temporary-folder.ts';
import { CLI } from '../test/support/up.ts';

const PLANT = `
kind: MqttNamespace
metadata: {name: plant}
spec: {routeTopicRef: {name: telemetry}}
---
kind: MqttNamespace
metadata: {name: harbour}
spec: {}
---
kind: Client
metadata: {name: oven}
spec:
  namespaceRef: {name: plant}
  authentication: {certificateSubject: {commonName: oven}}
---
kind: TopicSpace
metadata: {name: temperatures}
spec:
  namespaceRef: {name: plant}
  topicTemplates: ['plant/\${client.name}/temperature']
  subscriptionSupport: NotSupported
---
kind: PermissionBinding
metadata: {name: publish}
spec:
  namespaceRef: {name: plant}
  clientGroupName: $all
  topicSpaceName: temperatures
  permission: Publisher
---
kind: EventTopic
metadata: {name: telemetry}
spec: {}
---
`;

const SUBSCRIPTIONS = `
kind: EventSubscription
metadata: {name: all}
spec:
  topicRef: {name: telemetry}
  destination:
    kafka: {brokers: ['a:1', 'b:2', 'c:3', 'd:4'], topic: events, saslSecretName: kafka-login}
---
kind: EventSubscription
metadata: {name: hot}
spec:
  topicRef: {name: telemetry}
  filter:
    subjectEndsWith: /temperature
    advancedFilters:
      - {operatorType: NumberGreaterThan, key: data.Temp, value: 100}
      - {operatorType: StringIn, key: priority, values: [high]}
  destination: {webhook: {url: 'https://a.example/in?code=hunter2', authSecretName: login}}
  deadLetter: {file: {path: /var/dead.ndjson}}
---
kind: EventSubscription
metadata: {name: positions}
spec:
  topicRef: {name: telemetry}
  filter: {subjectEndsWith: /position}
  destination: {file: {path: positions.ndjson}}
---
`;

function folderOf(t: TestContext, ...texts: readonly string[]): string {
  const folder = temporaryFolder(t);
  const text = texts.join('').replaceAll(/^kind:/gm, 'apiVersion: mqttgrid.io/v1\nkind:');
  writeFileSync(join(folder, 'a.yaml'), text);
  return folder;
}

async function ask(folder: string, ...parameters: readonly string[]) {
  const result = await runScript([CLI, 'explain', folder, ...parameters]);
  return { ...result, lines: result.stdout.trimEnd().split('\n') };
}

const TOPIC = 'plant/oven/temperature';
const TO_ALL = 'to the topic events of Kafka at a:1, b:2, c:3 and 1 more';
const TO_HOT =
  'to the webhook https://a.example/in, and what it cannot deliver to the file /var/dead.ndjson';

suite('explain --route', { concurrency: 2 }, () => {
  test('tells who delivers, who does not, what decides and what is open', async (t) => {
    const folder = folderOf(t, PLANT, SUBSCRIPTIONS);
    const { code, lines, stderr } = await ask(folder, '--route', TOPIC);
    assert.deepEqual(lines, [
      `routed: a message on "${TOPIC}" becomes an event of the EventTopic "telemetry"`,
      '  1 client may publish it: oven',
      '',
      `delivered by all ${TO_ALL}`,
      `perhaps delivered by hot ${TO_HOT}`,
      '  yes  subject ends with "/temperature"',
      '  ?    data.Temp > 100',
      '  ?    priority is "high"',
      'not delivered by positions to the file positions.ndjson within the folder of --data',
      '  no  subject ends with "/position"',
      '',
      '? depends on the message: --payload JSON answers for its data',
    ]);
    assert.deepEqual([code, stderr], [0, '']);
  });

  test('evaluates a payload', async (t) => {
    const folder = folderOf(t, PLANT, SUBSCRIPTIONS);
    const hot = await ask(folder, '--route', TOPIC, '--payload', '{"Temp":"101"}');
    assert.ok(hot.lines.includes(`perhaps delivered by hot ${TO_HOT}`));
    assert.ok(hot.lines.includes('  yes  data.Temp > 100'));
    assert.equal(hot.lines.at(-1), '? depends on the properties of the message');
    const cold = await ask(folder, '--route', TOPIC, '--payload', '{"Temp":100}');
    assert.ok(cold.lines.includes(`not delivered by hot ${TO_HOT}`));
    assert.ok(cold.lines.includes('  no   data.Temp > 100'));
  });

  test('ends with 3 where no EventSubscription delivers, and none is there', async (t) => {
    const folder = folderOf(t, PLANT);
    const { code, lines } = await ask(folder, '--route', 'plant/oven/x');
    assert.deepEqual(lines.slice(1), [
      '  no client may publish it: --client NAME --publish "plant/oven/x" tells what one misses',
      '  no EventSubscription delivers it: declare an EventSubscription whose topicRef names ' +
        '"telemetry"',
    ]);
    assert.equal(code, 3);
    const [, , positions] = SUBSCRIPTIONS.split('---\n');
    const other = await ask(folderOf(t, PLANT, positions ?? ''), '--route', TOPIC);
    assert.match(other.stdout, /\nnot delivered by positions/);
    assert.equal(other.code, 3);
  });

  test('-o json is one line with all of it, and without what may be secret', async (t) => {
    const folder = folderOf(t, PLANT, SUBSCRIPTIONS);
    const { code, lines } = await ask(folder, '--route', TOPIC, '-o', 'json');
    assert.equal(lines.length, 1);
    assert.deepEqual(JSON.parse(lines[0] ?? ''), {
      namespace: 'plant',
      question: { operation: 'route', topic: TOPIC },
      publishers: ['oven'],
      routed: true,
      eventTopic: 'telemetry',
      subscriptions: [
        {
          name: 'all',
          verdict: 'Delivered',
          destination: { kafka: { brokers: ['a:1', 'b:2', 'c:3', 'd:4'], topic: 'events' } },
          conditions: [],
        },
        {
          name: 'hot',
          verdict: 'Depends',
          destination: { webhook: { url: 'https://a.example/in' } },
          deadLetter: { file: { path: '/var/dead.ndjson' } },
          conditions: [
            { condition: 'subject ends with "/temperature"', outcome: 'Satisfied' },
            { condition: 'data.Temp > 100', outcome: 'Unknown' },
            { condition: 'priority is "high"', outcome: 'Unknown' },
          ],
        },
        {
          name: 'positions',
          verdict: 'NotDelivered',
          destination: { file: { path: 'positions.ndjson' } },
          conditions: [{ condition: 'subject ends with "/position"', outcome: 'Unsatisfied' }],
        },
      ],
    });
    assert.equal(code, 0);
  });

  test('says that nothing is routed, and what to do, and ends with 3', async (t) => {
    const folder = folderOf(t, PLANT);
    const asked = ['--route', TOPIC, '--namespace', 'harbour'];
    const { code, lines } = await ask(folder, ...asked);
    assert.equal(lines[0], `not routed: a message on "${TOPIC}" becomes no event`);
    assert.equal(lines[1], '  because the MqttNamespace "harbour" states no routeTopicRef');
    assert.match(
      lines[2] ?? '',
      /^ {2}to route it: declare an EventTopic and name it there, .*made$/,
    );
    assert.equal(code, 3);
    const { stdout } = await ask(folder, ...asked, '-o', 'json');
    const answer = JSON.parse(stdout) as Record<string, unknown>;
    assert.deepEqual([answer['routed'], answer['publishers']], [false, []]);
    assert.match(String(answer['reason']), /no routeTopicRef/);
  });

  test('says that no message can have the topic', async (t) => {
    const { code, lines } = await ask(folderOf(t, PLANT), '--route', 'plant/+');
    assert.match(lines[1] ?? '', /because the topic name "plant\/\+" contains the wildcard/);
    assert.equal(code, 3);
  });

  test('tells what is refused on the way, and of nothing else', async (t) => {
    const refused = (name: string, topic: string) => `kind: EventSubscription
metadata: {name: ${name}}
spec:
  topicRef: {name: ${topic}}
  filter: {advancedFilters: [{operatorType: NumberIn, key: data.a, values: ['1']}]}
  destination: {file: {path: a}}
---
`;
    const folder = folderOf(t, PLANT, refused('one', 'telemetry'), refused('two', 'elsewhere'));
    const { code, stderr, stdout } = await ask(folder, '--route', TOPIC);
    assert.match(stderr, /EventSubscription\/one {2}spec\.filter\.advancedFilters\[0\]\.values/);
    assert.doesNotMatch(stderr, /EventSubscription\/two/);
    assert.match(stderr, /what is refused is not in force: see mqttgrid validate\n$/);
    assert.match(stdout, /no EventSubscription delivers it/);
    assert.equal(code, 3);
  });

  test('says that the EventTopic is not in force, and why', async (t) => {
    const folder = folderOf(t, PLANT.replace('kind: EventTopic', 'kind: EventTopik'));
    const { code, lines, stderr } = await ask(folder, '--route', TOPIC, '--namespace', 'plant');
    assert.equal(
      lines[1],
      '  because the EventTopic "telemetry" that it routes to is not in force',
    );
    assert.match(stderr, /MqttNamespace\/plant {2}spec\.routeTopicRef\.name {2}\[RefNotFound\]/);
    assert.equal(code, 3);
  });

  test('shows what a terminal would obey, and no more clients than a line takes', async (t) => {
    const many = Array.from({ length: 7 }, (_, index) => {
      return `kind: Client
metadata: {name: c${index}}
spec: {namespaceRef: {name: plant}, authentication: {certificateSubject: {commonName: c}}}
---
`;
    });
    const open = PLANT.replace('plant/${client.name}/temperature', '#');
    const hostile = SUBSCRIPTIONS.replace('/position}', '"\\e[31m"}').replace(
      'positions.nd',
      'é.nd',
    );
    const { lines } = await ask(folderOf(t, open, hostile, ...many), '--route', 'a');
    assert.equal(lines[1], '  8 clients may publish it: c0, c1, c2, c3, c4 and 3 more');
    assert.ok(lines.includes('  no  subject ends with "\\u001b[31m"'));
    assert.ok(
      lines.includes('not delivered by positions to the file é.ndjson within the folder of --data'),
    );
  });
});
