import { availableParallelism } from 'node:os';
import { NeurodexError, silentReporter } from '@neurodex/core';
import { type FileDigest, HashedFile, inOrder, throwIfInterrupted } from '@neurodex/core/storage';
import {
  Availability,
  type Dataset,
  type Dimensions,
  reportSkipped,
  type SkippedFile,
  type SourcePicture,
} from '@neurodex/datasets';
import { formatByName, formatList, readPicture, sniffFormat } from '@neurodex/datasets/image';
import type { Picture } from '@neurodex/datasets/picture';
import { DamagedMetadata } from '../pictures/damaged-metadata.ts';
import { type DescribedSource, describeSource } from '../pictures/describe-source.ts';
import type { FileFacts } from '../pictures/find-same.ts';
import { keysOf, type PictureKeys } from '../pictures/fingerprint.ts';
import { byPath } from '../pictures/split.ts';
import { thumbnailEdge } from '../pictures/thumbnail.ts';
import { type BuildFolders, decodedPixelsFile, type PicturesOptions, thumbnailsFile } from './build-options.ts';
import { DecodedListWriter, type DecodedPicture } from './picture-lists.ts';

/** The pictures of a data set that could be decoded, in path order. */
export interface DecodedSet {
  readonly count: number;
  /** Of `DECODED_LIST`: what is known of each. */
  readonly list: FileDigest;
  readonly skipped: readonly SkippedFile[];
}

/** Twice the threads of Node's pool, which decode: a small picture is decoded before the next one can be handed on. */
const LEAST_IN_WORK = 8;

/**
 * Decodes every picture of a data set: pixels, thumbnails and what is known of each go to files. What cannot be decoded is skipped, reported and
 * listed; it never stops the work.
 * @throws NeurodexError `source-empty`, `source-unusable`, `interrupted`, `disk-full`, `output-unwritable`
 */
export async function decodePictures(
  dataset: Dataset,
  folders: BuildFolders,
  options: Omit<PicturesOptions, 'split' | 'seed'>,
): Promise<DecodedSet> {
  const {
    signal,
    reporter = silentReporter,
    concurrency = Math.max(LEAST_IN_WORK, 2 * availableParallelism()),
  } = options;
  const sources = [...dataset.pictures].sort(byPath);
  const skipped: SkippedFile[] = [...dataset.skipped];
  const availability = new Availability(dataset.source);
  reportSkipped([...dataset.skipped].sort(byPath), reporter);
  const pixels = await HashedFile.create(decodedPixelsFile(folders));
  let spool: HashedFile | undefined;
  let list: DecodedListWriter | undefined;
  const damaged = new DamagedMetadata();
  let count = 0;
  try {
    spool = await HashedFile.create(thumbnailsFile(folders));
    list = await DecodedListWriter.create(folders);
    let done = 0;
    for await (const result of inOrder(sources, concurrency, (source) => decode(source, options))) {
      throwIfInterrupted(signal);
      if ('reason' in result) {
        skipped.push({ path: result.path, reason: result.reason });
        reporter.warn(`skipped ${result.path}: ${result.reason}`, { path: result.path });
        availability.add(result.error);
      } else {
        availability.add();
        await pixels.append(result.picture.pixels);
        await spool.append(result.thumbnail);
        const { source, described, keys, thumbnail } = result;
        damaged.add(source.path, described.damaged);
        await list.append({ picture: factsOf(source, described), keys, thumbnail: thumbnail.length });
        count++;
      }
      reporter.progress({ phase: 'ingest', done: ++done, total: sources.length, unit: 'pictures' });
    }
    availability.check();
    damaged.report(reporter);
    skipped.sort(byPath);
    if (count === 0) throw nothingUsable(dataset, skipped);
    await spool.finish();
    await pixels.finish();
    return { count, list: await list.finish(), skipped };
  } finally {
    await list?.close();
    await spool?.close();
    await pixels.close();
  }
}

const factsOf = (
  { path, labels, objects, role }: SourcePicture,
  { captions, metadata }: DescribedSource,
): DecodedPicture => ({
  path,
  labels,
  ...(captions === undefined ? {} : { captions }),
  ...(objects === undefined ? {} : { objects }),
  ...(role === undefined ? {} : { role }),
  ...(metadata === undefined ? {} : { metadata }),
});

type DecodeResult =
  | (SkippedFile & { readonly error: NeurodexError })
  | {
      readonly source: SourcePicture;
      readonly described: DescribedSource;
      readonly picture: Picture;
      readonly thumbnail: Uint8Array;
      readonly keys: PictureKeys & FileFacts;
    };

async function decode(source: SourcePicture, options: Omit<PicturesOptions, 'split' | 'seed'>): Promise<DecodeResult> {
  throwIfInterrupted(options.signal);
  try {
    const ready = await source.decoded?.(options.pictures.size);
    if (ready !== undefined) {
      const facts = {
        ...sizeOf(source.dimensions),
        bytes: null,
        format: formatByName(source.path),
        edge: thumbnailEdge(ready.thumbnail),
      };
      const described = await describeSource(source, undefined, options.metadata ?? 'columns');
      return { source, described, ...ready, keys: { ...keysOf(ready.sha256, ready.picture), ...facts } };
    }
    const bytes = await source.read();
    const read = options.readPicture ?? readPicture;
    const made = await read(bytes, { ...options.pictures, name: source.path });
    const facts = {
      ...sizeOf(made.dimensions),
      bytes: bytes.length,
      format: sniffFormat(bytes) ?? null,
      edge: thumbnailEdge(made.thumbnail),
    };
    const described = await describeSource(source, bytes, options.metadata ?? 'columns');
    return { source, described, ...made, keys: { ...keysOf(bytes, made.picture), ...facts } };
  } catch (error) {
    if (error instanceof NeurodexError && error.code.startsWith('picture-')) {
      return { path: source.path, reason: withoutName(error.message, source.path), error };
    }
    throw error;
  }
}

const sizeOf = (dimensions: Dimensions | undefined): Pick<FileFacts, 'width' | 'height'> => ({
  width: dimensions?.width ?? null,
  height: dimensions?.height ?? null,
});

/** The list names the file already. */
const withoutName = (message: string, path: string): string =>
  message.startsWith(`${path} `) ? message.slice(path.length + 1) : message;

function nothingUsable(dataset: Dataset, skipped: readonly SkippedFile[]): NeurodexError {
  const first = skipped[0];
  const message = first
    ? `${dataset.source} has no picture that can be used: ${skipped.length} ${skipped.length === 1 ? 'file' : 'files'} tried, the first: ${first.path}: ${first.reason}`
    : `${dataset.source} has no pictures: 0 files tried`;
  return new NeurodexError('source-empty', message, {
    hint: `name a folder with pictures in it (${formatList}), one folder for each class`,
    details: { source: dataset.source, files: skipped.length },
  });
}
