/** The thread that delivers events, as the broker's main thread sees it. */
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { EventsThreadData, FromEvents, ToEvents } from './thread-messages.ts';

/** A compiler does not see that this is a file of ours, which is compiled with this one. */
const THREAD = new URL(`./thread/events-thread${extname(import.meta.url)}`, import.meta.url);

export interface EventsThread {
  /** What is named in `transfer` is the thread's from now on. */
  tell(message: ToEvents, transfer?: readonly ArrayBuffer[]): void;
  terminate(): void;
}

export interface EventsThreadListener {
  readonly onTold: (message: FromEvents) => void;
  /** Called once; undefined: it ended by itself. */
  readonly onEnded: (error: Error | undefined) => void;
}

export type StartEventsThread = (
  data: EventsThreadData,
  listener: EventsThreadListener,
) => EventsThread;

export const startEventsThread: StartEventsThread = (workerData, { onTold, onEnded }) => {
  const worker = new Worker(THREAD, { workerData });
  let failure: Error | undefined;
  worker.on('message', onTold);
  worker.on('error', (error: Error) => (failure = error));
  worker.on('exit', () => onEnded(failure));
  return {
    tell: (message, transfer = []) => worker.postMessage(message, transfer),
    terminate: () => void worker.terminate(),
  };
};
