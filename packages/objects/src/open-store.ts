import { NeurodexError, type Reporter } from '@neurodex/core';
import { makeFolder } from '@neurodex/core/storage';
import { FolderStore } from './folder/folder-store.ts';
import type { ObjectStore } from './object-store.ts';
import { PATIENCE, type Patience } from './patience.ts';
import { isS3Place, readS3Settings } from './s3/s3-settings.ts';

/** How a store is opened. */
export interface OpenStoreOptions {
  /** Where credentials, region and endpoint of S3 are looked up: usually `process.env`. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Is told of failures that are tried again. */
  readonly reporter: Reporter;
  /** Make a folder that is not there, so that it can be read as an empty one; a bucket is never made. */
  readonly create?: boolean;
  /** Once given, whatever the store does ends with `interrupted`. */
  readonly signal?: AbortSignal;
  /** How long a server that fails is waited for, where it is not `PATIENCE`. */
  readonly patience?: Partial<Patience>;
}

/**
 * Opens a place: a folder, or `s3://bucket/prefix` on any store that speaks S3. Nothing is asked of a server before
 * the first method is called.
 * @throws NeurodexError `usage` for what is no place, or settings that make no sense; `output-unwritable` for a folder that cannot be made
 * @example
 * ```ts
 * import { silentReporter } from '@neurodex/core';
 * import { openStore } from '@neurodex/objects';
 *
 * const store = await openStore('store', { environment: process.env, reporter: silentReporter, create: true });
 * await store.put('runs/first', new TextEncoder().encode('red'));
 * for await (const { key, bytes } of store.list('runs/')) console.log(key, bytes); // → runs/first 3
 * ```
 */
export async function openStore(place: string, options: OpenStoreOptions): Promise<ObjectStore> {
  const { environment, reporter, signal, patience, create = false } = options;
  if (isS3Place(place)) {
    const settings = readS3Settings(place, environment);
    // A search in a local index begins without an HTTP client.
    const { S3Store } = await import('./s3/s3-store.ts');
    return new S3Store(settings, { environment, reporter, signal, patience: { ...PATIENCE, ...patience } });
  }
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(place)) {
    throw new NeurodexError('usage', `${place.slice(0, place.indexOf(':'))} is no kind of place that is known`, {
      hint: 'name a folder, or s3://bucket/prefix',
    });
  }
  if (create) await makeFolder(place);
  const store = new FolderStore(place, signal);
  await store.removeStale();
  return store;
}
