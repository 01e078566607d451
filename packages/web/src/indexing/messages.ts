import type { ProgressEvent } from '@neurodex/core';
import type { ChosenFile, LeftOut } from '../indexer.ts';
import type { SiteSettings } from './settings.ts';

/** What the page asks of its worker. */
export interface IndexingRequest {
  /** Of the index. */
  readonly name: string;
  readonly folder: string | null;
  readonly pictures: readonly ChosenFile[];
  /** Files that are no pictures by name. */
  readonly skipped: readonly LeftOut[];
  readonly settings: SiteSettings;
  /** `webgpu` or `wasm` from the page's address; null picks the best. */
  readonly device: string | null;
}

/** What the worker tells the page. */
export type IndexingMessage =
  | { readonly kind: 'progress'; readonly event: ProgressEvent }
  | { readonly kind: 'skipped'; readonly file: LeftOut }
  | { readonly kind: 'warning'; readonly message: string }
  | { readonly kind: 'done' }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string; readonly hint: string | undefined };
