/** The store holds what this program did not write there. */
export class CorruptStoreError extends Error {
  override readonly name = 'CorruptStoreError';
}

/** SQLITE_CORRUPT and SQLITE_NOTADB: https://sqlite.org/rescode.html */
const CORRUPTION_CODES = [11, 26];

/** SQLITE_ERROR is nearly anything; of a file it is this, and only where its header is damaged. */
const UNSUPPORTED_FORMAT = 'unsupported file format';

export function isCorruption(error: unknown): error is Error {
  if (error instanceof CorruptStoreError) return true;
  if (!(error instanceof Error) || !('errcode' in error)) return false;
  if (error.errcode === 1) return error.message === UNSUPPORTED_FORMAT;
  return CORRUPTION_CODES.includes((error.errcode as number) & 0xff);
}
