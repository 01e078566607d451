import { defined } from '@neurodex/core';
import { throwIfInterrupted } from '@neurodex/core/storage';
import type { LicenceNotice } from '@neurodex/datasets';
import type { CatalogueManifest } from '../artifact/catalogue-manifest.ts';
import { CatalogueWriter } from '../artifact/catalogue-writer.ts';
import type { StoredPicture } from '../pictures/picture-store.ts';
import type { BuildFolders, PicturesOptions } from './build-options.ts';
import type { CatalogueVectors, DecodedPictures } from './draft.ts';
import type { SplitSet } from './split-pictures.ts';

export interface CatalogueContents {
  readonly split: SplitSet;
  /** One for each catalogue picture, in row order. */
  readonly identifiers: readonly string[];
  /** By column. */
  readonly vectors: Readonly<Record<string, CatalogueVectors>>;
  readonly embeddings: CatalogueManifest['embeddings'];
  readonly notices: readonly LicenceNotice[];
}

/**
 * Writes the rows and the manifest of a catalogue whose pixels are there.
 * @returns all pictures, those of the catalogue with their identifiers
 * @throws RangeError unless there is one distinct identifier for each catalogue picture; NeurodexError `disk-full`,
 *   `output-unwritable`, `interrupted`
 */
export async function writeCatalogue(
  folders: BuildFolders,
  draft: DecodedPictures,
  { split, identifiers, vectors, embeddings, notices }: CatalogueContents,
  { pictures: { size }, limits, signal }: Pick<PicturesOptions, 'pictures' | 'limits' | 'signal'>,
): Promise<StoredPicture[]> {
  const pictures = named(draft, identifiers);
  const pixels = { rows: pictures.length, digest: split.pixels };
  const writer = CatalogueWriter.over(folders.catalogue, size, pixels, limits);
  try {
    writer.declareVectors(
      Object.fromEntries(Object.entries(vectors).map(([name, { length, producer }]) => [name, { length, producer }])),
    );
    let position = 0;
    for (const picture of pictures) {
      throwIfInterrupted(signal);
      const described = picture.role === 'catalogue' ? { vectors: vectorsAt(vectors, position++) } : {};
      await writer.appendRow({ ...picture, ...described, thumbnail: await draft.thumbnail(picture) });
    }
    const { hasClasses, skipped, duplicates } = split;
    await writer.finish({
      hasClasses,
      notices,
      skipped,
      ...(duplicates.sets === 0 && duplicates.leftOut === 0 ? {} : { duplicates }),
      ...(embeddings === undefined ? {} : { embeddings }),
    });
  } finally {
    await writer.close();
  }
  return pictures;
}

function named({ rows, catalogue }: DecodedPictures, identifiers: readonly string[]): StoredPicture[] {
  if (identifiers.length !== catalogue.length || new Set(identifiers).size !== catalogue.length) {
    throw new RangeError(`${catalogue.length} catalogue pictures need as many distinct identifiers`);
  }
  const byRow = new Map(catalogue.map(({ row }, i) => [row, defined(identifiers[i], 'an identifier')]));
  return rows.map((picture) => {
    const identifier = byRow.get(picture.row);
    return identifier === undefined ? picture : { ...picture, identifier };
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
