import type { ErrorCode, ProgressEvent } from '@neurodex/core';
import type { ShardTask } from './driver.ts';

/** What a process that does tasks is told. */
export interface ToProcess {
  readonly place: string;
  readonly task: ShardTask;
  readonly threads: number;
}

/** What it says. */
export type ToDriver =
  | { readonly kind: 'done'; readonly isNew: boolean }
  | { readonly kind: 'failed'; readonly code: ErrorCode; readonly message: string; readonly hint: string | null }
  | { readonly kind: 'progress'; readonly event: ProgressEvent }
  | { readonly kind: 'warning'; readonly message: string };
