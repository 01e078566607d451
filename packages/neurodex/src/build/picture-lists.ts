import { join } from 'node:path';
import { defined } from '@neurodex/core';
import { type FileDigest, HashedFile, jsonLine, readJsonLines } from '@neurodex/core/storage';
import type { PictureMetadata, SourcePicture } from '@neurodex/datasets';
import type { Format } from '@neurodex/datasets/image';
import type { FileFacts } from '../pictures/find-same.ts';
import { FINGERPRINT_LENGTH, type PictureKeys } from '../pictures/fingerprint.ts';
import type { StoredPicture } from '../pictures/picture-store.ts';
import { sharedLabels } from '../pictures/shared-labels.ts';
import type { BuildFolders } from './build-options.ts';
import { WORK_FOLDER } from './stage-record.ts';

/** What is known of a picture beside its pixels. */
export type DecodedPicture = Pick<SourcePicture, 'path' | 'labels' | 'captions' | 'objects' | 'role' | 'metadata'>;

/** A decoded picture, as one stage hands it to the next. */
export interface DecodedEntry {
  readonly picture: DecodedPicture;
  readonly keys: PictureKeys & FileFacts;
  /** Bytes of its thumbnail. The thumbnails lie in the spool one after another, in the order of the list. */
  readonly thumbnail: number;
}

/** Where thumbnails lie in the spool: begin and end of each, [2·pictures]. */
export type ThumbnailSpans = Float64Array;

/** The decoded pictures, by their places. */
export interface DecodedEntries {
  readonly pictures: readonly DecodedPicture[];
  readonly keys: readonly (PictureKeys & FileFacts)[];
  readonly thumbnails: ThumbnailSpans;
}

/** The pictures with their roles, by their rows. */
export interface SplitRows {
  readonly rows: readonly StoredPicture[];
  readonly thumbnails: ThumbnailSpans;
  /** SHA-256 of the file of each, 32 bytes, one after another. */
  readonly digests: Uint8Array;
  /** What each says of itself. */
  readonly metadata: readonly (PictureMetadata | undefined)[];
}

const DIGEST_BYTES = 32;

/** The SHA-256 of the file of a row, in hexadecimal. */
export const digestAt = (digests: Uint8Array, row: number): string =>
  Buffer.from(digests.subarray(row * DIGEST_BYTES, (row + 1) * DIGEST_BYTES)).toString('hex');

/*
 * What is known of each picture lies between the stages as one line of JSON for each, and never as one value: a million of
 * them would be longer than a string may be, and no stage needs what another one knows of all pictures for as long as it runs.
 */
const decodedFile = ({ work }: BuildFolders): string => join(work, DECODED_LIST);
const splitFile = ({ work }: BuildFolders): string => join(work, SPLIT_LIST);
export const DECODED_LIST = 'decoded.jsonl';
export const SPLIT_LIST = 'pictures.jsonl';

/** What says which pictures an index has, relative to its folder. */
export const SPLIT_FILES: readonly string[] = [`${WORK_FOLDER}/split.json`, `${WORK_FOLDER}/${SPLIT_LIST}`];

/** The list of the decoded pictures while it grows. */
export class DecodedListWriter {
  private readonly file: HashedFile;

  private constructor(file: HashedFile) {
    this.file = file;
  }

  static async create(folders: BuildFolders): Promise<DecodedListWriter> {
    return new DecodedListWriter(await HashedFile.create(decodedFile(folders)));
  }

  async append({ picture, keys, thumbnail }: DecodedEntry): Promise<void> {
    const fingerprint = Buffer.from(keys.fingerprint).toString('base64');
    const { file, pixels, width, height, bytes, edge, format } = keys;
    await this.file.append(
      jsonLine([picture, thumbnail, file, pixels, fingerprint, edge, width, height, bytes, format]),
    );
  }

  async finish(): Promise<FileDigest> {
    return sizeAndDigest(await this.file.finish());
  }

  close(): Promise<void> {
    return this.file.close();
  }
}

