/**
 * MQTT clients that others wrote, behind one face: what a test asks of one, it asks of all.
 */
import { eventually } from './within.ts';

/** 4 is MQTT 3.1.1, as in the CONNECT packet. */
export type ProtocolVersion = 4 | 5;

export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface PeerOptions {
  readonly clientId: string;
  readonly version: ProtocolVersion;
  /** `mqtts://127.0.0.1:PORT` */
  readonly endpoint: string;
  /** Where to connect; the endpoint's name is then only what the server's certificate is for. */
  readonly dial?: Address | undefined;
  /** Paths. */
  readonly ca: string;
  readonly certificate?: string | undefined;
  readonly key?: string | undefined;
}

/** What came from the broker. Codes are as they stood in the packet. */
export type PeerEvent =
  | { readonly event: 'connack'; readonly code: number }
  | { readonly event: 'suback'; readonly code: number; readonly reason?: string | undefined }
  | { readonly event: 'puback'; readonly code: number; readonly reason?: string | undefined }
  | { readonly event: 'message'; readonly topic: string; readonly payload: string }
  | { readonly event: 'disconnect'; readonly code: number; readonly reason?: string | undefined }
  | { readonly event: 'close' };

export interface PeerConnection {
  subscribe(filter: string): void;
  publish(topic: string, payload: string, qos: 0 | 1): void;
  disconnect(): void;
}

/** One client library: starts to connect, and tells of everything that comes. */
export interface Peer {
  readonly name: string;
  connect(options: PeerOptions, emit: (event: PeerEvent) => void): PeerConnection;
}

const ANSWER_MS = 10_000;

type EventOf<Name extends PeerEvent['event']> = Extract<PeerEvent, { readonly event: Name }>;

export class PeerClient {
  readonly clientId: string;
  readonly #connection: PeerConnection;
  readonly #events: PeerEvent[] = [];
  readonly #messages: string[] = [];

  constructor(peer: Peer, options: PeerOptions) {
    this.clientId = options.clientId;
    this.#connection = peer.connect(options, (event) => {
      if (event.event === 'message') this.#messages.push(`${event.topic} ${event.payload}`);
      else this.#events.push(event);
    });
  }

  /** CONNACK's code. */
  async connected(): Promise<number> {
    const { code } = await this.next('connack');
    return code;
  }

  async subscribe(filter: string): Promise<EventOf<'suback'>> {
    this.#connection.subscribe(filter);
    return this.next('suback');
  }

  publish(topic: string, payload: string, qos: 0 | 1): void {
    this.#connection.publish(topic, payload, qos);
  }

  /** Publishes with QoS 1 what the rules allow. */
  async deliver(topic: string, payload: string): Promise<void> {
    this.publish(topic, payload, 1);
    const { code, reason } = await this.next('puback');
    if (code >= 0x80) throw new Error(`${this.clientId} may not publish to ${topic}: ${reason}`);
  }

  /** The next event of this name; those before it are dropped. */
  async next<Name extends PeerEvent['event']>(name: Name): Promise<EventOf<Name>> {
    const found = (): EventOf<Name> | undefined => {
      const index = this.#events.findIndex((event) => event.event === name);
      if (index < 0) return undefined;
      return this.#events.splice(0, index + 1).at(-1) as EventOf<Name>;
    };
    return this.#poll(`${name} of ${this.clientId}`, found);
  }

  /** What came up to the message, which is `topic payload`, and with it. Forgets them. */
  async messagesUntil(last: string): Promise<string[]> {
    return this.#poll(`"${last}" to ${this.clientId}`, () => {
      const index = this.#messages.indexOf(last);
      return index < 0 ? undefined : this.#messages.splice(0, index + 1);
    });
  }

  /** How many came that nobody took yet. */
  get waiting(): number {
    return this.#messages.length;
  }

  /** What came, beside messages, until the connection was closed. */
  async eventsBeforeClose(): Promise<PeerEvent[]> {
    return this.#poll(`the close of ${this.clientId}`, () => {
      const index = this.#events.findIndex((event) => event.event === 'close');
      return index < 0 ? undefined : this.#events.splice(0, index + 1).slice(0, -1);
    });
  }

  async end(): Promise<void> {
    this.#connection.disconnect();
    await this.next('close');
  }

  #poll<Value>(what: string, find: () => Value | undefined): Promise<Value> {
    return eventually(ANSWER_MS, what, find);
  }
}
