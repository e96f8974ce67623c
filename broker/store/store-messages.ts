/** What the broker and the store's thread say to each other. */
import type { Committed, Found } from './database.ts';
import type { BatchNumber, OutboxPage } from './session-store.ts';
import type { Page } from './stored-message.ts';

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
  | {
      readonly type: 'readOutbox';
      readonly request: number;
      readonly after: number;
      readonly acceptedUpTo: number;
    }
  | { readonly type: 'close' };

export type FromStore =
  | { readonly type: 'opened'; readonly found: Found; readonly notices: readonly string[] }
  | { readonly type: 'unopened'; readonly cause: string }
  | ({ readonly type: 'committed'; readonly batch: BatchNumber } & Committed)
  /** The batch is kept and tried again until it succeeds or the store is closed. */
  | { readonly type: 'failing'; readonly cause: string }
  /** The file was damaged while it was in use; nothing more is written to it. */
  | { readonly type: 'damaged'; readonly cause: string }
  | { readonly type: 'page'; readonly request: number; readonly page: Page }
  | { readonly type: 'outboxPage'; readonly request: number; readonly page: OutboxPage }
  | { readonly type: 'closed' };
