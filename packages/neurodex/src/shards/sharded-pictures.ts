import { defined, type Reporter } from '@neurodex/core';
import type { ObjectStore } from '@neurodex/objects';
import { type IndexArtifact, openArtifact } from '../artifact/index-artifact.ts';
import { type PictureStore, partsOf, pixelsOf, type StoredPicture } from '../pictures/picture-store.ts';
import { type RouterRecord, readShardRecord } from './records.ts';
import type { ShardFolders } from './shard-folders.ts';

/** Where a row of all shards is. */
interface Place {
  readonly store: PictureStore;
  readonly row: number;
}

/** The pictures of all shards as one catalogue, and the queries of the sample behind them. All shards are open until it is closed. */
export interface ShardedPictures extends PictureStore {
  close(): Promise<void>;
}

export interface ShardedPicturesOptions {
  /** The index of the sample. */
  readonly base: PictureStore;
  readonly folders: ShardFolders;
  readonly reporter: Reporter;
}

/** @throws NeurodexError `object-*`, `store-*`, `index-*`, `cache-full` where the cache cannot hold all shards */
export async function openShardedPictures(
  store: ObjectStore,
  { shards }: RouterRecord,
  { base, folders, reporter }: ShardedPicturesOptions,
): Promise<ShardedPictures> {
  const closing: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (const each of closing.reverse()) await each();
  };
  try {
    const opened: IndexArtifact[] = [];
    for (const entry of shards) {
      const { files } = await readShardRecord(store, entry);
      const { folder, release } = await folders.folder(files);
      closing.push(release);
      const artifact = await openArtifact(folder);
      closing.push(() => artifact.close());
      opened.push(artifact);
      reporter.progress({ phase: 'load', done: opened.length, total: shards.length, unit: 'shards' });
    }
    return joined(opened, base, close);
  } catch (error) {
    await close();
    throw error;
  }
}

function joined(shards: readonly IndexArtifact[], base: PictureStore, close: () => Promise<void>): ShardedPictures {
  const places: Place[] = [];
  const rows: StoredPicture[] = [];
  const append = (store: PictureStore, picture: StoredPicture): void => {
    places.push({ store, row: picture.row });
    rows.push({ ...picture, row: rows.length });
  };
  for (const [shard, { store }] of shards.entries()) {
    for (const picture of store.catalogue)
      append(store, { ...picture, identifier: `${shard}/${picture.identifier ?? ''}` });
  }
  // The catalogue pictures of the sample are in the shards.
  for (const picture of base.rows) if (picture.role !== 'catalogue') append(base, picture);
  const at = (row: number): Place => defined(places[row], 'a picture of a shard');
  const { size, hasClasses, notices, skipped } = base;
  return {
    ...partsOf(rows),
    ...{ size, hasClasses, notices, skipped, close },
    get pixels(): Uint8Array {
      throw new RangeError('the pixels of all shards are not in memory');
    },
    pixelsOf(row) {
      const { store, row: own } = at(row);
      return pixelsOf(store, own);
    },
    thumbnail(row) {
      const { store, row: own } = at(row);
      return store.thumbnail(own);
    },
  };
}
