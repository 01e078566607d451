import { defined } from '@neurodex/core';
import { openFileBytes, throwIfInterrupted } from '@neurodex/core/storage';
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
    for (const picture of pictures) {
      throwIfInterrupted(signal);
      const { row, ...described } = picture;
      await writer.append({
        ...described,
        ...(picture.role === 'catalogue' ? { vectors: vectorsAt(vectors, position++) } : {}),
        thumbnail: await draft.thumbnail(picture),
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

/** The columns of a build, read by the row. @param widths bytes of a row */
async function openColumns(folders: BuildFolders, widths: Partial<Record<CatalogueColumn, number>>) {
  const files = new Map<CatalogueColumn, Awaited<ReturnType<typeof openFileBytes>>>();
  const close = async (): Promise<void> => {
    for (const file of files.values()) await file.close();
  };
  try {
    for (const name of COLUMNS) {
      if (widths[name] !== undefined) files.set(name, await openFileBytes(COLUMN_FILES[name](folders)));
    }
  } catch (error) {
    await close();
    throw error;
  }
  return {
    async read(name: CatalogueColumn, row: number): Promise<Uint8Array> {
      const bytes = defined(widths[name], 'a column of the catalogue');
      return new Uint8Array(await defined(files.get(name), 'its file').slice(row * bytes, (row + 1) * bytes));
    },
    close,
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
