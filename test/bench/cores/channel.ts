/** Packed bytes on their way from one thread to another: by message, or by shared memory. */
import { MessageChannel, MessagePort } from 'node:worker_threads';
import { PackedWriter } from '../../../broker/packed-bytes.ts';
import type { Flushing } from '../relay.ts';
import { flushLater } from '../relay.ts';

export const MEANS = ['message', 'ring'] as const;
export type Means = (typeof MEANS)[number];

/** One thread's end of the way to another and back: a port, or shared memory. */
export type ChannelEnd = MessagePort | Rings;

interface Rings {
  readonly out: SharedArrayBuffer;
  readonly in: SharedArrayBuffer;
}

type Bytes = Uint8Array<ArrayBuffer>;

/** Far more than the windows of all publishers hold. */
const RING_BYTES = 4194304;
const CONTROL_BYTES = 128;
/** Places in the control words, in cache lines of their own. */
const WRITTEN = 0;
const READ = 16;
const LENGTH_BYTES = 4;

/** Both ends. A port that a thread is given and does not use is closed for both. */
export function newChannel(means: Means): [ChannelEnd, ChannelEnd] {
  if (means === 'message') {
    const { port1, port2 } = new MessageChannel();
    return [port1, port2];
  }
  const [there, back] = [newRing(), newRing()];
  return [
    { out: there, in: back },
    { out: back, in: there },
  ];
}

function newRing(): SharedArrayBuffer {
  return new SharedArrayBuffer(CONTROL_BYTES + RING_BYTES);
}

/** Gathers what one turn of the event loop has for another thread, and sends it as one. */
export class Outbound implements Flushing {
  readonly #writer = new PackedWriter();
  readonly #post: (bytes: Bytes) => void;

  constructor(end: ChannelEnd) {
    this.#post =
      end instanceof MessagePort
        ? (bytes) => end.postMessage(bytes, [bytes.buffer])
        : ringWriter(end.out);
  }

  add(bytes: Uint8Array, number?: number): void {
    if (this.#writer.length === 0) flushLater(this);
    if (number !== undefined) this.#writer.number(number);
    this.#writer.bytes(bytes);
  }

  flush(): void {
    this.#post(this.#writer.finish());
  }
}

export function listen(end: ChannelEnd, take: (bytes: Bytes) => void): void {
  if (end instanceof MessagePort) end.on('message', take);
  else void readRing(end.in, take);
}

interface Ring {
  readonly control: Int32Array;
  readonly bytes: Buffer;
}

function ringOf(memory: SharedArrayBuffer): Ring {
  return {
    control: new Int32Array(memory, 0, CONTROL_BYTES / 4),
    bytes: Buffer.from(memory, CONTROL_BYTES, RING_BYTES),
  };
}

/** Positions count all bytes ever written, modulo 2^32, which RING_BYTES divides. */
function ringWriter(memory: SharedArrayBuffer): (bytes: Bytes) => void {
  const { control, bytes: ring } = ringOf(memory);
  const waiting: Bytes[] = [];
  const length = Buffer.alloc(LENGTH_BYTES);
  let written = 0;
  const put = (bytes: Uint8Array): void => {
    const at = (written >>> 0) % RING_BYTES;
    const first = Math.min(bytes.length, RING_BYTES - at);
    ring.set(bytes.subarray(0, first), at);
    if (first < bytes.length) ring.set(bytes.subarray(first), 0);
    written = (written + bytes.length) | 0;
  };
  const write = (): void => {
    const before = written;
    while (waiting.length > 0) {
      const used = (written - Atomics.load(control, READ)) >>> 0;
      if (used + LENGTH_BYTES + waiting[0]!.length > RING_BYTES) break;
      const bytes = waiting.shift()!;
      length.writeUInt32BE(bytes.length);
      put(length);
      put(bytes);
    }
    if (written !== before) {
      Atomics.store(control, WRITTEN, written);
      Atomics.notify(control, WRITTEN);
    }
    if (waiting.length > 0) setImmediate(write);
  };
  return (bytes) => {
    waiting.push(bytes);
    if (waiting.length === 1) write();
  };
}

async function readRing(memory: SharedArrayBuffer, take: (bytes: Bytes) => void): Promise<never> {
  const { control, bytes: ring } = ringOf(memory);
  let read = 0;
  const get = (count: number): Bytes => {
    const at = (read >>> 0) % RING_BYTES;
    const first = Math.min(count, RING_BYTES - at);
    const bytes = new Uint8Array(count);
    bytes.set(ring.subarray(at, at + first));
    if (first < count) bytes.set(ring.subarray(0, count - first), first);
    read = (read + count) | 0;
    return bytes;
  };
  for (;;) {
    const written = Atomics.load(control, WRITTEN);
    if (written === read) {
      const { async, value } = Atomics.waitAsync(control, WRITTEN, written);
      if (async) await value;
      continue;
    }
    while (read !== written) {
      const length = Buffer.from(get(LENGTH_BYTES).buffer).readUInt32BE();
      take(get(length));
    }
    Atomics.store(control, READ, read);
  }
}
