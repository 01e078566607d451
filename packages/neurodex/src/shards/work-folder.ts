import { dirname, join } from 'node:path';
import { makeFolder } from '@neurodex/core/storage';
import { type ContentDigest, downloadContent, type ObjectStore } from '@neurodex/objects';

/** A file of a folder that is put together from objects. */
export interface WantedFile extends ContentDigest {
  /** Relative to the folder, with / between folders. */
  readonly file: string;
}

/** Copies objects to a folder, each compared with its digest. @throws NeurodexError `object-missing`, `object-damaged`, `store-*`, `disk-full` */
export async function downloadFiles(store: ObjectStore, files: readonly WantedFile[], folder: string): Promise<void> {
  for (const { file, ...digest } of files) {
    const path = join(folder, file);
    await makeFolder(dirname(path));
    await downloadContent(store, digest, path);
  }
}
