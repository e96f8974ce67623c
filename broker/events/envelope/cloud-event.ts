import type { AttributeValue } from './attributes.ts';
import type { EventData } from './event-data.ts';

const END = Buffer.from('}');

/** An event of CloudEvents 1.0; it is made once for a message, and read by every subscription. */
export class CloudEvent {
  readonly id: string;
  readonly type: string;
  readonly source: string;
  readonly subject: string | undefined;
  /** The MQTT topic. */
  readonly topic: string;
  readonly #attributes: ReadonlyMap<string, AttributeValue>;
  readonly #data: EventData | undefined;
  #json: Buffer | undefined;

  /** The attributes are valid, those that are required are there, and so is `mqtttopic`. */
  constructor(attributes: ReadonlyMap<string, AttributeValue>, data: EventData | undefined) {
    this.#attributes = attributes;
    this.#data = data;
    this.id = String(attributes.get('id'));
    this.type = String(attributes.get('type'));
    this.source = String(attributes.get('source'));
    this.subject = attributes.get('subject') as string | undefined;
    this.topic = String(attributes.get('mqtttopic'));
  }

  /** Of any attribute, extensions included; undefined: the event has none of that name. */
  attribute(name: string): AttributeValue | undefined {
    return this.#attributes.get(name);
  }

  /** The data as JSON has it, undefined where it is binary or there is none. */
  data(): unknown {
    return this.#data?.value();
  }

  /** The event in the JSON event format, in UTF-8 and without line breaks. */
  json(): Buffer {
    return (this.#json ??= this.#write());
  }

  #write(): Buffer {
    const members = Array.from(
      this.#attributes,
      ([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`,
    );
    const data = this.#data;
    if (data === undefined) return Buffer.from(`{${members.join(',')}}`);
    const head = Buffer.from(`{${members.join(',')},"${data.name}":`);
    return Buffer.concat([head, data.json(), END]);
  }
}
