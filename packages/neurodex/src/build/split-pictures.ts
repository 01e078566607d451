import { copyFile, link, rm } from 'node:fs/promises';
import { defined } from '@neurodex/core';
import { type FileDigest, HashedFile, openFileBytes } from '@neurodex/core/storage';
import type { Dataset, SkippedFile, SourcePicture } from '@neurodex/datasets';
import { pictureBytes } from '@neurodex/datasets/picture';
import { COPIES, DUPLICATE_KINDS, type DuplicateFacts, type DuplicateKind } from '../pictures/duplicate-facts.ts';
import { findDuplicates } from '../pictures/duplicates.ts';
import { partsOf } from '../pictures/picture-store.ts';
import { byPath } from '../pictures/split.ts';
import { refuseTooFew, withRoles } from '../pictures/with-roles.ts';
import { type BuildFolders, decodedPixelsFile, type PicturesOptions, splitPixelsFile } from './build-options.ts';
import type { DecodedSet } from './decode-pictures.ts';
import { readDecoded } from './draft.ts';
import { lookUpThreads } from './look-up-threads.ts';
import { type DecodedPicture, readDecodedList, spansOf, writeSplitList } from './picture-lists.ts';

/** The pictures with their roles, still without identifiers. */
export interface SplitSet {
  /** Rows: pictures that stay. */
  readonly count: number;
  /** N */
  readonly catalogue: number;
  /** Of `SPLIT_LIST`: what is known of each. */
  readonly list: FileDigest;
  readonly hasClasses: boolean;
  /** Whether the data set says which part each picture plays. */
  readonly givenRoles: boolean;
  readonly skipped: readonly SkippedFile[];
  readonly duplicates: DuplicateFacts;
}

/**
 * Gives each decoded picture its role. A picture that occurs several times is in one split; of a data set that fixes the roles,
 * copies in other splits are left out. Writes the pixels of the catalogue, and the list of its pictures.
 * @param dataset whose files are read again where only all their pixels can tell two pictures apart
 * @throws NeurodexError `source-unusable`, `interrupted`, `disk-full`, `output-unwritable`
 */
export async function splitPictures(
  decoded: DecodedSet,
  dataset: Dataset,
  folders: BuildFolders,
  options: PicturesOptions,
): Promise<SplitSet> {
  const { size, maxPixels } = options.pictures;
  const { pictures, keys, thumbnails } = await readDecodedList(folders, decoded);
  const reader = await readDecoded(thumbnails, folders, size);
  try {
    const duplicates = await findDuplicates(pictures, keys, {
      source: sourceOf(dataset, pictures),
      pixels: async (at) => ({ size, pixels: await reader.pixels(at) }),
      thumbnail: reader.thumbnail,
      maxPixels,
      dedupe: options.dedupe === true,
      kinds: kindsOf(pictures, options.dedupe === true),
      lookUpStarter: lookUpThreads,
      // Of a split that is given, only what lies in two parts of it matters; there may be a million catalogue pictures.
      acrossRoles: options.dedupe !== true && pictures.some(({ role }) => role !== undefined),
      ...(options.reporter === undefined ? {} : { reporter: options.reporter }),
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    });
    const { kept } = duplicates;
    const rows = withRoles(
      kept.map((at) => defined(pictures[at], 'a picture that stays')),
      duplicates.sets,
      options,
    );
    const { catalogue } = partsOf(rows);
    refuseTooFew(dataset.source, catalogue.length, rows.length);
    await writePixels(decoded, kept, folders, size);
    return {
      count: rows.length,
      catalogue: catalogue.length,
      list: await writeSplitList(folders, {
        rows,
        thumbnails: spansOf(thumbnails, kept),
        digests: Buffer.concat(
          kept.map((at) => Buffer.from(defined(keys[at], 'the keys of a picture').file, 'base64')),
        ),
        metadata: kept.map((at) => pictures[at]?.metadata),
      }),
      givenRoles: pictures.some(({ role }) => role !== undefined),
      hasClasses: rows.some(({ labels }) => labels.length > 0),
      skipped: [...decoded.skipped, ...duplicates.leftOut].sort(byPath),
      duplicates: duplicates.facts,
    };
  } finally {
    await reader.close();
  }
}

/** Where a decoded picture came from. Few are asked for: the names are only looked through when the first one is. */
function sourceOf(dataset: Dataset, pictures: readonly DecodedPicture[]): (at: number) => SourcePicture {
  let sources: Map<string, SourcePicture> | undefined;
  return (at) => {
    const { path } = defined(pictures[at], 'a decoded picture');
    sources ??= new Map(dataset.pictures.map((source) => [source.path, source]));
    return defined(sources.get(path), `the source of ${path}`);
  };
}

/** Where every picture stays, the file of the decoded pixels is the catalogue's as well: a link to it, or a copy. */
async function writePixels(
  decoded: DecodedSet,
  kept: readonly number[],
  folders: BuildFolders,
  size: number,
): Promise<void> {
  const source = decodedPixelsFile(folders);
  const target = splitPixelsFile(folders);
  await rm(target, { force: true });
  if (kept.length === decoded.count) {
    await link(source, target).catch(() => copyFile(source, target));
    return;
  }
  const bytes = pictureBytes(size);
  const pixels = await openFileBytes(source);
  const file = await HashedFile.create(target);
  try {
    for (const at of kept) await file.append(new Uint8Array(await pixels.slice(at * bytes, (at + 1) * bytes)));
    await file.finish();
  } finally {
    await file.close();
    await pixels.close();
  }
}

/**
 * Where the split is ours, copies of a picture stay in one part. Pictures that are a little more or less of the same are of one part only
 * where that is asked for: drawings of plain shapes, and bursts of photographs, would put whole classes into one.
 */
const kindsOf = (pictures: readonly Pick<SourcePicture, 'role'>[], dedupe: boolean): readonly DuplicateKind[] =>
  dedupe || pictures.some(({ role }) => role !== undefined) ? DUPLICATE_KINDS : COPIES;
