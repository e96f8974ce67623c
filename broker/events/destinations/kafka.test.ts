/** What strangers may answer in the place of Kafka. */
import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { within } from '../../../test/support/within.ts';
import type { OutboundEvent, Outcome } from './destination.ts';
import { openKafka } from './kafka.ts';

const ANSWER_MS_MAX = 20_000;
const EVENT: OutboundEvent = { id: '1', subject: 's', topic: 's', json: Buffer.from('{}') };
const SASL: Readonly<Record<string, string>> = {
  mechanism: 'SCRAM-SHA-256',
  username: 'u',
  password: 'hunter2',
};

/** The bytes that answer a request; undefined: none, ever. */
type Answer = (request: Request, socket: Socket) => Buffer | undefined;

interface Request {
  readonly key: number;
  readonly version: number;
  readonly port: number;
  readonly correlation: number;
  readonly body: Buffer;
}

async function listen(t: TestContext, onSocket: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => undefined));
    onSocket(socket);
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

/** Something that frames as Kafka does, and answers what it likes. */
async function listenAsKafka(t: TestContext, answer: Answer): Promise<number> {
  const port: number = await listen(t, (socket) => {
    let bytes = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => {
      bytes = Buffer.concat([bytes, chunk]);
      while (bytes.length >= 4 && bytes.length >= 4 + bytes.readInt32BE(0)) {
        const [key, version] = [bytes.readInt16BE(4), bytes.readInt16BE(6)];
        const end = 4 + bytes.readInt32BE(0);
        const body = bytes.subarray(12, end);
        const request = { key, version, correlation: bytes.readInt32BE(8), port, body };
        bytes = bytes.subarray(end);
        const written = answer(request, socket);
        if (written !== undefined) socket.write(written);
      }
    });
  });
  return port;
}

function framed(correlation: number, ...parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  return Buffer.concat([int32(4 + body.length), int32(correlation), body]);
}

function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeInt16BE(value);
  return bytes;
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

function string(text: string): Buffer {
  return Buffer.concat([int16(Buffer.byteLength(text)), Buffer.from(text)]);
}

const APIS: [number, number, number][] = [
  [0, 3, 7],
  [3, 0, 5],
  [17, 0, 1],
  [36, 0, 0],
];

/** Version 1 is asked for before SASL; 3, which is compact and has tags, by others. */
function versions(version: number): Buffer {
  const entries = APIS.map((entry) => Buffer.concat(entry.map(int16)));
  if (version < 3) return Buffer.concat([int16(0), int32(APIS.length), ...entries, int32(0)]);
  const tagged = entries.flatMap((entry) => [entry, Buffer.of(0)]);
  const count = Buffer.of(APIS.length + 1);
  return Buffer.concat([int16(0), count, ...tagged, int32(0), Buffer.of(0)]);
}

function metadata(port: number, partitions: readonly Buffer[], host = '127.0.0.1'): Buffer {
  const broker = [int32(1), int32(7), string(host), int32(port), int16(-1)];
  const topic = [int32(1), int16(0), string('t'), Buffer.of(0), int32(partitions.length)];
  return Buffer.concat([int32(0), ...broker, int16(-1), int32(7), ...topic, ...partitions]);
}

function partition(index: number, leader = 7): Buffer {
  const replicas = [int32(0), int32(0), int32(0)];
  return Buffer.concat([int16(0), int32(index), int32(leader), ...replicas]);
}

/** Of version 7. */
function produced(index: number, errorCode = 0): Buffer {
  const result = [int32(index), int16(errorCode), Buffer.alloc(24)];
  return Buffer.concat([int32(1), string('t'), int32(1), ...result, int32(0)]);
}

const wellBehaved: Answer = ({ key, version, correlation, port }) => {
  if (key === 18) return framed(correlation, versions(version));
  if (key === 3) return framed(correlation, metadata(port, [partition(0)]));
  return framed(correlation, produced(0));
};

