import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FileHasher } from '@neurodex/core/storage';
import { type CatalogueManifest, type CataloguePart, FORMAT, versionOf, writeManifest } from './catalogue-manifest.ts';
import { tableAt } from './disk-target.ts';
import type { TableRow } from './table-writer.ts';

/** A row as a table may hold it; any of its columns may be wrong. */
export type AnyRow = { readonly [Key in keyof TableRow]?: unknown };

/** Columns that a table has, whatever is in them. */
export type Vectors = NonNullable<CatalogueManifest['vectors']>;

export interface CatalogueParts {
  /** Rows of each part. */
  readonly parts: readonly (readonly AnyRow[])[];
  /** Edge of a picture in pixels. */
  readonly size?: number;
  readonly vectors?: Vectors;
  /** Of all rows, one after another; `about` says what they are. */
  readonly embeddings?: Float32Array;
  readonly states?: Float32Array;
  /** First and last id of each part, where they are not the places of its rows. */
  readonly ids?: readonly (readonly [first: number, last: number])[];
  readonly about?: Partial<CatalogueManifest>;
}

export const digestOfBytes = (bytes: Uint8Array) => {
  const hasher = new FileHasher();
  hasher.update(bytes);
  return hasher.digest();
};

/** SHA-256 of the file of no picture. */
export const sourceDigest = (id: number): string => id.toString(16).padStart(64, '0');

/** A row that is as it should be: a picture of the catalogue, whose thumbnail is its number. */
export const soundRow = (id: number): TableRow => ({
  id,
  path: `${id}.png`,
  labels: ['x'],
  role: 'catalogue',
  identifier: `${id}`,
  sha256: sourceDigest(id),
  thumbnail: Uint8Array.of(id),
});

/**
 * Writes a catalogue whose digests are right, whatever its rows say: part-0.parquet, part-0.pixels.u8, …. Every byte of its
 * pixels is its place among the pixels of all parts.
 */
export async function writeCatalogueOf(
  folder: string,
  { parts, size = 1, vectors, embeddings, states, ids, about }: CatalogueParts,
): Promise<CatalogueManifest> {
  await mkdir(folder, { recursive: true });
  const rows = parts.flat().length;
  const pixels = Uint8Array.from({ length: rows * size * size * 3 }, (_, i) => i);
  const columns = { pixels, embeddings, states };
  const listed: CataloguePart[] = [];
  let start = 0;
  for (const [i, own] of parts.entries()) {
    const file = `part-${i}.parquet`;
    const writer = await tableAt(join(folder, file), vectors);
    await writer.writeRowGroup(own as readonly TableRow[]);
    const pictures = { file, ...(await writer.finish()) };
    const [first, last] = ids?.[i] ?? [start, start + own.length - 1];
    const part: CataloguePart = { first, last, rows: own.length, pictures, pixels: pictures };
    for (const name of ['pixels', 'embeddings', 'states'] as const) {
      const all = columns[name];
      if (all === undefined) continue;
      const width = all.length / rows;
      const piece = all.slice(start * width, (start + own.length) * width);
      part[name] = await writeColumn(folder, `part-${i}.${name}.${name === 'pixels' ? 'u8' : 'f32'}`, piece);
    }
    listed.push(part);
    start += own.length;
  }
  const end = (listed.at(-1)?.last ?? -1) + 1;
  const manifest: CatalogueManifest = {
    format: FORMAT,
    version: versionOf([]),
    size,
    rows,
    builtIds: end,
    learnedIds: end,
    hasClasses: true,
    givenRoles: false,
    parts: listed,
    ...(vectors === undefined ? {} : { vectors }),
    notices: [],
    skipped: [],
    ...about,
  };
  await writeManifest(folder, manifest);
  return manifest;
}

async function writeColumn(
  folder: string,
  file: string,
  { buffer, byteOffset, byteLength }: Uint8Array | Float32Array,
) {
  const bytes = new Uint8Array(buffer, byteOffset, byteLength);
  await writeFile(join(folder, file), bytes);
  return { file, ...digestOfBytes(bytes) };
}
