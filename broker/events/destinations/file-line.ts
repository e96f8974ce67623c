/** The first line of a file, and its end as a process left it that was killed while it wrote. */
import type { FileHandle } from 'node:fs/promises';

const CHUNK_BYTES = 64 * 1024;
/** More than any event is: a line that is longer is not ours. */
const LINE_BYTES_MAX = 512 * 1024 * 1024;
const LINE_FEED = 0x0a;
const BRACE = 0x7b;

export type Ending =
  /** The last line is whole, or there is none. */
  | { readonly type: 'Whole' }
  /** Only the line feed is missing. */
  | { readonly type: 'Unended' }
  /** A part of an event, from here on. */
  | { readonly type: 'Torn'; readonly fromByte: number }
  /** It does not begin as events do: somebody else's file. */
  | { readonly type: 'Foreign' };

export async function endingOf(handle: FileHandle, fileBytes: number): Promise<Ending> {
  const fromByte = await lastLineStart(handle, fileBytes);
  if (fromByte === fileBytes) return { type: 'Whole' };
  if (fromByte === undefined) return { type: 'Foreign' };
  const line = Buffer.alloc(fileBytes - fromByte);
  await handle.read(line, 0, line.length, fromByte);
  if (line[0] !== BRACE) return { type: 'Foreign' };
  return isJson(line) ? { type: 'Unended' } : { type: 'Torn', fromByte };
}

/** Every event of ours has it before its data, which may be long. */
const REQUIRED = Buffer.from('"specversion":');

/** False: the first line is no event, nor a part of one; the file is not empty. */
export async function beginsWithEvent(handle: FileHandle): Promise<boolean> {
  const chunk = Buffer.alloc(CHUNK_BYTES);
  const { bytesRead } = await handle.read(chunk, 0, CHUNK_BYTES, 0);
  if (chunk[0] !== BRACE) return false;
  const lineBytes = chunk.subarray(0, bytesRead).indexOf(LINE_FEED);
  return lineBytes < 0 || chunk.subarray(0, lineBytes).includes(REQUIRED);
}

/** The byte after the last line feed. Undefined where that is further back than a line is long. */
async function lastLineStart(handle: FileHandle, fileBytes: number): Promise<number | undefined> {
  const chunk = Buffer.alloc(CHUNK_BYTES);
  for (let end = fileBytes; end > 0 && fileBytes - end <= LINE_BYTES_MAX;) {
    const start = Math.max(0, end - CHUNK_BYTES);
    const { bytesRead } = await handle.read(chunk, 0, end - start, start);
    const index = chunk.subarray(0, bytesRead).lastIndexOf(LINE_FEED);
    if (index >= 0) return start + index + 1;
    if (start === 0) return 0;
    end = start;
  }
  return fileBytes === 0 ? 0 : undefined;
}

function isJson(line: Buffer): boolean {
  try {
    JSON.parse(line.toString('utf8'));
    return true;
  } catch {
    return false;
  }
}