type Size = number | null;
type DecodedLine = [
  picture: DecodedPicture,
  thumbnail: number,
  file: string,
  pixels: string,
  fingerprint: string,
  edge: number,
  width: Size,
  height: Size,
  bytes: Size,
  format: Format | null,
];

/** @param count pictures in the list @throws NeurodexError `index-missing`, `index-damaged` */
export async function readDecodedList(
  folders: BuildFolders,
  { list, count }: { readonly list: FileDigest; readonly count: number },
): Promise<DecodedEntries> {
  const pictures: DecodedPicture[] = [];
  const keys: (PictureKeys & FileFacts)[] = [];
  const thumbnails = new Float64Array(2 * count);
  const fingerprints = new Uint8Array(FINGERPRINT_LENGTH * count);
  const share = sharedLabels();
  let start = 0;
  for await (const line of readJsonLines(decodedFile(folders), list)) {
    const [picture, length, file, pixels, fingerprint, edge, width, height, bytes, format] = line as DecodedLine;
    thumbnails.set([start, start + length], 2 * pictures.length);
    start += length;
    const at = FINGERPRINT_LENGTH * pictures.length;
    const own = fingerprints.subarray(at, at + FINGERPRINT_LENGTH);
    own.set(Buffer.from(fingerprint, 'base64'));
    pictures.push({ ...picture, labels: share(picture.labels) });
    keys.push({ file, pixels, fingerprint: own, edge, width, height, bytes, format });
  }
  return { pictures, keys, thumbnails };
}

export async function writeSplitList(
  folders: BuildFolders,
  { rows, thumbnails, digests, metadata }: SplitRows,
): Promise<FileDigest> {
  const file = await HashedFile.create(splitFile(folders));
  try {
    for (const { row, id: _, ...picture } of rows) {
      const digest = digestAt(digests, row);
      await file.append(
        jsonLine([picture, ...thumbnails.subarray(2 * row, 2 * row + 2), digest, metadata[row] ?? null]),
      );
    }
    return sizeAndDigest(await file.finish());
  } finally {
    await file.close();
  }
}

type SplitLine = [
  picture: Omit<StoredPicture, 'row' | 'id'>,
  start: number,
  end: number,
  digest: string,
  metadata: PictureMetadata | null | undefined,
];

/** @param count rows in the list @throws NeurodexError `index-missing`, `index-damaged` */
export async function readSplitList(
  folders: BuildFolders,
  { list, count }: { readonly list: FileDigest; readonly count: number },
): Promise<SplitRows> {
  const rows: StoredPicture[] = [];
  const share = sharedLabels();
  const thumbnails = new Float64Array(2 * count);
  const digests = new Uint8Array(DIGEST_BYTES * count);
  const metadata: (PictureMetadata | undefined)[] = [];
  for await (const line of readJsonLines(splitFile(folders), list)) {
    const [picture, start, end, digest, said] = line as SplitLine;
    const row = rows.length;
    thumbnails.set([start, end], 2 * row);
    digests.set(Buffer.from(digest, 'hex'), DIGEST_BYTES * row);
    rows.push({ row, id: row, ...picture, labels: share(picture.labels) });
    metadata.push(said ?? undefined);
  }
  return { rows, thumbnails, digests, metadata };
}

const sizeAndDigest = ({ bytes, sha256 }: FileDigest): FileDigest => ({ bytes, sha256 });

/** The spans of some pictures, in their order. */
export function spansOf(thumbnails: ThumbnailSpans, places: readonly number[]): ThumbnailSpans {
  const spans = new Float64Array(2 * places.length);
  for (const [i, at] of places.entries()) spans.set(thumbnails.subarray(2 * at, 2 * at + 2), 2 * i);
  return spans;
}

/** @throws Error where there is no such picture */
export const spanAt = (thumbnails: ThumbnailSpans, at: number): readonly [start: number, end: number] => [
  defined(thumbnails[2 * at], 'the start of a thumbnail'),
  defined(thumbnails[2 * at + 1], 'the end of a thumbnail'),
];
