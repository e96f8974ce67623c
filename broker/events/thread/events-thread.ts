/** The thread that delivers events: what is slow about them is slow here, not where clients are. */
import { randomInt } from 'node:crypto';
import { parentPort, workerData } from 'node:worker_threads';
import { compileFilter } from '../../../domain/event-filter/compile-filter.ts';
import { systemClock } from '../../clock.ts';
import { openDestination } from '../destinations/open-destination.ts';
import type { CloudEvent } from '../envelope/cloud-event.ts';
import { envelope } from '../envelope/envelope.ts';
import { unpackMessages } from '../message-pack.ts';
import { openSecrets } from '../secrets-reader.ts';
import type { Secrets } from '../secrets.ts';
import type { EventsThreadData, FromEvents, ToEvents } from '../thread-messages.ts';
import { EventDeliverer } from './event-deliverer.ts';

const port = parentPort!;
const { secrets: source, storeId } = workerData as EventsThreadData;

const RANDOM_STEPS = 2 ** 32;

function tell(message: FromEvents): void {
  port.postMessage(message);
}

const NO_SECRETS: Secrets = { read: () => undefined };

const parts = {
  secrets: source === undefined ? NO_SECRETS : openSecrets(source, systemClock),
  clock: systemClock,
  random: () => randomInt(RANDOM_STEPS) / RANDOM_STEPS,
};

const deliverer = new EventDeliverer<CloudEvent>({
  ...parts,
  toEvent: (message, namespace) => envelope(message, { source: namespace, storeId }),
  compileFilter,
  openDestination: (declared) => openDestination(declared, parts),
  tell,
});

async function close(): Promise<void> {
  await deliverer.close();
  tell({ type: 'closed' });
  port.close();
}

port.on('message', (message: ToEvents) => {
  switch (message.type) {
    case 'configure':
      return deliverer.configure(message);
    case 'messages':
      deliverer.take(unpackMessages(message.bytes), message.skippedUpTo);
      return tell({ type: 'taken', bytes: message.bytes.length });
    case 'page':
      return deliverer.takePage(unpackMessages(message.bytes), message);
    case 'giveUp':
      return deliverer.giveUp(message);
    case 'close':
      return void close();
  }
});
