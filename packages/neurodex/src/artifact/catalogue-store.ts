import { join } from 'node:path';
import { NeurodexError } from '@neurodex/core';
import {
  CHUNK_BYTES,
  CheckedFile,
  type CheckedFileOptions,
  damaged,
  digestFile,
  type FileDigest,
  unreadable,
} from '@neurodex/core/storage';
import { type PictureObject, ROLES, type Role } from '@neurodex/datasets';
import { pictureBytes } from '@neurodex/datasets/picture';
import { Embeddings } from '../pictures/embeddings.ts';
import type { PictureStore, StoredPicture } from '../pictures/picture-store.ts';
import { partsOf } from '../pictures/picture-store.ts';
import { sharedLabels } from '../pictures/shared-labels.ts';
import { decodeThumbnail } from '../pictures/thumbnail.ts';
import { type CatalogueManifest, filesOf, readManifest } from './catalogue-manifest.ts';
import { ShardReader } from './shard.ts';

/** A catalogue without its pixels: enough to name answers. */
export type PictureRows = Omit<PictureStore, 'pixels' | 'pixelsOf' | 'thumbnail' | 'embeddings'>;

/** A catalogue in a folder. Until it is closed it stays the version that was opened, or says that it was replaced. */
export interface StoredPictures extends PictureStore {
  readonly manifest: CatalogueManifest;
  /** The thumbnail of a row as it is stored, PNG. @throws RangeError for a row that the catalogue does not have */
  png(row: number): Promise<Uint8Array>;
  /** A column of vectors; undefined when the catalogue has none of that name. @throws NeurodexError `index-damaged` */
  vectors(name: string): Promise<StoredVectors | undefined>;
  close(): Promise<void>;
}

export interface OpenCatalogueOptions extends CheckedFileOptions {
  /** The pixels, where another thread has read them: they are not read again. */
  readonly pixels?: Uint8Array | undefined;
  /** Size and digest of catalogue.json, where an index lists them. */
  readonly listed?: FileDigest;
}

/** Files of one catalogue that are kept open, at most: a process may have about a thousand. */
const MOST_HELD = 200;

/**
 * The rows of the catalogue in `folder` (the folder that holds catalogue.json). Its pixels, thumbnails, embeddings and
 * vectors are read when they are first asked for. Everything is compared with its digest before it is handed out.
 * @throws NeurodexError `index-missing`, `index-damaged` (naming the file), `index-newer`, `index-older`, `index-replaced`
 */
export async function openPictures(folder: string, options: OpenCatalogueOptions = {}): Promise<StoredPictures> {
  const manifest = await readManifest(folder, options.listed, options);
  const files = filesFor(folder, manifest, options);
  try {
    const rows = await readRows(files);
    let { pixels } = options;
    const { embeddings } = manifest;
    return {
      ...rows,
      manifest,
      ...(embeddings === undefined || files.embeddings === undefined
        ? {}
        : { embeddings: new Embeddings(files.embeddings, embeddings) }),
      // Most of the memory of an index, and searching with the network reads none of it: they are held once somebody asks.
      get pixels() {
        pixels ??= readPixels(files);
        return pixels;
      },
      pixelsOf(row) {
        const bytes = pictureBytes(manifest.size);
        if (pixels !== undefined) return pixels.subarray(row * bytes, (row + 1) * bytes);
        const picture = new Uint8Array(bytes);
        files.pixels.readSync(picture, row * bytes);
        return picture;
      },
      png: (row) => readThumbnail(files, row),
      thumbnail: async (row) =>
        decodeThumbnail(await readThumbnail(files, row), `the thumbnail of row ${row} in ${folder}`),
      vectors: (name) => readVectors(files, name),
      close: () => closeFiles(files),
    };
  } catch (error) {
    await closeFiles(files);
    throw error;
  }
}

/** As `openCatalogue`, for the rows alone; that the other files are there, and of the right size, is checked. */
export async function openPictureRows(folder: string, options: OpenCatalogueOptions = {}): Promise<PictureRows> {
  return await readRows(filesFor(folder, await readManifest(folder, options.listed, options), {}));
}

/**
 * Compare every file with the digests in the manifest.
 * @throws NeurodexError `index-missing`, `index-damaged` (naming the file), `index-newer`, `index-older`
 */
export async function verifyPictures(folder: string, listed?: FileDigest): Promise<CatalogueManifest> {
  const manifest = await readManifest(folder, listed);
  for (const { file, bytes, sha256, chunks } of filesOf(manifest)) {
    const path = join(folder, file);
    new CheckedFile(path, { bytes, sha256 }).checkSize();
    const found = await digestFile(path).catch((error) => {
      throw unreadable(error, path);
    });
    if (found.sha256 !== sha256 || found.chunks !== chunks)
      throw damaged(path, 'has changed since it was written (its SHA-256 differs)');
  }
  return manifest;
}

/**
 * The thumbnails (PNG) of some rows, in the order asked for.
 * @throws RangeError for a row that the catalogue does not have; NeurodexError as `openCatalogue`
 */
export async function readThumbnails(folder: string, rows: readonly number[]): Promise<Uint8Array[]> {
  const files = filesFor(folder, await readManifest(folder), {});
  const found = new Map<number, Uint8Array>();
  for (const row of new Set(rows)) found.set(row, await readThumbnail(files, row));
  return rows.map((row) => found.get(row) ?? new Uint8Array());
}

