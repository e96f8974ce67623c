/**
 * The thread of one Kafka destination. It has a client that others wrote, and that was not made for
 * hostile answers: whatever it throws, and however much memory it takes, ends this thread alone.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { asStated } from './kafka-failure.ts';
import { unpackRecords } from './kafka-messages.ts';
import type { FromKafka, KafkaAccess, KafkaThreadData, ToKafka } from './kafka-messages.ts';
import type { StatedFailure } from './kafka-messages.ts';
import { KafkaWriter } from './kafka-writer.ts';

const port = parentPort!;
let answer: (access: KafkaAccess | StatedFailure) => void = () => undefined;

function tell(message: FromKafka): void {
  port.postMessage(message);
}

function askForAccess(): Promise<KafkaAccess | StatedFailure> {
  const { promise, resolve } = Promise.withResolvers<KafkaAccess | StatedFailure>();
  answer = resolve;
  tell({ type: 'ask' });
  return promise;
}

const writer = new KafkaWriter(workerData as KafkaThreadData, {
  ask: askForAccess,
  giveUp: (failure) => tell({ type: 'giveUp', failure: asStated(failure) }),
});

async function write(bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  const failure = await writer.write(unpackRecords(bytes)).then(() => undefined, asStated);
  tell({ type: 'outcome', failure });
}

port.on('message', (message: ToKafka) => {
  if (message.type === 'access') answer(message.access);
  else void write(message.bytes);
});
