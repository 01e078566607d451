import { join } from 'node:path';
import { digestFile } from '@neurodex/core/storage';
import { contentKey, type ObjectStore } from '@neurodex/objects';
import { filesOf } from '../artifact/catalogue-manifest.ts';
import type { IndexArtifact } from '../artifact/index-artifact.ts';
import { CATALOGUE_FOLDER, INDEX_FILE, listedIn } from '../artifact/manifest.ts';
import type { ShardFile } from './records.ts';

/** All files of an index folder. Their digests are those that it lists. */
export async function filesIn({ folder, manifest, store }: IndexArtifact): Promise<ShardFile[]> {
  const listed = listedIn(manifest).map(({ file, bytes, sha256 }) => ({ file, bytes, sha256 }));
  const parts = filesOf(store.manifest).map(({ file, bytes, sha256 }) => ({
    file: `${CATALOGUE_FOLDER}/${file}`,
    bytes,
    sha256,
  }));
  const { bytes, sha256 } = await digestFile(join(folder, INDEX_FILE));
  return [{ file: INDEX_FILE, bytes, sha256 }, ...listed, ...parts];
}

/** Puts files of a folder into a store, those that it does not have. @throws NeurodexError `store-*` */
export async function putFiles(folder: string, files: readonly ShardFile[], store: ObjectStore): Promise<void> {
  for (const { file, bytes, sha256 } of files) {
    const key = contentKey(sha256);
    if ((await store.stat(key))?.bytes !== bytes) await store.put(key, { file: join(folder, file) });
  }
}
