/** What the broker and the store's thread say to each other. */
import type { Found, Page } from './database.ts';
import type { BatchNumber, Withdrawal } from './session-store.ts';

export type ToStore =
  | {
      readonly type: 'commit';
      readonly batch: BatchNumber;
      readonly bytes: Uint8Array<ArrayBuffer>;
    }
  | {
      readonly type: 'read';
      readonly request: number;
      readonly session: number;
      readonly after: number;
    }
  | { readonly type: 'close' };

export type FromStore =
  | { readonly type: 'opened'; readonly found: Found; readonly notices: readonly string[] }
  | { readonly type: 'unopened'; readonly cause: string }
  | {
      readonly type: 'committed';
      readonly batch: BatchNumber;
      readonly withdrawals: readonly Withdrawal[];
    }
  /** The batch is kept and tried again until it succeeds or the store is closed. */
  | { readonly type: 'failing'; readonly cause: string }
  /** The file was damaged while it was in use; nothing more is written to it. */
  | { readonly type: 'damaged'; readonly cause: string }
  | { readonly type: 'page'; readonly request: number; readonly page: Page }
  | { readonly type: 'closed' };