async function outcomeAt(port: number, sasl = false, signal?: AbortSignal): Promise<Outcome> {
  const secrets = { read: (_: string, key: string) => Buffer.from(SASL[key] ?? '') };
  const declared = { brokers: [`127.0.0.1:${port}`], topic: 't' };
  const destination = openKafka(sasl ? { ...declared, saslSecretName: 'x' } : declared, {
    secrets,
  });
  try {
    const given = signal ?? new AbortController().signal;
    return await within(ANSWER_MS_MAX, 'outcome', destination.deliver([EVENT], given));
  } finally {
    await within(ANSWER_MS_MAX, 'close', destination.close());
  }
}

async function assertFails(port: number, words: RegExp, sasl = false): Promise<void> {
  const outcome = await outcomeAt(port, sasl);
  assert.equal(outcome.type, 'Failed', JSON.stringify(outcome));
  assert.match(outcome.cause, words);
  assert.ok(!outcome.cause.includes('hunter2'));
}

test('what answers as Kafka would is taken for it', async (t) => {
  assert.deepEqual(await outcomeAt(await listenAsKafka(t, wellBehaved)), { type: 'Delivered' });
});

test('what is no Kafka is told, by its first bytes if it must be', async (t) => {
  const http = Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n');
  const cases: [Buffer, RegExp][] = [
    [http, /not Kafka's protocol \(it begins 0x48545450\): is it the port of a broker\?/],
    [Buffer.from([0x15, 3, 3, 0, 2, 2, 70]), /speaks TLS: state tls/],
    [Buffer.alloc(5), /not Kafka's protocol/],
    [int32(-1), /not Kafka's protocol/],
    [Buffer.from([0, 0, 0, 4, 0, 0, 0, 99]), /not Kafka's protocol/],
  ];
  for (const [bytes, words] of cases) {
    await assertFails(await listen(t, (socket) => socket.write(bytes)), words);
    await assertFails(await listenAsKafka(t, () => bytes), words);
  }
  await assertFails(await listen(t, (socket) => socket.end()), /closed the connection/);
  await assertFails(await listen(t, (socket) => socket.resetAndDestroy()), /closed the connection/);
});

test('lies about brokers and partitions are told, and nobody is led astray', async (t) => {
  const lies: [(port: number) => Buffer, RegExp][] = [
    [(port) => metadata(port, []), /the Kafka client failed: /],
    [(port) => metadata(port, [partition(5)]), /the Kafka client failed: /],
    [(port) => metadata(port, [partition(0, 8)]), /no leader at the moment/],
    [
      (port) => metadata(port, [partition(0)], 'a\nb'),
      /a broker has a name that DNS does not know/,
    ],
    [() => metadata(70_000, [partition(0)]), /cannot be talked to|the Kafka client failed/],
    [() => Buffer.concat([int32(0), int32(0x7fffffff), Buffer.alloc(64)]), /cut off/],
    [() => Buffer.alloc(3), /cut off/],
  ];
  for (const [lie, words] of lies) {
    const port = await listenAsKafka(t, (request, socket) =>
      request.key === 3
        ? framed(request.correlation, lie(request.port))
        : wellBehaved(request, socket),
    );
    await assertFails(port, words);
  }
});

test('an answer to something else than what was sent is no delivery', async (t) => {
  for (const body of [produced(3), int32(0), Buffer.alloc(2)]) {
    const port = await listenAsKafka(t, (request, socket) =>
      request.key === 0 ? framed(request.correlation, body) : wellBehaved(request, socket),
    );
    await assertFails(port, /not to what was sent|cut off/);
  }
});

test('codes become words, with what would mend it', async (t) => {
  const cases: [number, RegExp][] = [
    [19, /min\.insync\.replicas/],
    [29, /allow it Describe and Write/],
    [7, /did not confirm in time/],
    [12345, /the Kafka client failed: /],
  ];
  for (const [code, words] of cases) {
    const port = await listenAsKafka(t, (request, socket) =>
      request.key === 0
        ? framed(request.correlation, produced(0, code))
        : wellBehaved(request, socket),
    );
    await assertFails(port, words);
  }
});

test('a leader that moved is looked for once more, before anybody waits', async (t) => {
  let asked = 0;
  const port = await listenAsKafka(t, (request, socket) => {
    if (request.key !== 0) return wellBehaved(request, socket);
    asked += 1;
    return framed(request.correlation, produced(0, asked === 1 ? 6 : 0));
  });
  assert.deepEqual(await outcomeAt(port), { type: 'Delivered' });
  assert.equal(asked, 2);
});

test('who breaks SCRAM, or resets in the middle of it, is refused', async (t) => {
  const handshake: Answer = ({ key, version, correlation }) =>
    key === 18
      ? framed(correlation, versions(version))
      : framed(correlation, int16(0), int32(1), string('SCRAM-SHA-256'));
  for (const token of ['', 'boom', 'r=x,s=QQ==,i=4096', 'e=x']) {
    const port = await listenAsKafka(t, (request, socket) => {
      if (request.key !== 36) return handshake(request, socket);
      const bytes = Buffer.from(token);
      return framed(request.correlation, int16(0), int16(-1), int32(bytes.length), bytes);
    });
    await assertFails(port, /not of SCRAM|the Kafka client failed: /, true);
  }
  const wrong = framed(0, int16(58), int16(-1), int32(0));
  const port = await listenAsKafka(t, (request, socket) => {
    if (request.key !== 36) return handshake(request, socket);
    wrong.writeInt32BE(request.correlation, 4);
    setTimeout(() => socket.resetAndDestroy(), 1);
    return wrong;
  });
  await assertFails(port, /does not accept username and password|closed the connection/, true);
});

test('what ends the client is told, and the next call has another', async (t) => {
  let calls = 0;
  const port = await listenAsKafka(t, (request, socket) => {
    if (request.key !== 3) return wellBehaved(request, socket);
    calls += 1;
    const partitions = calls % 2 === 1 ? [] : [partition(0)];
    return framed(request.correlation, metadata(request.port, partitions));
  });
  const secrets = { read: () => undefined };
  const destination = openKafka({ brokers: [`127.0.0.1:${port}`], topic: 't' }, { secrets });
  t.after(() => destination.close());
  const { signal } = new AbortController();
  const first = await within(ANSWER_MS_MAX, 'outcome', destination.deliver([EVENT], signal));
  assert.equal(first.type, 'Failed');
  assert.match(first.cause, /the Kafka client failed/);
  const second = await within(ANSWER_MS_MAX, 'outcome', destination.deliver([EVENT], signal));
  assert.deepEqual(second, { type: 'Delivered' });
});

test('an answer without end is cut off', async (t) => {
  const port = await listenAsKafka(t, (request, socket) =>
    request.key === 3
      ? Buffer.concat([
          int32(0x7fffffff),
          int32(request.correlation),
          Buffer.alloc(3 * 1024 * 1024),
        ])
      : wellBehaved(request, socket),
  );
  await assertFails(port, /not Kafka's protocol \(it has more than 2097152 B\)/);
});

test('a user who is refused is not tried again, by whatever broker', async (t) => {
  let tried = 0;
  const port = await listenAsKafka(t, ({ key, version, correlation }) => {
    if (key === 18) return framed(correlation, versions(version));
    if (key === 17) return framed(correlation, int16(0), int32(1), string('PLAIN'));
    tried += 1;
    return framed(correlation, int16(58), int16(-1), int32(0));
  });
  const brokers = [`127.0.0.1:${port}`, `localhost:${port}`, `[::ffff:127.0.0.1]:${port}`];
  const values: Record<string, string> = { ...SASL, mechanism: 'PLAIN' };
  const secrets = { read: (_: string, key: string) => Buffer.from(values[key]!) };
  const destination = openKafka({ brokers, topic: 't', saslSecretName: 'x' }, { secrets });
  t.after(() => destination.close());
  const delivered = destination.deliver([EVENT], new AbortController().signal);
  const outcome = await within(ANSWER_MS_MAX, 'outcome', delivered);
  assert.equal(outcome.type, 'Failed');
  assert.match(outcome.cause, /does not accept username and password/);
  assert.equal(tried, 1);
});

test('who asks for SCRAM without end is refused', async (t) => {
  const port = await listenAsKafka(t, ({ key, version, correlation, body }) => {
    if (key === 18) return framed(correlation, versions(version));
    if (key === 17) return framed(correlation, int16(0), int32(1), string('SCRAM-SHA-256'));
    const nonce = /r=([^,]+)$/.exec(body.toString())![1]!;
    const token = Buffer.from(`r=${nonce}x,s=QUFBQQ==,i=2000000000`);
    return framed(correlation, int16(0), int16(-1), int32(token.length), token);
  });
  await assertFails(port, /2000000000 iterations of SCRAM are asked for, 100000 allowed/, true);
});

test('whatever bytes come, there is an outcome', async (t) => {
  let bodies: Map<number, Buffer> = new Map();
  const port = await listenAsKafka(t, (request, socket) => {
    const body = bodies.get(request.key);
    return body === undefined ? wellBehaved(request, socket) : framed(request.correlation, body);
  });
  const keys = fc.constantFrom(18, 3, 0);
  const noise = fc.uint8Array({ maxLength: 80 }).map((bytes) => Buffer.from(bytes));
  const flips = fc.array(fc.tuple(fc.nat(60), fc.nat(255)), { minLength: 1, maxLength: 4 });
  const originals: Record<number, Buffer> = {
    ...{ 18: versions(3), 3: metadata(port, [partition(0)]), 0: produced(0) },
  };
  const mutated = fc.tuple(keys, flips).map(([key, changes]) => {
    const body = Buffer.from(originals[key]!);
    for (const [at, byte] of changes) {
      // A port that nobody listens at would only cost time.
      const isAddress = key === 3 && at % body.length >= 8 && at % body.length < 27;
      if (!isAddress) body[at % body.length] = byte;
    }
    return [key, body] as const;
  });
  const secrets = { read: () => undefined };
  const destination = openKafka({ brokers: [`127.0.0.1:${port}`], topic: 't' }, { secrets });
  t.after(() => destination.close());
  await fc.assert(
    fc.asyncProperty(fc.oneof(fc.tuple(keys, noise), mutated), async ([key, body]) => {
      bodies = new Map([[key, body]]);
      const given = new AbortController().signal;
      const delivered = destination.deliver([EVENT], given);
      const outcome = await within(ANSWER_MS_MAX, 'outcome', delivered);
      assert.ok(['Delivered', 'Failed', 'Rejected'].includes(outcome.type));
    }),
    { numRuns: 60 },
  );
});

test('who does not answer is waited for until the caller has enough', async (t) => {
  for (const silent of [18, 3, 0]) {
    const caller = new AbortController();
    const port = await listenAsKafka(t, (request, socket) => {
      if (request.key !== silent) return wellBehaved(request, socket);
      caller.abort();
      return undefined;
    });
    const outcome = await outcomeAt(port, false, caller.signal);
    assert.equal(outcome.type, 'Failed');
    assert.match(outcome.cause, /delivery was ended/);
  }
});

test('nothing runs on in the thread once it is closed', async (t) => {
  for (const answer of [wellBehaved, () => undefined]) {
    const port = await listenAsKafka(t, answer);
    const module = new URL('./kafka.ts', import.meta.url).href;
    const script = `
      const { openKafka } = await import('${module}');
      const declared = { brokers: ['127.0.0.1:${port}'], topic: 't' };
      const destination = openKafka(declared, { secrets: { read() {} } });
      const event = { id: '1', subject: 's', topic: 's', json: Buffer.from('{}') };
      const caller = new AbortController();
      setTimeout(() => caller.abort(), 100);
      const outcome = destination.deliver([event], caller.signal);
      setTimeout(() => destination.close(), 200);
      await outcome;
    `;
    const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(script)}`));
    t.after(() => worker.terminate());
    const ended = new Promise((resolve, reject) => {
      worker.once('exit', resolve);
      worker.once('error', reject);
    });
    assert.equal(await within(ANSWER_MS_MAX, 'the end of the thread', ended), 0);
  }
});
