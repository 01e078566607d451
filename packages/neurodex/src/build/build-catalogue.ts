import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { HashedFile, makeFolder, throwIfInterrupted } from '@neurodex/core/storage';
import type { Dataset, SkippedFile } from '@neurodex/datasets';
import { type CatalogueManifest, EMBEDDINGS_FILE } from '../artifact/catalogue-manifest.ts';
import type { DuplicateFacts } from '../pictures/duplicate-facts.ts';
import type { EmbeddingFacts } from '../pictures/embeddings.ts';
import { type Parts, partsOf } from '../pictures/picture-store.ts';
import type { PicturesOptions } from './build-options.ts';
import { decodePictures } from './decode-pictures.ts';
import { type CatalogueVectors, type DecodedPictures, openDraft } from './draft.ts';
import { splitPictures } from './split-pictures.ts';
import { writeCatalogue } from './write-catalogue.ts';

export interface BuildOptions extends PicturesOptions {
  /** One identifier per catalogue picture, in the order given; asked for when everything else is known. */
  readonly assignIdentifiers: (
    catalogue: readonly { readonly path: string; readonly labels: readonly string[] }[],
    decoded: DecodedPictures,
  ) => readonly string[] | Promise<readonly string[]>;
  /** Vectors of the catalogue pictures, by column. */
  readonly describe?: (decoded: DecodedPictures) => Promise<Readonly<Record<string, CatalogueVectors>>>;
  /** What the network reads in place of pixels: appended to the file, row by row. Called before `describe`. */
  readonly embed?: (decoded: DecodedPictures, file: HashedFile) => Promise<EmbeddingFacts>;
}

/** What was built; `openPictures` reads it back with its pixels. */
export interface BuiltCatalogue extends Parts {
  readonly hasClasses: boolean;
  readonly skipped: readonly SkippedFile[];
  readonly duplicates: DuplicateFacts;
}

/**
 * The stages of a build that make a catalogue, in one go: for a prepared data set, which is never resumed. Rows are in the order
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
  const draft = await openDraft(decoded, split, folders, options.pictures.size);
  try {
    const embeddings = options.embed === undefined ? undefined : await writeEmbeddings(folder, draft, options.embed);
    const vectors = (await options.describe?.(draft)) ?? {};
    const entries = draft.catalogue.map(({ path, labels }) => ({ path, labels }));
    const identifiers = await options.assignIdentifiers(entries, draft);
    const contents = { split, identifiers, vectors, embeddings, notices: dataset.notices };
    const { hasClasses, skipped, duplicates } = split;
    return { ...partsOf(await writeCatalogue(folders, draft, contents, options)), hasClasses, skipped, duplicates };
  } finally {
    await draft.close();
    await rm(folders.work, { recursive: true });
  }
}

/** The file of embeddings of a catalogue, and what its manifest says of it. */
export async function writeEmbeddings(
  folder: string,
  draft: DecodedPictures,
  embed: NonNullable<BuildOptions['embed']>,
): Promise<NonNullable<CatalogueManifest['embeddings']>> {
  const file = await HashedFile.create(join(folder, EMBEDDINGS_FILE));
  try {
    const facts = await embed(draft, file);
    return { file: EMBEDDINGS_FILE, ...(await file.finish()), ...facts };
  } finally {
    await file.close();
  }
}
