/** A steady stream of messages from one client to another, and how late the latest of them was. */
import { parentPort, workerData } from 'node:worker_threads';
import { systemClock } from '../../../broker/clock.ts';
import { LoadClient, PUBLISH } from '../load/client.ts';
import type { SteadyOptions, ToSteady } from './steady.ts';

const { port, certificates, publisher, subscriber, topic, intervalMs } =
  workerData as SteadyOptions;
const PAYLOAD_BYTES = 16;

const target = { port, certificates, level: 5 } as const;
const receiver = await LoadClient.open(subscriber, target);
await receiver.connect(true);
await receiver.subscribe(topic, 0);
const sender = await LoadClient.open(publisher, target);
await sender.connect(true);

let latestMs = 0;
let received = 0;
let lost: string | undefined;
const onLost = (reason: string): void => void (lost = reason);
receiver.listen({
  onFrame(bytes, start, body) {
    if (bytes[start]! >> 4 !== PUBLISH) return;
    const sentMs = bytes.readDoubleBE(receiver.payloadAt(bytes, start, body));
    latestMs = Math.max(latestMs, performance.now() - sentMs);
    received++;
  },
  onLost,
});
sender.listen({ onFrame: () => undefined, onLost });

const { bytes, payloadAt } = sender.publish(topic, 0, PAYLOAD_BYTES);
const stop = systemClock.every(intervalMs, () => {
  const frame = Buffer.from(bytes);
  frame.writeDoubleBE(performance.now(), payloadAt);
  sender.socket.write(frame);
});

parentPort!.on('message', (message: ToSteady) => {
  if (message === 'end') {
    stop();
    receiver.socket.destroy();
    sender.socket.destroy();
    parentPort!.close();
    return;
  }
  parentPort!.postMessage({ latestMs, received, lost });
  latestMs = 0;
  received = 0;
});
parentPort!.postMessage('running');
