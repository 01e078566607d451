import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { NeurodexError } from '@neurodex/core';
import { digestFile } from '@neurodex/core/storage';
import type { ObjectStore, PutContent } from './object-store.ts';

/** What names a content-addressed object, and tells whether bytes are it. */
export interface ContentDigest {
  /** Hexadecimal, lower case. */
  readonly sha256: string;
  /** The size of the object. */
  readonly bytes: number;
}

/** A content-addressed object of a store. */
export interface ContentObject extends ContentDigest {
  /** Where it is in a store. */
  readonly key: string;
}

/**
 * The key of the object of a digest.
 * @throws RangeError for what is no SHA-256
 * @example
 * ```ts
 * import { contentKey } from '@neurodex/objects';
 *
 * console.log(contentKey('0'.repeat(64)).length); // → 72
 * ```
 */
export function contentKey(sha256: string): string {
  if (!/^[0-9a-f]{64}$/.test(sha256)) throw new RangeError('not a SHA-256 in hexadecimal');
  return `objects/${sha256}`;
}

/**
 * Stores bytes, or a file, under their digest. An object of that size that is there already is not sent again.
 * @example
 * ```ts
 * import { silentReporter } from '@neurodex/core';
 * import { openStore, putContent } from '@neurodex/objects';
 *
 * const store = await openStore('store', { environment: process.env, reporter: silentReporter, create: true });
 * const { bytes, sha256 } = await putContent(store, new TextEncoder().encode('red'));
 * console.log(bytes, sha256.slice(0, 8)); // → 3 b1f51a51
 * ```
 */
export async function putContent(store: ObjectStore, content: PutContent): Promise<ContentObject> {
  const { sha256, bytes } = content instanceof Uint8Array ? digestBytes(content) : await digestFile(content.file);
  const key = contentKey(sha256);
  const found = await store.stat(key);
  if (found?.bytes !== bytes) await store.put(key, content);
  return { key, sha256, bytes };
}

/**
 * The bytes of an object, compared with its digest.
 * @throws NeurodexError `object-missing`, `object-damaged`
 * @example
 * ```ts
 * import { silentReporter } from '@neurodex/core';
 * import { getContent, openStore, putContent } from '@neurodex/objects';
 *
 * const store = await openStore('store', { environment: process.env, reporter: silentReporter, create: true });
 * const words = await putContent(store, new TextEncoder().encode('red'));
 * console.log(new TextDecoder().decode(await getContent(store, words))); // → red
 * ```
 */
export async function getContent(store: ObjectStore, digest: ContentDigest): Promise<Uint8Array> {
  const key = contentKey(digest.sha256);
  const found = await store.get(key);
  if (found === undefined) throw missingObject(store, key);
  checkDigest(store, key, digest, digestBytes(found.content));
  return found.content;
}

/**
 * Copies an object into a file, which then holds what its digest says, or is not there.
 * @throws NeurodexError `object-missing`, `object-damaged`, `disk-full`, `output-unwritable`
 * @example
 * ```ts
 * import { readFileSync } from 'node:fs';
 * import { silentReporter } from '@neurodex/core';
 * import { downloadContent, openStore, putContent } from '@neurodex/objects';
 *
 * const store = await openStore('store', { environment: process.env, reporter: silentReporter, create: true });
 * await downloadContent(store, await putContent(store, new TextEncoder().encode('red')), 'copy.txt');
 * console.log(readFileSync('copy.txt', 'utf8')); // → red
 * ```
 */
export async function downloadContent(store: ObjectStore, digest: ContentDigest, path: string): Promise<void> {
  const key = contentKey(digest.sha256);
  if ((await store.download(key, path)) === undefined) throw missingObject(store, key);
  try {
    checkDigest(store, key, digest, await digestFile(path));
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  }
}

const digestBytes = (content: Uint8Array): ContentDigest => ({
  sha256: createHash('sha256').update(content).digest('hex'),
  bytes: content.length,
});

const missingObject = ({ place }: ObjectStore, key: string): NeurodexError =>
  new NeurodexError('object-missing', `${place} has no object ${key}, which it should have`, {
    hint: 'something deleted it: put it there again, from a copy or by building what it belongs to again',
    details: { place, key },
  });

function checkDigest({ place }: ObjectStore, key: string, digest: ContentDigest, found: ContentDigest): void {
  if (found.bytes === digest.bytes && found.sha256 === digest.sha256) return;
  const why =
    found.bytes === digest.bytes
      ? 'its bytes are others than its name says'
      : `it has ${found.bytes} bytes instead of ${digest.bytes}`;
  throw new NeurodexError('object-damaged', `the object ${key} of ${place} is damaged: ${why}`, {
    hint: 'delete it and put it there again, from a copy or by building what it belongs to again',
    details: { place, key },
  });
}
