/**
 * One client of an example: says what it does, and fails when what it waits for does not come.
 */
import type { IClientPublishOptions, IPublishPacket, MqttClient, Packet } from 'mqtt';

/** Everything happens on one machine: what takes longer than this does not come. */
const WAIT_MS = 10_000;

export interface Message {
  readonly topic: string;
  readonly payload: string;
  readonly properties: IPublishPacket['properties'];
}

export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

function reasonStringOf(packet: Packet | undefined): string | undefined {
  const answers = packet?.cmd === 'suback' || packet?.cmd === 'puback';
  return answers ? packet.properties?.reasonString : undefined;
}

/** `0x87 <the broker's Reason String>` in MQTT 5; 3.1.1 has no word for why. */
function describeRefusal(code: number, reasonString: string | undefined): string {
  const hex = `0x${code.toString(16)}`;
  return reasonString === undefined ? hex : `${hex} ${reasonString}`;
}

export class ExampleClient {
  readonly name: string;
  readonly #client: MqttClient;
  readonly #inbox: Message[] = [];
  #wake: () => void = () => undefined;
  #connected = false;

  constructor(name: string, client: MqttClient) {
    this.name = name;
    this.#client = client;
    client.on('message', (topic, payload, packet) => {
      this.#inbox.push({ topic, payload: payload.toString(), properties: packet.properties });
      this.#wake();
    });
  }

  async opened(): Promise<void> {
    await this.#settle<void>('connect', (done, fail) => {
      this.#client.once('connect', () => done());
      this.#client.once('error', fail);
    });
    this.#connected = true;
    this.#client.on('error', () => undefined);
  }

  async subscribe(filter: string): Promise<void> {
    const refusal = await this.#subscribe(filter);
    if (refusal !== undefined) throw new Error(`${this.name} may not read ${filter}: ${refusal}`);
    print(`${this.name} subscribed to ${filter}`);
  }

  async publish(topic: string, payload: string, options?: IClientPublishOptions): Promise<void> {
    const refusal = await this.#publish(topic, payload, options);
    if (refusal !== undefined) throw new Error(`${this.name} may not write ${topic}: ${refusal}`);
  }

  /** The next message that came, or will come. */
  async receive(): Promise<Message> {
    const message = await this.#settle<Message>('receive a message', (done) => {
      this.#wake = (): void => {
        const next = this.#inbox.shift();
        if (next !== undefined) done(next);
      };
      this.#wake();
    });
    this.#wake = (): void => undefined;
    return message;
  }

  /** For what the rules forbid: fails when the broker lets it happen. */
  async subscribeRefused(filter: string): Promise<void> {
    const refusal = await this.#subscribe(filter);
    if (refusal === undefined) throw new Error(`${this.name} was let subscribe to ${filter}`);
    print(`${this.name} was refused ${filter}: ${refusal}`);
  }

  /** For what the rules forbid. The broker closes the connection of who tries it. */
  async publishRefused(topic: string, payload: string): Promise<void> {
    const refusal = await this.#publish(topic, payload);
    if (refusal === undefined) throw new Error(`${this.name} was let publish to ${topic}`);
    print(`${this.name} was refused ${topic}: ${refusal}`);
  }

  /** Nothing may be left that nobody asked for. */
  expectNothingMore(): void {
    const more = this.#inbox[0];
    if (more !== undefined) throw new Error(`${this.name} received ${more.topic} as well`);
  }

  async end(): Promise<void> {
    await this.#client.endAsync(!this.#connected);
  }

  #subscribe(filter: string): Promise<string | undefined> {
    return this.#settle(`subscribe to ${filter}`, (done) => {
      this.#client.subscribe(filter, { qos: 1 }, (error, _granted, packet) => {
        const code = Number(packet?.granted[0] ?? 0x80);
        done(error === null ? undefined : describeRefusal(code, reasonStringOf(packet)));
      });
    });
  }

  #publish(
    topic: string,
    payload: string,
    options: IClientPublishOptions = {},
  ): Promise<string | undefined> {
    return this.#settle(`publish to ${topic}`, (done) => {
      this.#client.publish(topic, payload, { qos: 1, ...options }, (error, packet) => {
        if (!error) return done(undefined);
        const code = 'code' in error ? Number(error.code) : 0x80;
        done(describeRefusal(code, reasonStringOf(packet)));
      });
    });
  }

  /** Waits for what `begin` starts, and no longer than the connection lives. */
  #settle<Value>(
    what: string,
    begin: (done: (value: Value) => void, fail: (error: Error) => void) => void,
  ): Promise<Value> {
    return new Promise((resolve, reject) => {
      const stop = (reason: string) => (): void => {
        settled();
        reject(new Error(`${this.name} could not ${what}: ${reason}`));
      };
      const closed = stop('the broker closed the connection');
      const timer = setTimeout(stop(`nothing came in ${WAIT_MS / 1000} seconds`), WAIT_MS);
      const settled = (): void => {
        clearTimeout(timer);
        this.#client.off('close', closed);
      };
      this.#client.on('close', closed);
      begin(
        (value) => {
          settled();
          resolve(value);
        },
        (error) => stop(error.message)(),
      );
    });
  }
}
