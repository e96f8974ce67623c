/** The data of an event, as CloudEvents JSON format 1.0, 3.1 has it in the event's JSON. */
import { isUtf8 } from 'node:buffer';
import { onOneLine, parseJson, withoutByteOrderMark } from './json-text.ts';

export interface EventData {
  /** The member that holds it. */
  readonly name: 'data' | 'data_base64';
  /** That member's value, on one line. */
  json(): Buffer;
  /** What filters see: undefined where it is binary. */
  value(): unknown;
}

export function binaryData(bytes: Buffer): EventData {
  return {
    name: 'data_base64',
    json: () => Buffer.from(`"${bytes.toString('base64')}"`, 'latin1'),
    value: () => undefined,
  };
}

/** What is no UTF-8 can only be binary, whatever it was said to be. */
export function textData(bytes: Buffer): EventData {
  return isUtf8(bytes) ? new TextData(withoutByteOrderMark(bytes)) : binaryData(bytes);
}

/** Data that was found in the member of that name; the JSON is valid and on one line. */
export function encodedData(name: EventData['name'], json: Buffer): EventData {
  return {
    name,
    json: () => json,
    value: () => (name === 'data' ? (JSON.parse(json.toString()) as unknown) : undefined),
  };
}

/** JSON where it is JSON, else a JSON string; looked at when somebody asks, and then once. */
class TextData implements EventData {
  readonly name = 'data';
  readonly #bytes: Buffer;
  #parsed: { readonly value: unknown; readonly isJson: boolean } | undefined;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  json(): Buffer {
    const { value, isJson } = this.#parse();
    return isJson ? onOneLine(this.#bytes) : Buffer.from(JSON.stringify(value));
  }

  value(): unknown {
    return this.#parse().value;
  }

  #parse(): { readonly value: unknown; readonly isJson: boolean } {
    if (this.#parsed !== undefined) return this.#parsed;
    const parsed = parseJson(this.#bytes);
    this.#parsed =
      parsed === undefined
        ? { value: this.#bytes.toString(), isJson: false }
        : { value: parsed.value, isJson: true };
    return this.#parsed;
  }
}
