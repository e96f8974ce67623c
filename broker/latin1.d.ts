/** Node has had these on every Buffer since version 6; its types leave them out. */
interface Buffer {
  latin1Slice(start: number, end: number): string;
}
