import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defined, type Reporter } from '@neurodex/core';
import { throwIfInterrupted } from '@neurodex/core/storage';
import type { Dataset, Role, SkippedFile, SourcePicture } from '@neurodex/datasets';
import { formatByName } from '@neurodex/datasets/image';
import type { Picture } from '@neurodex/datasets/picture';
import { openPictures } from '../artifact/catalogue-store.ts';
import { CATALOGUE_FOLDER, type IndexManifest } from '../artifact/manifest.ts';
import { decodePictures } from '../build/decode-pictures.ts';
import { readDecoded } from '../build/draft.ts';
import { readDecodedList } from '../build/picture-lists.ts';
import type { FileFacts } from '../pictures/find-same.ts';
import { keysOf, type PictureKeys } from '../pictures/fingerprint.ts';
import { pixelsOf } from '../pictures/picture-store.ts';
import { thumbnailEdge } from '../pictures/thumbnail.ts';

/** Pictures among which duplicates are looked for, by their places. */
export interface ComparedPictures {
  readonly pictures: readonly (Pick<SourcePicture, 'path' | 'labels'> & { readonly role?: Role })[];
  readonly keys: readonly (PictureKeys & FileFacts)[];
  readonly skipped: readonly SkippedFile[];
  pixels(at: number): Promise<Picture>;
  /** PNG */
  thumbnail(at: number): Promise<Uint8Array>;
  /** Undefined where the files are not at hand. */
  source(at: number): SourcePicture | undefined;
  close(): Promise<void>;
}

interface OpenOptions {
  readonly maxPixels: number;
  readonly reporter: Reporter;
  readonly signal?: AbortSignal | undefined;
}

/** Edges of the pictures that are compared, in pixels: fingerprints and first looks; and what decides. */
const [SIZE, THUMBNAIL] = [48, 160];

/** The pictures of a data set, decoded into a temporary folder. @throws NeurodexError `source-*`, `interrupted`, `disk-full` */
export async function decodedPictures(
  dataset: Dataset,
  { maxPixels, reporter, signal }: OpenOptions,
): Promise<ComparedPictures> {
  const work = await mkdtemp(join(tmpdir(), 'neurodex-duplicates-'));
  const folders = { catalogue: work, work };
  const remove = (): Promise<void> => rm(work, { recursive: true, force: true });
  try {
    const decoded = await decodePictures(dataset, folders, {
      pictures: { size: SIZE, thumbnail: THUMBNAIL, maxPixels },
      reporter,
      signal,
    });
    const { pictures, keys, thumbnails } = await readDecodedList(folders, decoded);
    const reader = await readDecoded(thumbnails, folders, SIZE);
    const sources = new Map(dataset.pictures.map((source) => [source.path, source]));
    return {
      pictures,
      keys,
      skipped: decoded.skipped,
      pixels: async (at) => ({ size: SIZE, pixels: await reader.pixels(at) }),
      thumbnail: reader.thumbnail,
      source: (at) => defined(sources.get(pictures[at]?.path ?? ''), 'the source of a picture'),
      async close() {
        await reader.close();
        await remove();
      },
    };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** The pictures of an index, as it stores them. @throws NeurodexError `index-damaged` */
export async function storedPictures(
  index: string,
  { catalogue: listed }: IndexManifest,
  { reporter, signal }: Omit<OpenOptions, 'maxPixels'>,
): Promise<ComparedPictures> {
  const store = await openPictures(join(index, CATALOGUE_FOLDER), { listed });
  try {
    const digests = await store.digests();
    const keys: (PictureKeys & FileFacts)[] = [];
    for (const { row, path } of store.rows) {
      const picture = { size: store.size, pixels: pixelsOf(store, row) };
      const edge = thumbnailEdge(await store.png(row));
      const format = formatByName(path);
      keys.push({ ...keysOf(digests[row] ?? '', picture), width: null, height: null, bytes: null, format, edge });
      throwIfInterrupted(signal);
      reporter.progress({ phase: 'ingest', done: row + 1, total: store.rows.length, unit: 'pictures' });
    }
    return {
      pictures: store.rows,
      keys,
      skipped: [],
      pixels: async (at) => ({ size: store.size, pixels: pixelsOf(store, at) }),
      thumbnail: (at) => store.png(at),
      source: () => undefined,
      close: () => store.close(),
    };
  } catch (error) {
    await store.close();
    throw error;
  }
}
