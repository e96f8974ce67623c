/** What `bench:cores` measures delivers what it is given: to lose messages would be cheap. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { clientName, writeCertificates } from './certificates.ts';
import type { RunningVariant } from './cores/variants.ts';
import { startVariant, VARIANTS } from './cores/variants.ts';
import { LoadClient, PUBLISH } from './load/client.ts';

/** Together more than a ring holds; under way at once is less, as in a measurement. */
const MESSAGES = 192;
const WINDOW = 16;
const PAYLOAD_BYTES = 65536;
const TOPIC = 'bench/numbers';

let folder = '';

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'mqttgrid-cores-'));
  await writeCertificates(folder, 3);
});

after(() => rmSync(folder, { recursive: true, force: true }));

function open({ port, ownPorts }: RunningVariant, client: number): Promise<LoadClient> {
  const name = clientName(client);
  const ports = { [name]: ownPorts[client % ownPorts.length]! };
  return LoadClient.open(name, { port, ports, certificates: folder, level: 4 });
}

/** The numbers that the client receives, in their order; resolves after so many. */
function receive(client: LoadClient, count: number): Promise<number[]> {
  const numbers: number[] = [];
  return new Promise((resolve, reject) => {
    client.listen({
      onFrame(bytes, start, body) {
        if (bytes[start]! >> 4 !== PUBLISH) return;
        numbers.push(bytes.readUInt32BE(client.payloadAt(bytes, start, body)));
        if (numbers.length === count) resolve(numbers);
      },
      onLost: (reason) => reject(new Error(reason)),
    });
  });
}

function send(client: LoadClient, numbers: readonly number[]): void {
  for (const number of numbers) {
    const { bytes, payloadAt } = client.publish(TOPIC, 0, PAYLOAD_BYTES);
    bytes.writeUInt32BE(number, payloadAt);
    client.socket.write(bytes);
  }
}

/** Each way of dividing the work and of handing over. */
const FLOORS = VARIANTS.filter(({ name }) => ['1', '3', '2-ring', '2+1'].includes(name));

for (const variant of FLOORS) {
  test(`${variant.describes}: subscribers in every thread get each message once, in order`, async () => {
    const running = await startVariant(variant, { certificates: folder, clients: 3, folder });
    try {
      const subscribers = await Promise.all([0, 1].map((client) => open(running, client)));
      for (const subscriber of subscribers) {
        await subscriber.connect(true);
        await subscriber.subscribe(TOPIC, 1);
      }
      const publisher = await open(running, 2);
      await publisher.connect(true);
      for (let first = 0; first < MESSAGES; first += WINDOW) {
        const numbers = Array.from({ length: WINDOW }, (_, index) => first + index);
        const received = subscribers.map((subscriber) => receive(subscriber, WINDOW));
        send(publisher, numbers);
        assert.deepEqual(await Promise.all(received), [numbers, numbers]);
      }
      await Promise.all([publisher, ...subscribers].map((client) => client.disconnect()));
    } finally {
      await running.stop();
    }
  });
}
