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

/** JSON where it is JSON, else a JSON string; looked at when somebody asks. */
class TextData implements EventData {
  readonly name = 'data';
  readonly #bytes: Buffer;
  #isJson: boolean | undefined;
  /** For as long as there is memory: parsed, a payload may take ten times its bytes. */
  #parsed: WeakRef<object> | undefined;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  json(): Buffer {
    if (this.#isJson === undefined) this.value();
    if (this.#isJson === true) return onOneLine(this.#bytes);
    return Buffer.from(JSON.stringify(this.#bytes.toString()));
  }

  value(): unknown {
    const kept = this.#parsed?.deref();
    if (kept !== undefined) return kept;
    const parsed = this.#isJson === false ? undefined : parseJson(this.#bytes);
    this.#isJson = parsed !== undefined;
    if (parsed === undefined) return this.#bytes.toString();
    const { value } = parsed;
    if (typeof value === 'object' && value !== null) this.#parsed = new WeakRef(value);
    return value;
  }
}
