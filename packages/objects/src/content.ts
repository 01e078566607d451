import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { NeurodexError } from '@neurodex/core';
import { digestFile } from '@neurodex/core/storage';
import type { ObjectStore, PutContent } from './object-store.ts';

/** What names a content-addressed object, and tells whether bytes are it. */
export interface ContentDigest {
  /** Hexadecimal, lower case. */
  readonly sha256: string;
  readonly bytes: number;
}

export interface ContentObject extends ContentDigest {
  readonly key: string;
}

/** The key of the object of a digest. @throws RangeError for what is no SHA-256 */
export function contentKey(sha256: string): string {
  if (!/^[0-9a-f]{64}$/.test(sha256)) throw new RangeError('not a SHA-256 in hexadecimal');
  return `objects/${sha256}`;
}

/** Stores bytes, or a file, under their digest. An object of that size that is there already is not sent again. */
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
