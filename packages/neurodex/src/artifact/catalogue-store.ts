import { join } from 'node:path';
import {
  CHUNK_BYTES,
  CheckedFile,
  type CheckedFileOptions,
  damaged,
  digestFile,
  type FileDigest,
  unreadable,
} from '@neurodex/core/storage';
import { Embeddings } from '../pictures/embeddings.ts';
import type { MetadataTable } from '../pictures/metadata-table.ts';
import type { PictureStore } from '../pictures/picture-store.ts';
import { decodeThumbnail } from '../pictures/thumbnail.ts';
import {
  type CatalogueFiles,
  openFiles,
  readDigests,
  readMetadataTable,
  readThumbnail,
  readVectors,
  type StoredVectors,
} from './catalogue-files.ts';
import { type CatalogueManifest, filesOf, readManifest } from './catalogue-manifest.ts';
import { type KnownPixels, StoredPixels } from './stored-pixels.ts';
import { type KnownRows, type PictureRows, readRows } from './stored-rows.ts';

export type { PictureRows } from './stored-rows.ts';

/** A catalogue in a folder. Until it is closed it stays the version that was opened, or says that it was replaced. */
export interface StoredPictures extends PictureStore {
  readonly manifest: CatalogueManifest;
  /** The thumbnail of a row as it is stored, PNG. @throws RangeError for a row that the catalogue does not have */
  png(row: number): Promise<Uint8Array>;
  /** A column of vectors; undefined when the catalogue has none of that name. @throws NeurodexError `index-damaged` */
  vectors(name: string): Promise<StoredVectors | undefined>;
  /** SHA-256 of the file that each row was read from, hexadecimal. @throws NeurodexError `index-damaged` */
  digests(): Promise<string[]>;
  /** What pictures say of themselves, read when first asked for; undefined where none says anything. @throws NeurodexError `index-damaged` */
  metadata(): Promise<MetadataTable | undefined>;
  /** What another version need not read. */
  readonly knownPixels: KnownPixels | undefined;
  /** What the network makes of every row, float32 [rows, D]; undefined where it is not stored. @throws NeurodexError `index-damaged` */
  states(): Float32Array | undefined;
  close(): Promise<void>;
}

/** What is known of another version of a catalogue. */
export interface KnownCatalogue extends KnownRows {
  readonly knownPixels: KnownPixels | undefined;
}

export interface OpenCatalogueOptions extends CheckedFileOptions {
  /** Another version of the catalogue: what both have is not read again. */
  readonly before?: KnownCatalogue | undefined;
  /** Size and digest of the manifest, where an index lists it. */
  readonly listed?: FileDigest | undefined;
}

/**
 * The rows of the catalogue in `folder` (the folder that holds its manifest). Its pixels, thumbnails, embeddings, states and
 * vectors are read when they are first asked for. Everything is compared with its digest before it is handed out.
 * @throws NeurodexError `index-missing`, `index-damaged` (naming the file), `index-newer`, `index-older`, `index-replaced`
 */
export async function openPictures(folder: string, options: OpenCatalogueOptions = {}): Promise<StoredPictures> {
  const manifest = await readManifest(folder, options.listed, options);
  const files = openFiles(folder, manifest, options);
  try {
    const rows = await readRows(files, options.before);
    const pixels = new StoredPixels(files, options.before?.knownPixels);
    const { embeddings } = manifest;
    let metadata: Promise<MetadataTable | undefined> | undefined;
    return {
      ...rows,
      manifest,
      ...(embeddings === undefined || files.columns.embeddings === undefined
        ? {}
        : { embeddings: new Embeddings(files.columns.embeddings, embeddings) }),
      get pixels() {
        return pixels.all;
      },
      get knownPixels() {
        return pixels.known;
      },
      pixelsOf: (row) => pixels.of(row),
      png: (row) => readThumbnail(files, row),
      thumbnail: async (row) =>
        decodeThumbnail(await readThumbnail(files, row), `the thumbnail of row ${row} in ${folder}`),
      vectors: (name) => readVectors(files, name),
      digests: () => readDigests(files),
      metadata() {
        // Whoever asks next tries again.
        metadata ??= readMetadataTable(files).catch((error) => {
          metadata = undefined;
          throw error;
        });
        return metadata;
      },
      states: () => readStates(files),
      close: () => files.close(),
    };
  } catch (error) {
    await files.close();
    throw error;
  }
}

/** As `openPictures`, for the rows alone; that the other files are there, and of the right size, is checked. */
export async function openPictureRows(folder: string, options: OpenCatalogueOptions = {}): Promise<PictureRows> {
  return await readRows(openFiles(folder, await readManifest(folder, options.listed, options), {}));
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
 * @throws RangeError for a row that the catalogue does not have; NeurodexError as `openPictures`
 */
export async function readThumbnails(
  folder: string,
  rows: readonly number[],
  listed?: FileDigest,
): Promise<Uint8Array[]> {
  const files = openFiles(folder, await readManifest(folder, listed), {});
  const found = new Map<number, Uint8Array>();
  for (const row of new Set(rows)) found.set(row, await readThumbnail(files, row));
  return rows.map((row) => found.get(row) ?? new Uint8Array());
}

function readStates({ columns: { states } }: CatalogueFiles): Float32Array | undefined {
  if (states === undefined) return undefined;
  const values = new Float32Array(states.byteLength / Float32Array.BYTES_PER_ELEMENT);
  const bytes = new Uint8Array(values.buffer);
  const piece = 64 * CHUNK_BYTES;
  for (let at = 0; at < bytes.length; at += piece) states.readSync(bytes.subarray(at, at + piece), at);
  return values;
}
