interface CloudEvent {
  readonly type: string;
  readonly subject: string;
  readonly data?: unknown;
  readonly data_base64?: string;
}

/** What an event says, on a line: bytes of MQTT 3.1.1 come as base64. */
export function eventLine(event: unknown): string {
  const { type, subject, data, data_base64: bytes } = event as CloudEvent;
  const payload = bytes === undefined ? JSON.stringify(data) : atob(bytes);
  return `${type} ${subject} ${payload}`;
}