/** The files of a catalogue, by what is read of them. */
interface CatalogueFiles {
  readonly folder: string;
  readonly manifest: CatalogueManifest;
  readonly shards: readonly { readonly file: CheckedFile; readonly reader: ShardReader; readonly rows: number }[];
  readonly pixels: CheckedFile;
  readonly embeddings: CheckedFile | undefined;
}

/** @throws NeurodexError when one is not there, or has another size than is listed */
function filesFor(folder: string, manifest: CatalogueManifest, options: CheckedFileOptions): CatalogueFiles {
  const held: CheckedFile[] = [];
  const open = (listed: CatalogueManifest['pixels']): CheckedFile => {
    const hold = options.hold === true && held.length < MOST_HELD;
    const file = new CheckedFile(join(folder, listed.file), listed, { ...options, hold });
    held.push(file);
    if (!hold) file.checkSize();
    return file;
  };
  try {
    return {
      folder,
      manifest,
      shards: manifest.shards.map((shard) => {
        const file = open(shard);
        return { file, rows: shard.rows, reader: new ShardReader(file, shard.rows, manifest.vectors ?? {}) };
      }),
      pixels: open(manifest.pixels),
      embeddings: manifest.embeddings === undefined ? undefined : open(manifest.embeddings),
    };
  } catch (error) {
    for (const file of held) void file.close();
    throw error;
  }
}

async function closeFiles({ shards, pixels, embeddings }: CatalogueFiles): Promise<void> {
  for (const { file } of shards) await file.close();
  await pixels.close();
  await embeddings?.close();
}

/** @returns PNG */
async function readThumbnail({ folder, manifest, shards }: CatalogueFiles, row: number): Promise<Uint8Array> {
  const { rows } = manifest;
  if (!(Number.isInteger(row) && row >= 0 && row < rows)) {
    throw new RangeError(`the catalogue has rows 0 to ${rows - 1}, not ${row}`);
  }
  let first = 0;
  for (const { file, reader, rows: inside } of shards) {
    if (row < first + inside) {
      const bytes = await readable(file.path, () => reader.thumbnail(row - first));
      if (!(bytes instanceof Uint8Array)) throw damaged(file.path, `has no thumbnail in row ${row}`);
      return bytes;
    }
    first += inside;
  }
  throw damaged(folder, `has no shard with row ${row}`);
}

/** Vectors of the catalogue pictures, in row order, and the vocabulary or encoder that they were made with. */
export interface StoredVectors {
  /** float32 [N, length] */
  readonly values: Float32Array;
  readonly length: number;
  /** SHA-256 */
  readonly producer: string;
}

async function readVectors({ manifest, shards }: CatalogueFiles, name: string): Promise<StoredVectors | undefined> {
  const column = Object.hasOwn(manifest.vectors ?? {}, name) ? manifest.vectors?.[name] : undefined;
  if (column === undefined) return undefined;
  const found: number[][] = [];
  for (const { file, reader } of shards) {
    for (const vector of await readable(file.path, () => reader.vectors(name))) {
      if (vector === null || vector === undefined) continue;
      const values = Array.from(vector as ArrayLike<number>);
      if (values.length !== column.length || !values.every(Number.isFinite)) {
        throw damaged(file.path, `has a vector in column ${name} that is not ${column.length} numbers`);
      }
      found.push(values);
    }
  }
  const values = new Float32Array(found.length * column.length);
  for (const [i, vector] of found.entries()) values.set(vector, i * column.length);
  return { values, ...column };
}

async function readRows({ manifest, shards }: CatalogueFiles): Promise<PictureRows> {
  const { size, hasClasses, notices, skipped, duplicates } = manifest;
  const pictures: StoredPicture[] = [];
  const share = sharedLabels();
  for (const { file, reader, rows: listed } of shards) {
    const rows = await readable(file.path, () => reader.rows());
    if (rows.length !== listed) throw damaged(file.path, `has ${rows.length} rows where ${listed} are listed`);
    for (const row of rows) {
      const picture = toStoredPicture(row, pictures.length, file.path);
      pictures.push({ ...picture, labels: share(picture.labels) });
    }
  }
  return {
    size,
    hasClasses,
    notices,
    skipped,
    ...partsOf(pictures),
    ...(duplicates === undefined ? {} : { duplicates }),
  };
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
    const isBox = Array.isArray(bbox) && bbox.length === 4 && bbox.every(Number.isFinite);
    if (typeof category !== 'string' || !isBox || !Number.isFinite(area) || typeof crowd !== 'boolean') {
      return 'damaged';
    }
    objects.push({ category, box: bbox as unknown as PictureObject['box'], area: area as number, crowd });
  }
  return objects;
}

function readPixels({ pixels, manifest: { rows, size } }: CatalogueFiles): Uint8Array {
  let cache: Uint8Array;
  try {
    // Training shows pictures on other threads, which read them where they are.
    cache = new Uint8Array(new SharedArrayBuffer(rows * size * size * 3));
  } catch (error) {
    throw damaged(pixels.path, `holds ${pixels.byteLength} bytes, more than this process may have in memory`, error);
  }
  const piece = 64 * CHUNK_BYTES;
  for (let at = 0; at < cache.length; at += piece) pixels.readSync(cache.subarray(at, at + piece), at);
  return cache;
}

/** Whatever goes wrong inside is the file's fault: it holds other bytes than the program writes. */
export async function readable<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof NeurodexError) throw error;
    throw damaged(path, 'is not a table of pictures that can be read', error);
  }
}
