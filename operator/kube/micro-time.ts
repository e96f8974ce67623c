/** `metav1.MicroTime`: RFC 3339 with six digits, which the server insists on. */
export function microTime(timeMs: number): string {
  return new Date(timeMs).toISOString().replace('Z', '000Z');
}
