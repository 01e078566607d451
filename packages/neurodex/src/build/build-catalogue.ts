import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder, throwIfInterrupted } from '@neurodex/core/storage';
import type { Dataset, SkippedFile } from '@neurodex/datasets';
import type { DuplicateFacts } from '../pictures/duplicate-facts.ts';
import { type Parts, partsOf } from '../pictures/picture-store.ts';
import type { PicturesOptions } from './build-options.ts';
import { decodePictures } from './decode-pictures.ts';
import { type DecodedPictures, openDraft } from './draft.ts';
import { splitPictures } from './split-pictures.ts';
import { writeCatalogue } from './write-catalogue.ts';

export interface BuildOptions extends PicturesOptions {
  /** One identifier per catalogue picture, in the order given; asked for when everything else is known. */
  readonly assignIdentifiers: (
    catalogue: readonly { readonly path: string; readonly labels: readonly string[] }[],
    decoded: DecodedPictures,
  ) => readonly string[] | Promise<readonly string[]>;
}

/** What was built; `openPictures` reads it back with its pixels. */
export interface BuiltCatalogue extends Parts {
  readonly hasClasses: boolean;
  readonly skipped: readonly SkippedFile[];
  readonly duplicates: DuplicateFacts;
}

/**
 * The stages of a build that make a catalogue, in one go and without vectors: for a prepared data set, which is never resumed. Rows are in the order
 * of the paths. Memory does not grow with the pictures but for their names and keys.
 * @param folder the catalogue folder, made when it is not there. On an error it is left half-made: build inside `createFolder`.
 * @throws NeurodexError `source-empty`, `source-unusable`, `interrupted`, `disk-full`, `output-unwritable`
 */
export async function buildCatalogue(dataset: Dataset, folder: string, options: BuildOptions): Promise<BuiltCatalogue> {
  throwIfInterrupted(options.signal);
  const folders = { catalogue: folder, work: join(folder, 'work') };
  await makeFolder(folder);
  await makeFolder(folders.work);
  const decoded = await decodePictures(dataset, folders, options);
  const split = await splitPictures(decoded, dataset, folders, options);
  const draft = await openDraft(split, folders, options.pictures.size);
  try {
    const entries = draft.catalogue.map(({ path, labels }) => ({ path, labels }));
    const identifiers = await options.assignIdentifiers(entries, draft);
    const contents = { split, names: { identifiers }, vectors: {}, notices: dataset.notices };
    const { hasClasses, skipped, duplicates } = split;
    return { ...partsOf(await writeCatalogue(folders, draft, contents, options)), hasClasses, skipped, duplicates };
  } finally {
    await draft.close();
    await rm(folders.work, { recursive: true });
  }
}
