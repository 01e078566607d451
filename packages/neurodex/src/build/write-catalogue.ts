import { defined } from '@neurodex/core';
import { inOrder, openFileBytes, throwIfInterrupted } from '@neurodex/core/storage';
import type { LicenceNotice } from '@neurodex/datasets';
import { type CatalogueColumn, type CatalogueManifest, COLUMNS, columnBytes } from '../artifact/catalogue-manifest.ts';
import { catalogueIn } from '../artifact/disk-target.ts';

import type { StoredPicture } from '../pictures/picture-store.ts';
import {
  type BuildFolders,
  embeddingsFile,
  type PicturesOptions,
  splitPixelsFile,
  statesFile,
} from './build-options.ts';
import type { CatalogueNames } from './clustered-names.ts';
import type { CatalogueVectors, DecodedPictures } from './draft.ts';
import type { StoredEmbeddings } from './embed-stage.ts';
import type { SplitSet } from './split-pictures.ts';

export interface CatalogueContents {
  readonly split: SplitSet;
  /** One for each catalogue picture, in row order. */
  readonly names: CatalogueNames;
  /** By column. */
  readonly vectors: Readonly<Record<string, CatalogueVectors>>;
  /** Where the build has a file of them. */
  readonly embeddings?: StoredEmbeddings | undefined;
  readonly states?: CatalogueManifest['states'];
  readonly notices: readonly LicenceNotice[];
}

/** Thumbnails that are read ahead. */
const READ_AHEAD = 16;
/** Of a column, at a time. */
const BLOCK_BYTES = 1 << 20;

/** The files of a build that the columns of its catalogue are read from. */
const COLUMN_FILES: Readonly<Record<CatalogueColumn, (folders: BuildFolders) => string>> = {
  pixels: splitPixelsFile,
  embeddings: embeddingsFile,
  states: statesFile,
};

/**
 * Writes a catalogue: its tables, the columns beside them, its manifest.
 * @returns all pictures, those of the catalogue with their identifiers
 * @throws RangeError unless there is one distinct identifier for each catalogue picture; NeurodexError `disk-full`,
 *   `output-unwritable`, `interrupted`
 */
export async function writeCatalogue(
  folders: BuildFolders,
  draft: DecodedPictures,
  { split, names, vectors, embeddings, states, notices }: CatalogueContents,
  { pictures: { size }, limits, signal }: Pick<PicturesOptions, 'pictures' | 'limits' | 'signal'>,
): Promise<StoredPicture[]> {
  const pictures = named(draft, names);
  const layout = {
    size,
    vectors: Object.fromEntries(
      Object.entries(vectors).map(([name, { length, producer }]) => [name, { length, producer }]),
    ),
    ...(embeddings === undefined ? {} : { embeddings: withoutDigest(embeddings) }),
    ...(states === undefined ? {} : { states }),
    ...(names.clusters === undefined ? {} : { clusters: names.clusters.rules }),
    ...(pictures.some((picture) => draft.metadata(picture) !== undefined) ? { metadata: true as const } : {}),
  };
  const columns = await openColumns(folders, columnBytes(layout));
  const writer = await catalogueIn(folders.catalogue, layout, limits);
  try {
    let position = 0;
    const read = async (picture: StoredPicture) => ({ picture, thumbnail: await draft.thumbnail(picture) });
    for await (const { picture, thumbnail } of inOrder(pictures, READ_AHEAD, read)) {
      throwIfInterrupted(signal);
      const { row, ...described } = picture;
      await writer.append({
        ...described,
        ...(picture.role === 'catalogue' ? { vectors: vectorsAt(vectors, position++) } : {}),
        thumbnail,
        sha256: draft.digest(picture),
        metadata: draft.metadata(picture),
        column: (name) => columns.read(name, row),
      });
    }
    const { hasClasses, givenRoles, skipped, duplicates } = split;
    await writer.finish({
      hasClasses,
      givenRoles,
      notices,
      skipped,
      ...(duplicates.sets === 0 && duplicates.leftOut === 0 ? {} : { duplicates }),
    });
  } finally {
    await writer.close();
    await columns.close();
  }
  return pictures;
}

const withoutDigest = ({ digest: _, ...facts }: StoredEmbeddings): NonNullable<CatalogueManifest['embeddings']> =>
  facts;

/** The columns of a build, read by the row, one row after the other. @param widths bytes of a row */
async function openColumns(folders: BuildFolders, widths: Partial<Record<CatalogueColumn, number>>) {
  const files = new Map<CatalogueColumn, Awaited<ReturnType<typeof openRows>>>();
  const close = async (): Promise<void> => {
    for (const file of files.values()) await file.close();
  };
  try {
    for (const name of COLUMNS) {
      const bytes = widths[name];
      if (bytes !== undefined) files.set(name, await openRows(COLUMN_FILES[name](folders), bytes));
    }
  } catch (error) {
    await close();
    throw error;
  }
  const read = (name: CatalogueColumn, row: number): Promise<Uint8Array> =>
    defined(files.get(name), 'a column of the catalogue').read(row);
  return { read, close };
}

/** Rows of a file; those that follow one are read with it: each read of its own takes longer than a small row. */
async function openRows(path: string, bytes: number) {
  const file = await openFileBytes(path);
  const together = Math.max(1, Math.floor(BLOCK_BYTES / bytes));
  let [first, block] = [0, new Uint8Array()];
  return {
    async read(row: number): Promise<Uint8Array> {
      if (row < first || (row - first + 1) * bytes > block.length) {
        block = new Uint8Array(await file.slice(row * bytes, Math.min(file.byteLength, (row + together) * bytes)));
        first = row;
      }
      return block.subarray((row - first) * bytes, (row - first + 1) * bytes);
    },
    close: () => file.close(),
  };
}

function named({ rows, catalogue }: DecodedPictures, { identifiers, clusters }: CatalogueNames): StoredPicture[] {
  if (identifiers.length !== catalogue.length || new Set(identifiers).size !== catalogue.length) {
    throw new RangeError(`${catalogue.length} catalogue pictures need as many distinct identifiers`);
  }
  const places = new Map(catalogue.map(({ row }, i) => [row, i]));
  return rows.map((picture) => {
    const at = places.get(picture.row);
    if (at === undefined) return picture;
    const cluster = clusters?.names[at];
    const identifier = defined(identifiers[at], 'an identifier');
    return { ...picture, identifier, ...(cluster === undefined ? {} : { cluster }) };
  });
}

/** Those of one catalogue picture. @param position of the picture in the catalogue, from 0 */
const vectorsAt = (columns: Readonly<Record<string, CatalogueVectors>>, position: number) =>
  Object.fromEntries(
    Object.entries(columns).map(([name, { length, values }]) => [
      name,
      values.subarray(position * length, (position + 1) * length),
    ]),
  );
