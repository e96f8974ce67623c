import type { LoadClient, PublishFrame } from './client.ts';
import { PUBACK } from './client.ts';
import type { MessagesJob } from './job.ts';
import type { PublisherPlan } from './plan.ts';

/** Payloads begin with when they were sent (a double) and by whom (its place in the plan). */
export const SENT_AT = 0;
export const SENT_BY = 8;

const PACKET_IDENTIFIER_MAX = 0xffff;

/** Milliseconds that all threads of this process agree on. */
export function nowMs(): number {
  return performance.timeOrigin + performance.now();
}

/** What publishers share: how far their messages came, counted by any thread. */
export interface Progress {
  /** Deliveries by publisher. */
  readonly delivered: Int32Array;
  /** A rate for everybody who has none, in messages a second each; 0: the closed loop. */
  readonly rate: () => number;
}

export class Publisher {
  readonly #client: LoadClient;
  readonly #plan: PublisherPlan;
  readonly #index: number;
  readonly #job: MessagesJob;
  readonly #progress: Progress;
  /** As many frames as may be on their way, so that none is changed before it was read. */
  readonly #frames: PublishFrame[] = [];
  #sent = 0;
  #acknowledged = 0;
  #rate = 0;
  /** When and after how many messages the rate began. */
  #since = { ms: 0, sent: 0 };
  /** In the queue of those that may send. */
  queued = false;

  constructor(client: LoadClient, index: number, plan: PublisherPlan, more: PublisherContext) {
    this.#client = client;
    this.#index = index;
    this.#plan = plan;
    this.#job = more.job;
    this.#progress = more.progress;
    client.listen({
      onFrame: (bytes, start, body, end) => {
        if (bytes[start]! >> 4 === PUBACK) this.#acknowledge(bytes, body, end);
        else more.onLost(`${client.name}: an unexpected packet of type ${bytes[start]! >> 4}`);
      },
      onChunk: () => more.onProgress(this),
      onLost: (reason) => more.onLost(`${client.name}: ${reason}`),
    });
  }

  get maySend(): boolean {
    const { window, qos } = this.#job;
    const { receivers } = this.#plan;
    const delivered = Atomics.load(this.#progress.delivered, this.#index);
    // Counters wrap around after 2^31 deliveries, differences do not.
    if (((this.#sent * receivers - delivered) | 0) >= window * receivers) return false;
    if (qos === 1 && this.#sent - this.#acknowledged >= window) return false;
    return this.#isDue();
  }

  send(): void {
    const { qos, window } = this.#job;
    const frame = (this.#frames[this.#sent % window] ??= this.#newFrame());
    const { bytes, payloadAt } = frame;
    if (qos === 1) {
      bytes.writeUInt16BE(1 + (this.#sent % PACKET_IDENTIFIER_MAX), frame.identifierAt);
    }
    bytes.writeDoubleBE(nowMs(), payloadAt + SENT_AT);
    this.#sent++;
    this.#client.socket.write(bytes);
  }

  disconnect(): Promise<void> {
    return this.#client.disconnect();
  }

  #newFrame(): PublishFrame {
    const { qos, payloadBytes } = this.#job;
    const frame = this.#client.publish(this.#plan.topic, qos, payloadBytes);
    frame.bytes.writeUInt32BE(this.#index, frame.payloadAt + SENT_BY);
    return frame;
  }

  #isDue(): boolean {
    const rate = this.#plan.rate ?? this.#progress.rate();
    if (rate === 0) return true;
    const now = nowMs();
    if (rate !== this.#rate) {
      this.#rate = rate;
      // Not all at once: each begins at its own place within the interval.
      this.#since = { ms: now + ((this.#index * 0.618) % 1) * (1000 / rate), sent: this.#sent };
    }
    return this.#sent - this.#since.sent < ((now - this.#since.ms) / 1000) * rate;
  }

  #acknowledge(bytes: Buffer, body: number, end: number): void {
    this.#acknowledged++;
    const code = end - body > 2 ? bytes[body + 2]! : 0;
    if (code >= 0x80) throw new Error(`${this.#client.name}: PUBACK with reason code ${code}`);
  }
}

export interface PublisherContext {
  readonly job: MessagesJob;
  readonly progress: Progress;
  readonly onProgress: (publisher: Publisher) => void;
  readonly onLost: (reason: string) => void;
}
