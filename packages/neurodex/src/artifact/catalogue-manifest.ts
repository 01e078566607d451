import { join } from 'node:path';
import type { CheckedFileOptions } from '@neurodex/core/storage';
import {
  CHUNK_BYTES,
  checkVersion,
  damaged,
  type FileDigest,
  malformed,
  parseJson,
  readSmall,
  writeFileAtomically,
} from '@neurodex/core/storage';
import { z } from 'zod';

export const MANIFEST_FILE = 'catalogue.json';
export const PIXELS_FILE = 'pixels.u8';
export const EMBEDDINGS_FILE = 'embeddings.f32';
export const FORMAT = 'neurodex-catalogue';
export const VERSION = 3;

/** A name within the catalogue folder, never a path out of it. */
const fileName = z.string().regex(/^[\w-][\w.-]*$/);
const count = z.int().min(0);
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
/** A file that is read in pieces: beside its digest those of its chunks (`ChunkedDigest`). */
const chunked = z.object({ file: fileName, bytes: count, sha256, chunks: z.base64() });

const manifestSchema = z.object({
  format: z.literal(FORMAT),
  version: z.literal(VERSION),
  /** Edge of a stored picture in pixels. */
  size: z.int().min(1),
  rows: count,
  /** False for a flat folder: each picture is then its own relevant set. */
  hasClasses: z.boolean(),
  /** In row order. A shard is never changed; an update adds one and replaces this file. */
  shards: z.array(chunked.extend({ rows: z.int().min(1) })),
  /** uint8 [rows, size, size, 3] */
  pixels: chunked,
  /** float32 [rows, 1 + views, tokens, channels]: what an encoder makes of every picture, and of views of it. */
  embeddings: chunked
    .extend({
      tokens: z.int().min(1),
      channels: z.int().min(1),
      views: count,
      /** SHA-256 of the encoder. */
      encoder: sha256,
    })
    .optional(),
  /** Columns of vectors by name: their length, and the SHA-256 of the vocabulary or encoder that made them. */
  vectors: z.record(z.string(), z.object({ length: z.int().min(1), producer: sha256 })).optional(),
  notices: z.array(z.object({ work: z.string(), author: z.string(), licence: z.string(), url: z.string() })),
  skipped: z.array(
    z.object({
      path: z.string(),
      reason: z.string(),
      group: z.string().optional(),
      expected: z.literal(true).optional(),
    }),
  ),
  /** Pictures that occur more than once, as `DuplicateFacts`; not there: none does. */
  duplicates: z
    .object({
      sets: count,
      copies: count,
      differentLabels: count,
      leftOut: count,
      acrossSplits: count,
      examples: z.array(z.array(z.string()).readonly()).readonly(),
    })
    .optional(),
});

const DIGEST_BYTES = 32;

export type CatalogueManifest = Readonly<z.infer<typeof manifestSchema>>;

export const writeManifest = (folder: string, manifest: CatalogueManifest): Promise<void> =>
  writeFileAtomically(join(folder, MANIFEST_FILE), `${JSON.stringify(manifest, null, 2)}\n`);

/**
 * @param listed size and digest of the file, where an index lists them
 * @throws NeurodexError `index-missing`, `index-damaged`, `index-newer`, `index-older`, `index-replaced`
 */
export async function readManifest(
  folder: string,
  listed?: FileDigest,
  options?: CheckedFileOptions,
): Promise<CatalogueManifest> {
  const file = join(folder, MANIFEST_FILE);
  const value = parseJson(await readSmall(file, listed, options), file);
  checkVersion(value, { file, format: FORMAT, version: VERSION, what: 'index' });
  const parsed = manifestSchema.safeParse(value);
  if (!parsed.success) throw malformed(file, 'a catalogue', parsed.error);
  return checked(parsed.data, file);
}

/** Every file that the manifest lists. */
export const filesOf = ({ shards, pixels, embeddings }: CatalogueManifest) => [
  ...shards,
  pixels,
  ...(embeddings === undefined ? [] : [embeddings]),
];

function checked(manifest: CatalogueManifest, file: string): CatalogueManifest {
  const files = filesOf(manifest);
  if (new Set(files.map((listed) => listed.file)).size < files.length) throw damaged(file, 'lists one file twice');
  for (const { file: name, bytes, chunks } of files) {
    if (Buffer.from(chunks, 'base64').length !== Math.ceil(bytes / CHUNK_BYTES) * DIGEST_BYTES)
      throw damaged(file, `does not list one digest for each piece of ${name}`);
  }
  const listed = manifest.shards.reduce((sum, shard) => sum + shard.rows, 0);
  if (listed !== manifest.rows) throw damaged(file, `says ${manifest.rows} rows, but its shards have ${listed}`);
  const expected = manifest.rows * manifest.size ** 2 * 3;
  if (manifest.pixels.bytes !== expected) {
    throw damaged(file, `says ${manifest.pixels.bytes} bytes of pixels, where its rows need ${expected}`);
  }
  const { embeddings } = manifest;
  if (embeddings !== undefined) {
    const { tokens, channels, views, bytes } = embeddings;
    const wanted = manifest.rows * (1 + views) * tokens * channels * Float32Array.BYTES_PER_ELEMENT;
    if (bytes !== wanted) throw damaged(file, `says ${bytes} bytes of embeddings, where its rows need ${wanted}`);
  }
  return manifest;
}
