const encoder = new TextEncoder();

/** Bytes that a text takes in UTF-8, which is how MQTT and the specification count. */
export function utf8Length(text: string): number {
  // Most texts here are short and ASCII: only then is their length what it seems.
  let bytes = 0;
  for (let index = 0; index < text.length; index++) {
    if (text.charCodeAt(index) > 0x7f) return encoder.encode(text).length;
    bytes++;
  }
  return bytes;
}

/** Characters shown of a text that somebody else wrote, so that a message stays readable. */
const QUOTE_LENGTH_MAX = 120;

/** A hostile or long text as a message may carry it: quoted, escaped, shortened. */
export function quote(text: string): string {
  const shown = text.length > QUOTE_LENGTH_MAX ? `${text.slice(0, QUOTE_LENGTH_MAX)}…` : text;
  return JSON.stringify(shown.toWellFormed());
}

/** `a`, `a or b`, `a, b or c`. */
export function either(words: readonly string[]): string {
  if (words.length < 2) return words.join('');
  return `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}

/** RFC 3339, to the second, which is what certificates count in. */
export function printTime(timeMs: number): string {
  return Number.isNaN(new Date(timeMs).getTime())
    ? 'an unreadable time'
    : new Date(timeMs).toISOString().replace('.000Z', 'Z');
}

/** Names of files and messages may hold what moves the cursor or changes the screen. */
export function printable(text: string): string {
  return text.replace(/\p{Cc}|\p{Cf}/gu, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return `\\u{${code.toString(16)}}`;
  });
}
