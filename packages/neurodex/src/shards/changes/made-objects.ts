import { createHash } from 'node:crypto';
import { type ContentDigest, contentKey, type ObjectStore } from '@neurodex/objects';

/** An object that is not in the store yet: bytes, or a file. */
export interface MadeObject extends ContentDigest {
  readonly content: Uint8Array | { readonly file: string };
}

export const madeOf = (content: Uint8Array): MadeObject => ({
  bytes: content.length,
  sha256: createHash('sha256').update(content).digest('hex'),
  content,
});

export const digestOf = ({ bytes, sha256 }: ContentDigest): ContentDigest => ({ bytes, sha256 });

/** @throws NeurodexError `store-*` */
export async function putMade(store: ObjectStore, objects: readonly MadeObject[]): Promise<void> {
  for (const { bytes, sha256, content } of objects) {
    const key = contentKey(sha256);
    if ((await store.stat(key))?.bytes !== bytes) await store.put(key, content);
  }
}
