import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FileHasher } from '@neurodex/core/storage';
import { type CatalogueManifest, FORMAT, VERSION, writeManifest } from './catalogue-manifest.ts';
import { type ShardRow, ShardWriter } from './shard.ts';

/** A row as a shard may hold it; any of its columns may be wrong. */
export type AnyRow = { readonly [Key in keyof ShardRow]?: unknown };

/** Columns that a shard has, whatever is in them. */
export type Vectors = NonNullable<CatalogueManifest['vectors']>;

export interface CatalogueParts {
  /** Rows of each shard. */
  readonly shards: readonly (readonly AnyRow[])[];
  /** Edge of a picture in pixels. */
  readonly size?: number;
  readonly vectors?: Vectors;
  readonly about?: Partial<CatalogueManifest>;
}

export const digestOfBytes = (bytes: Uint8Array) => {
  const hasher = new FileHasher();
  hasher.update(bytes);
  return hasher.digest();
};

/** A row that is as it should be: a picture of the catalogue, whose thumbnail is its number. */
export const soundRow = (row: number): ShardRow => ({
  row,
  path: `${row}.png`,
  labels: ['x'],
  role: 'catalogue',
  identifier: `${row}`,
  thumbnail: Uint8Array.of(row),
});

/** Writes a catalogue whose digests are right, whatever its rows say. Every byte of its pixels is its place in the file. */
export async function writeCatalogueOf(
  folder: string,
  { shards, size = 1, vectors, about }: CatalogueParts,
): Promise<CatalogueManifest> {
  await mkdir(folder, { recursive: true });
  const listed: CatalogueManifest['shards'] = [];
  for (const [i, rows] of shards.entries()) {
    const file = `part-${i}.parquet`;
    const writer = await ShardWriter.create(join(folder, file), vectors);
    await writer.writeRowGroup(rows as readonly ShardRow[]);
    listed.push({ file, rows: rows.length, ...(await writer.finish()) });
  }
  const rows = shards.flat().length;
  const pixels = new Uint8Array(rows * size * size * 3);
  for (let i = 0; i < pixels.length; i++) pixels[i] = i;
  await writeFile(join(folder, 'pixels.u8'), pixels);
  const manifest: CatalogueManifest = {
    format: FORMAT,
    version: VERSION,
    size,
    rows,
    hasClasses: true,
    shards: listed,
    pixels: { file: 'pixels.u8', ...digestOfBytes(pixels) },
    ...(vectors === undefined ? {} : { vectors }),
    notices: [],
    skipped: [],
    ...about,
  };
  await writeManifest(folder, manifest);
  return manifest;
}
