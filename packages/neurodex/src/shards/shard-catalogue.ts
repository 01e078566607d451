import { join } from 'node:path';
import { openPictures, type StoredPictures } from '../artifact/catalogue-store.ts';
import { CATALOGUE_FOLDER, INDEX_FILE, readIndexManifest } from '../artifact/manifest.ts';
import type { ShardFile } from './records.ts';
import { picturesOf } from './shard-pictures.ts';
import type { ShardPicture } from './shard-source.ts';

/** The pictures of a shard, without what searches them. */
export interface ShardCatalogue {
  readonly store: StoredPictures;
  readonly pictureOf: (row: number) => ShardPicture;
  close(): Promise<void>;
}

/** The files that `openCatalogue` needs. */
export const isOfCatalogue = ({ file }: ShardFile): boolean =>
  file === INDEX_FILE || file.startsWith(`${CATALOGUE_FOLDER}/`);

/** @throws NeurodexError `index-missing`, `index-damaged`, `index-newer`, `index-older` */
export async function openCatalogue(folder: string): Promise<ShardCatalogue> {
  const { catalogue: listed } = await readIndexManifest(folder);
  const store = await openPictures(join(folder, CATALOGUE_FOLDER), { listed });
  return { store, pictureOf: picturesOf(store), close: () => store.close() };
}
