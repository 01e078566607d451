import { closeSync, openSync, readSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { FileMetaData } from 'hyparquet';
import { type PictureObject, ROLES, type Role } from '../datasets/dataset.ts';
import { parquetProblem } from '../datasets/parquet-problems.ts';
import { NeurodexError } from '../errors.ts';
import { decodeWhole } from '../image/decode.ts';
import type { Picture } from '../image/picture.ts';
import { type ByteSource, type OpenBytes, openFileBytes } from '../storage/byte-source.ts';
import { digestFile, type FileDigest } from '../storage/hashed-file.ts';
import type { Catalogue, StoredPicture } from './catalogue.ts';
import { Embeddings } from './embeddings.ts';
import { type CatalogueManifest, damaged, readManifest, unreadable } from './manifest.ts';
import { readShardMetadata, readShardRows, readShardThumbnail, readShardVectors } from './shard.ts';

/** Bytes read at once. */
const PIECE = 2 ** 24;

/** A catalogue without its pixels: enough to name answers. */
export type CatalogueRows = Omit<Catalogue, 'pixels' | 'thumbnail' | 'embeddings'>;

/**
 * The rows of the catalogue in `folder` (the folder that holds catalogue.json), and its pixels, which are checked now and
 * held from when they are first asked for.
 * @param shared the pixels, where another thread has read them: they are neither checked nor read again
 * @throws NeurodexError `index-missing`, `index-damaged` (naming the file), `index-newer`
 */
export async function openCatalogue(folder: string, shared?: Uint8Array): Promise<Catalogue> {
  const manifest = await readManifest(folder);
  const rows = await readRows(folder, manifest);
  const thumbnails = new ThumbnailReader(folder, manifest);
  if (shared === undefined) await checkPixels(folder, manifest);
  let pixels = shared;
  return {
    ...rows,
    ...(await openEmbeddings(folder, manifest)),
    // Most of the memory of an index, and searching with the network reads none of it: they are held once somebody asks.
    get pixels() {
      pixels ??= readPixels(folder, manifest);
      return pixels;
    },
    thumbnail: async (row) => decodeThumbnail(await thumbnails.read(row), `the thumbnail of row ${row} in ${folder}`),
  };
}

/** Their bytes are compared with the digest by `verifyCatalogue` alone: they may be many, and searching reads few. */
async function openEmbeddings(
  folder: string,
  { embeddings }: CatalogueManifest,
): Promise<{ readonly embeddings?: Embeddings }> {
  if (embeddings === undefined) return {};
  await checkSize(join(folder, embeddings.file), embeddings.bytes);
  return { embeddings: new Embeddings(folder, embeddings) };
}

/** As `openCatalogue`, without reading the pixels; that they are there, and of the right size, is checked. */
export async function openCatalogueRows(folder: string): Promise<CatalogueRows> {
  const manifest = await readManifest(folder);
  await checkSize(join(folder, manifest.pixels.file), manifest.pixels.bytes);
  return readRows(folder, manifest);
}

/**
 * Compare every file with the digest in the manifest.
 * @throws NeurodexError `index-missing`, `index-damaged` (naming the file), `index-newer`
 */
export async function verifyCatalogue(folder: string): Promise<CatalogueManifest> {
  const manifest = await readManifest(folder);
  const { embeddings } = manifest;
  for (const listed of [...manifest.shards, manifest.pixels, ...(embeddings === undefined ? [] : [embeddings])]) {
    const path = join(folder, listed.file);
    await checkSize(path, listed.bytes);
    checkDigest(path, await readable(path, () => digestFile(path)), listed.sha256);
  }
  return manifest;
}

/**
 * The thumbnails (PNG) of some rows, in the order asked for.
 * @throws RangeError for a row that the catalogue does not have; NeurodexError as `openCatalogue`
 */
export async function readThumbnails(
  folder: string,
  rows: readonly number[],
  open: OpenBytes = openFileBytes,
): Promise<Uint8Array[]> {
  const reader = new ThumbnailReader(folder, await readManifest(folder), open);
  const found = new Map<number, Uint8Array>();
  for (const row of new Set(rows)) found.set(row, await reader.read(row));
  return rows.map((row) => found.get(row) ?? new Uint8Array());
}

/** Reads thumbnails (PNG) one by one, whenever they are asked for. @throws NeurodexError as `openCatalogue` */
export async function openThumbnails(folder: string): Promise<(row: number) => Promise<Uint8Array>> {
  const reader = new ThumbnailReader(folder, await readManifest(folder));
  return (row) => reader.read(row);
}

/** Reads thumbnails one by one: of each shard the footer, once, and then only the pages that hold the row. */
class ThumbnailReader {
  private readonly folder: string;
  private readonly manifest: CatalogueManifest;
  private readonly open: OpenBytes;
  private readonly footers = new Map<string, FileMetaData>();

  constructor(folder: string, manifest: CatalogueManifest, open: OpenBytes = openFileBytes) {
    this.folder = folder;
    this.manifest = manifest;
    this.open = open;
  }

  /** @returns PNG */
  async read(row: number): Promise<Uint8Array> {
    const { shards, rows } = this.manifest;
    if (!(Number.isInteger(row) && row >= 0 && row < rows)) {
      throw new RangeError(`the catalogue has rows 0 to ${rows - 1}, not ${row}`);
    }
    let first = 0;
    for (const shard of shards) {
      const inside = row - first;
      first += shard.rows;
      if (row >= first) continue;
      return await readShard(join(this.folder, shard.file), shard.bytes, this.open, async (file, path) => {
        const metadata = this.footers.get(path) ?? checkRows(await readShardMetadata(file), shard.rows, path);
        this.footers.set(path, metadata);
        const bytes = await readShardThumbnail(file, metadata, inside);
        if (!(bytes instanceof Uint8Array)) throw damaged(path, `has no thumbnail in row ${row}`);
        return bytes;
      });
    }
    throw damaged(this.folder, `has no shard with row ${row}`);
  }
}

/** @param name what it is called in messages */
export async function decodeThumbnail(png: Uint8Array, name: string): Promise<Picture> {
  const { width, height, pixels } = await decodeWhole(png, { name, maxPixels: Number.POSITIVE_INFINITY });
  if (width !== height) throw damaged(name, `is ${width}×${height}, where it should be square`);
  return { size: width, pixels };
}

/** Vectors of the catalogue pictures, in row order, and the vocabulary or encoder that they were made with. */
export interface StoredVectors {
  /** float32 [N, length] */
  readonly values: Float32Array;
  readonly length: number;
  /** SHA-256 */
  readonly vocabulary: string;
}

/**
 * A column of vectors; undefined when the catalogue has none of that name.
 * @throws NeurodexError as `openCatalogue`
 */
export async function readVectors(folder: string, name: string): Promise<StoredVectors | undefined> {
  const manifest = await readManifest(folder);
  const column = manifest.vectors?.[name];
  if (column === undefined) return undefined;
  const found: number[][] = [];
  for (const shard of manifest.shards) {
    await readShard(join(folder, shard.file), shard.bytes, openFileBytes, async (file, path) => {
      for (const vector of await readShardVectors(file, name)) {
        if (vector === null || vector === undefined) continue;
        const values = Array.from(vector as ArrayLike<number>);
        if (values.length !== column.length || !values.every(Number.isFinite)) {
          throw damaged(path, `has a vector in column ${name} that is not ${column.length} numbers`);
        }
        found.push(values);
      }
    });
  }
  const values = new Float32Array(found.length * column.length);
  for (const [i, vector] of found.entries()) values.set(vector, i * column.length);
  return { values, ...column };
}

async function readRows(folder: string, manifest: CatalogueManifest): Promise<CatalogueRows> {
  const { size, hasClasses, notices, skipped, duplicates } = manifest;
  const pictures: StoredPicture[] = [];
  for (const shard of manifest.shards) {
    const file = join(folder, shard.file);
    await checkSize(file, shard.bytes);
    // Before it is parsed: a Parquet reader may go round in circles on bytes that were never written.
    checkDigest(file, await readable(file, () => digestFile(file)), shard.sha256);
    await readShard(file, shard.bytes, openFileBytes, async (source, path) => {
      const rows = await readShardRows(source);
      if (rows.length !== shard.rows) throw damaged(path, `has ${rows.length} rows where ${shard.rows} are listed`);
      for (const row of rows) pictures.push(toStoredPicture(row, pictures.length, path));
    });
  }
  return { size, hasClasses, notices, skipped, pictures, ...(duplicates === undefined ? {} : { duplicates }) };
}

function toStoredPicture(value: Record<string, unknown>, expected: number, file: string): StoredPicture {
  const { row, path, labels, captions, objects, split, identifier } = value;
  const sound =
    row === expected &&
    typeof path === 'string' &&
    isTexts(labels) &&
    ((captions ?? null) === null || isTexts(captions)) &&
    ROLES.includes(split as Role) &&
    (split === 'catalogue' ? typeof identifier === 'string' : (identifier ?? null) === null);
  const seen = toObjects(objects);
  if (!sound || seen === 'damaged') throw damaged(file, `does not hold what it should in row ${expected}`);
  return {
    row: expected,
    path,
    labels,
    ...(isTexts(captions) ? { captions } : {}),
    ...(seen === undefined ? {} : { objects: seen }),
    role: split as Role,
    ...(typeof identifier === 'string' ? { identifier } : {}),
  };
}

const isTexts = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((text) => typeof text === 'string');

function toObjects(value: unknown): PictureObject[] | 'damaged' | undefined {
  if (value === null || value === undefined) return undefined;
  if (!Array.isArray(value)) return 'damaged';
  const objects: PictureObject[] = [];
  for (const each of value as Record<string, unknown>[]) {
    const { category, bbox, area, crowd } = each ?? {};
    const isBox = Array.isArray(bbox) && bbox.length === 4 && bbox.every((side) => typeof side === 'number');
    if (typeof category !== 'string' || !isBox || typeof area !== 'number' || typeof crowd !== 'boolean') {
      return 'damaged';
    }
    objects.push({ category, box: bbox as unknown as PictureObject['box'], area, crowd });
  }
  return objects;
}

async function checkPixels(folder: string, { pixels }: CatalogueManifest): Promise<void> {
  const path = join(folder, pixels.file);
  await checkSize(path, pixels.bytes);
  checkDigest(path, await readable(path, () => digestFile(path)), pixels.sha256);
}

/** The pixels, whose digest has been checked before. */
function readPixels(folder: string, { pixels, rows, size }: CatalogueManifest): Uint8Array {
  const path = join(folder, pixels.file);
  // Training shows pictures on other threads, which read them where they are.
  const cache = new Uint8Array(new SharedArrayBuffer(rows * size * size * 3));
  try {
    const file = openSync(path, 'r');
    try {
      let filled = 0;
      while (filled < cache.length) {
        const read = readSync(file, cache, filled, Math.min(PIECE, cache.length - filled), filled);
        if (read === 0) throw wrongSize(path, filled, pixels.bytes);
        filled += read;
      }
    } finally {
      closeSync(file);
    }
  } catch (error) {
    throw error instanceof NeurodexError ? error : unreadable(error, path);
  }
  return cache;
}

/** Whatever goes wrong inside is the file's fault, for what is read was checked when it was written. */
async function readShard<T>(
  path: string,
  bytes: number,
  open: OpenBytes,
  work: (file: ByteSource, path: string) => Promise<T>,
): Promise<T> {
  const file = await readable(path, () => open(path));
  try {
    if (file.byteLength !== bytes) throw wrongSize(path, file.byteLength, bytes);
    return await work(file, path);
  } catch (error) {
    if (error instanceof NeurodexError || isSystemError(error)) throw error;
    throw damaged(path, `is not a Parquet file that can be read (${parquetProblem(error)})`, error);
  } finally {
    await file.close();
  }
}

const isSystemError = (error: unknown): boolean => typeof (error as NodeJS.ErrnoException)?.errno === 'number';

function checkRows(metadata: FileMetaData, rows: number, path: string): FileMetaData {
  if (Number(metadata.num_rows) !== rows) {
    throw damaged(path, `has ${metadata.num_rows} rows where ${rows} are listed`);
  }
  return metadata;
}

async function checkSize(path: string, bytes: number): Promise<void> {
  const { size } = await readable(path, () => stat(path));
  if (size !== bytes) throw wrongSize(path, size, bytes);
}

const wrongSize = (path: string, bytes: number, listed: number): NeurodexError =>
  damaged(path, `has ${bytes} bytes where ${listed} are listed`);

function checkDigest(path: string, digest: FileDigest, sha256: string): void {
  if (digest.sha256 !== sha256) throw damaged(path, 'has changed since it was written (its SHA-256 differs)');
}

async function readable<T>(path: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    throw unreadable(error, path);
  }
}
