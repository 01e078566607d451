import { rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { Random } from '@neurodex/autograd';
import { NeurodexError, type Reporter, silentReporter } from '@neurodex/core';
import { HashedFile, inOrder, openFileBytes, throwIfInterrupted } from '@neurodex/core/storage';
import type { Dataset, SkippedFile, SourcePicture } from '@neurodex/datasets';
import { Availability, reportSkipped } from '@neurodex/datasets';
import { readPicture } from '@neurodex/datasets/image';
import { type Picture, pictureBytes } from '@neurodex/datasets/picture';
import { type CatalogueManifest, EMBEDDINGS_FILE } from '../artifact/catalogue-manifest.ts';
import { CatalogueWriter, type ShardLimits } from '../artifact/catalogue-writer.ts';
import type { DuplicateFacts } from '../pictures/duplicate-facts.ts';
import { type Duplicates, findDuplicates } from '../pictures/duplicates.ts';
import type { EmbeddingFacts } from '../pictures/embeddings.ts';
import { type Parts, partsOf, type StoredPicture } from '../pictures/picture-store.ts';
import { keysOf, type PictureKeys } from '../pictures/same-picture.ts';
import { assignRoles, byPath, type SplitOptions } from '../pictures/split.ts';

export interface PictureOptions {
  /** Edge of the picture that the model sees, in pixels. */
  readonly size: number;
  /** Edge of the picture that people see, in pixels. */
  readonly thumbnail: number;
  /** Largest file that is decoded, width × height in pixels. */
  readonly maxPixels: number;
}

/** Decodes one file; throws NeurodexError `picture-*` for a file that is not a sound picture. */
export type PictureReader = (
  bytes: Uint8Array,
  options: PictureOptions & { readonly name: string },
) => Promise<{ readonly picture: Picture; readonly thumbnail: Uint8Array }>;

export interface BuildOptions {
  readonly pictures: PictureOptions;
  readonly split: SplitOptions;
  readonly seed: number;
  /** One identifier per catalogue picture, in the order given; asked for when everything else is known. */
  readonly assignIdentifiers: (
    catalogue: readonly { readonly path: string; readonly labels: readonly string[] }[],
    decoded: DecodedPictures,
  ) => readonly string[] | Promise<readonly string[]>;
  /** Vectors of the catalogue pictures, by column. */
  readonly describe?: (decoded: DecodedPictures) => Promise<Readonly<Record<string, CatalogueVectors>>>;
  /** What the network reads in place of pixels: appended to the file, row by row. Called before `describe`. */
  readonly embed?: (decoded: DecodedPictures, file: HashedFile) => Promise<EmbeddingFacts>;
  readonly reporter?: Reporter;
  readonly signal?: AbortSignal;
  readonly readPicture?: PictureReader;
  /** Pictures in work at a time; by default two for each core and at least eight, so that a large one holds nobody up. */
  readonly concurrency?: number;
  readonly limits?: ShardLimits;
}

/** The pictures while the catalogue is built: decoded, with their roles, still without identifiers. */
export interface DecodedPictures extends Parts {
  /** PNG */
  thumbnail(picture: StoredPicture): Promise<Uint8Array>;
  /** uint8 [size, size, 3] */
  pixels(picture: StoredPicture): Promise<Uint8Array>;
}

export interface CatalogueVectors {
  readonly length: number;
  /** SHA-256 of the vocabulary or encoder that they are made with. */
  readonly vocabulary: string;
  /** float32 [N, length], in row order */
  readonly values: Float32Array;
}

/** What was built; `openCatalogue` reads it back with its pixels. */
export interface BuiltCatalogue extends Parts {
  readonly hasClasses: boolean;
  readonly skipped: readonly SkippedFile[];
  readonly duplicates: DuplicateFacts;
}

/**
 * Decode the pictures of a data set into a catalogue folder: pixels, thumbnails, roles, identifiers. Rows are in the
 * order of the paths. Files that cannot be used are skipped, reported and listed; they never stop the work. A picture that
 * occurs several times is in one split. Memory does not grow with the pictures but for their names and fingerprints:
 * thumbnails wait in a file until every role is known.
 * @param folder the catalogue folder (`catalogue` in an index), made when it is not there. On an error it is left
 *   half-made: build inside `createFolder`.
 * @throws NeurodexError `source-empty`, `source-unusable`, `interrupted`, `disk-full`, `output-unwritable`
 */
export async function buildCatalogue(dataset: Dataset, folder: string, options: BuildOptions): Promise<BuiltCatalogue> {
  throwIfInterrupted(options.signal);
  const writer = await CatalogueWriter.create(folder, options.pictures.size, options.limits);
  const spool = join(folder, 'thumbnails.spool');
  try {
    const read = await decodeAll(dataset, writer, spool, options);
    if (read.usable.length === 0) throw nothingUsable(dataset, read.skipped);
    const bytes = pictureBytes(options.pictures.size);
    const thumbnails = await openFileBytes(spool);
    let pixels = await openFileBytes(await writer.finishPixels());
    let pictures: readonly StoredPicture[];
    let embeddings: CatalogueManifest['embeddings'];
    let hasClasses: boolean;
    let duplicates: Duplicates;
    try {
      const starts = [0];
      for (const length of read.lengths) starts.push((starts.at(-1) ?? 0) + length);
      const thumbnailAt = async (at: number) =>
        new Uint8Array(await thumbnails.slice(starts[at] as number, starts[at + 1]));
      const pixelsAt = async (row: number) => new Uint8Array(await pixels.slice(row * bytes, (row + 1) * bytes));
      duplicates = await findDuplicates(read.usable, read.keys, {
        pixels: async (at) => ({ size: options.pictures.size, pixels: await pixelsAt(at) }),
        thumbnail: thumbnailAt,
        maxPixels: options.pictures.maxPixels,
        ...(options.reporter === undefined ? {} : { reporter: options.reporter }),
        ...(options.signal === undefined ? {} : { signal: options.signal }),
      });
      if (duplicates.kept.length < read.usable.length) {
        await pixels.close();
        pixels = await openFileBytes(await writer.keepPixels(duplicates.kept));
      }
      const usable = duplicates.kept.map((at) => read.usable[at] as SourcePicture);
      const unnamed = withRoles(usable, duplicates.sets, options);
      const parts = partsOf(unnamed);
      if (parts.catalogue.length < 2) throw tooFew(dataset, parts.catalogue.length, usable.length);
      hasClasses = unnamed.some(({ labels }) => labels.length > 0);
      const thumbnail = ({ row }: StoredPicture) => thumbnailAt(duplicates.kept[row] as number);
      const decoded: DecodedPictures = {
        ...parts,
        thumbnail,
        pixels: ({ row }) => pixelsAt(row),
      };
      embeddings = await writeEmbeddings(folder, decoded, options);
      const vectors = (await options.describe?.(decoded)) ?? {};
      pictures = await named(decoded, options);
      declareVectors(writer, vectors);
      let position = 0;
      for (const picture of pictures) {
        throwIfInterrupted(options.signal);
        const described = picture.role === 'catalogue' ? { vectors: vectorsAt(vectors, position++) } : {};
        await writer.appendRow({ ...picture, ...described, thumbnail: await thumbnail(picture) });
      }
    } finally {
      await thumbnails.close();
      await pixels.close();
    }
    await rm(spool);
    const skipped = [...read.skipped, ...duplicates.leftOut].sort(byPath);
    const { facts } = duplicates;
    await writer.finish({
      hasClasses,
      notices: dataset.notices,
      skipped,
      ...(facts.sets === 0 && facts.leftOut === 0 ? {} : { duplicates: facts }),
      ...(embeddings === undefined ? {} : { embeddings }),
    });
    return { ...partsOf(pictures), hasClasses, skipped, duplicates: facts };
  } finally {
    await writer.close();
  }
}

/** Twice the threads of Node's pool, which decode: a small picture is decoded before the next one can be handed on. */
const LEAST_IN_WORK = 8;

function declareVectors(writer: CatalogueWriter, columns: Readonly<Record<string, CatalogueVectors>>): void {
  writer.declareVectors(
    Object.fromEntries(Object.entries(columns).map(([name, { length, vocabulary }]) => [name, { length, vocabulary }])),
  );
}

/** Those of one catalogue picture. @param position of the picture in the catalogue, from 0 */
const vectorsAt = (columns: Readonly<Record<string, CatalogueVectors>>, position: number) =>
  Object.fromEntries(
    Object.entries(columns).map(([name, { length, values }]) => [
      name,
      values.subarray(position * length, (position + 1) * length),
    ]),
  );

interface Decoded {
  readonly usable: readonly SourcePicture[];
  /** Bytes of each thumbnail, as they lie in the spool one after another. */
  readonly lengths: readonly number[];
  readonly keys: readonly PictureKeys[];
  readonly skipped: readonly SkippedFile[];
}

/** First pass: pixels to the catalogue, thumbnails to the spool, in path order. */
async function decodeAll(
  dataset: Dataset,
  writer: CatalogueWriter,
  spoolPath: string,
  options: BuildOptions,
): Promise<Decoded> {
  const {
    signal,
    reporter = silentReporter,
    concurrency = Math.max(LEAST_IN_WORK, 2 * availableParallelism()),
  } = options;
  const sources = [...dataset.pictures].sort(byPath);
  const usable: SourcePicture[] = [];
  const lengths: number[] = [];
  const keys: PictureKeys[] = [];
  const skipped: SkippedFile[] = [];
  const availability = new Availability(dataset.source);
  let done = 0;
  const skip = (file: SkippedFile): void => {
    skipped.push(file);
    reporter.warn(`skipped ${file.path}: ${file.reason}`, { path: file.path });
  };
  skipped.push(...dataset.skipped);
  reportSkipped([...dataset.skipped].sort(byPath), reporter);
  const spool = await HashedFile.create(spoolPath);
  try {
    for await (const result of inOrder(sources, concurrency, (source) => decode(source, options))) {
      throwIfInterrupted(signal);
      if ('reason' in result) {
        skip({ path: result.path, reason: result.reason });
        availability.add(result.error);
      } else {
        availability.add();
        await writer.appendPixels(result.picture.pixels);
        await spool.append(result.thumbnail);
        usable.push(result.source);
        lengths.push(result.thumbnail.length);
        keys.push(result.keys);
      }
      reporter.progress({ phase: 'ingest', done: ++done, total: sources.length, unit: 'pictures' });
    }
    availability.check();
    await spool.finish();
  } finally {
    await spool.close();
  }
  return { usable, lengths, keys, skipped: skipped.sort(byPath) };
}

type DecodeResult =
  | (SkippedFile & { readonly error: NeurodexError })
  | {
      readonly source: SourcePicture;
      readonly picture: Picture;
      readonly thumbnail: Uint8Array;
      readonly keys: PictureKeys;
    };

async function decode(source: SourcePicture, options: BuildOptions): Promise<DecodeResult> {
  throwIfInterrupted(options.signal);
  try {
    const ready = await source.decoded?.(options.pictures.size);
    if (ready !== undefined) return { source, ...ready, keys: keysOf(ready.thumbnail, ready.picture) };
    const bytes = await source.read();
    const read = options.readPicture ?? readPicture;
    const made = await read(bytes, { ...options.pictures, name: source.path });
    return { source, ...made, keys: keysOf(bytes, made.picture) };
  } catch (error) {
    if (error instanceof NeurodexError && error.code.startsWith('picture-')) {
      return { path: source.path, reason: withoutName(error.message, source.path), error };
    }
    throw error;
  }
}

/** The list names the file already. */
const withoutName = (message: string, path: string): string =>
  message.startsWith(`${path} `) ? message.slice(path.length + 1) : message;

/** The usable pictures, which are in path order, with their roles. */
function withRoles(usable: readonly SourcePicture[], sets: readonly number[], options: BuildOptions): StoredPicture[] {
  const roles = assignRoles(usable, options.split, Random.stream(options.seed, 'split'), sets);
  return usable.map(({ path, labels, captions, objects }, row) => ({
    row,
    path,
    labels,
    ...(captions === undefined ? {} : { captions }),
    ...(objects === undefined ? {} : { objects }),
    role: roles[row] ?? 'catalogue',
  }));
}

/** All pictures, those of the catalogue with identifiers. */
async function named(decoded: DecodedPictures, options: BuildOptions): Promise<StoredPicture[]> {
  const catalogue = decoded.catalogue;
  const entries = catalogue.map(({ path, labels }) => ({ path, labels }));
  const identifiers = await options.assignIdentifiers(entries, decoded);
  if (identifiers.length !== catalogue.length || new Set(identifiers).size !== catalogue.length) {
    throw new RangeError(`${catalogue.length} catalogue pictures need as many distinct identifiers`);
  }
  let next = 0;
  return decoded.rows.map((picture) =>
    picture.role === 'catalogue' ? { ...picture, identifier: identifiers[next++] ?? '' } : picture,
  );
}

/** The file of embeddings, where there is to be one. */
async function writeEmbeddings(
  folder: string,
  decoded: DecodedPictures,
  { embed }: BuildOptions,
): Promise<CatalogueManifest['embeddings']> {
  if (embed === undefined) return undefined;
  const file = await HashedFile.create(join(folder, EMBEDDINGS_FILE));
  try {
    const facts = await embed(decoded, file);
    return { file: EMBEDDINGS_FILE, ...(await file.finish()), ...facts };
  } finally {
    await file.close();
  }
}

function nothingUsable(dataset: Dataset, skipped: readonly SkippedFile[]): NeurodexError {
  const first = skipped[0];
  const message = first
    ? `${dataset.source} has no picture that can be used: ${count(skipped.length, 'file')} tried, the first: ${first.path}: ${first.reason}`
    : `${dataset.source} has no pictures: 0 files tried`;
  return new NeurodexError('source-empty', message, {
    hint: 'name a folder with pictures in it (JPEG, PNG, WebP, AVIF, GIF or TIFF), one folder for each class',
    details: { source: dataset.source, files: skipped.length },
  });
}

function tooFew(dataset: Dataset, kept: number, usable: number): NeurodexError {
  return new NeurodexError(
    'source-unusable',
    `${dataset.source} gives ${kept === 0 ? 'no catalogue picture' : 'one catalogue picture'} of ${count(usable, 'usable picture')}; an index needs at least two to tell apart`,
    {
      hint: 'add pictures or classes, or lower split.retrievalFraction so that more of them are kept in the catalogue',
      details: { source: dataset.source, catalogue: kept, usable },
    },
  );
}

const count = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? '' : 's'}`;
