/** A message as it lies in the store. */
export interface StoredMessage {
  readonly number: number;
  readonly topic: Uint8Array;
  readonly payload: Uint8Array;
  readonly properties: Uint8Array;
  readonly message_expiry_start: number;
  readonly received_at_ms: number;
}

export interface Page {
  readonly rows: readonly StoredMessage[];
  /** Whether there was no more. */
  readonly last: boolean;
}

/** A round trip to the store's thread brings so much: enough to keep a fast client busy. */
const PAGE_MESSAGES_MAX = 500;
const PAGE_BYTES_MAX = 1048576;

/** As many of the rows as a page takes. */
export function takePage<Row>(rows: Iterable<Row>, asMessage: (row: Row) => StoredMessage): Page {
  const taken: StoredMessage[] = [];
  let bytes = 0;
  for (const row of rows) {
    const message = asMessage(row);
    bytes += message.payload.length + message.properties.length;
    if (taken.length === PAGE_MESSAGES_MAX || (taken.length > 0 && bytes > PAGE_BYTES_MAX)) {
      return { rows: taken, last: false };
    }
    taken.push(message);
  }
  return { rows: taken, last: true };
}
