import { join } from 'node:path';
import { z } from 'zod';
import { NeurodexError } from '../errors.ts';
import { JsonProblem, readJson, schemaProblem } from '../json.ts';
import { writeFileAtomically } from '../storage/atomic.ts';

export const MANIFEST_FILE = 'catalogue.json';
export const PIXELS_FILE = 'pixels.u8';
export const EMBEDDINGS_FILE = 'embeddings.f32';
export const FORMAT = 'neurodex-catalogue';
export const VERSION = 1;

/** A name within the catalogue folder, never a path out of it. */
const fileName = z.string().regex(/^[\w-][\w.-]*$/);
const count = z.int().min(0);
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

const manifestSchema = z.object({
  format: z.literal(FORMAT),
  version: z.literal(VERSION),
  /** Edge of a stored picture in pixels. */
  size: z.int().min(1),
  rows: count,
  /** False for a flat folder: each picture is then its own relevant set. */
  hasClasses: z.boolean(),
  /** In row order. A shard is never changed; an update adds one and replaces this file. */
  shards: z.array(z.object({ file: fileName, rows: z.int().min(1), bytes: count, sha256 })),
  /** uint8 [rows, size, size, 3] */
  pixels: z.object({ file: fileName, bytes: count, sha256 }),
  /** float32 [rows, 1 + views, tokens, channels]: what an encoder makes of every picture, and of views of it. */
  embeddings: z
    .object({
      file: fileName,
      bytes: count,
      sha256,
      tokens: z.int().min(1),
      channels: z.int().min(1),
      views: count,
      /** SHA-256 of the encoder. */
      encoder: sha256,
    })
    .optional(),
  /** Columns of vectors by name: their length, and the SHA-256 of the vocabulary or encoder that made them. */
  vectors: z.record(z.string(), z.object({ length: z.int().min(1), vocabulary: sha256 })).optional(),
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

export type CatalogueManifest = Readonly<z.infer<typeof manifestSchema>>;

const REBUILD = 'copy the index again from where it came, or build it again with `neurodex index`';

/** A file of the catalogue that is not what it should be. */
export const damaged = (file: string, what: string, cause?: unknown): NeurodexError =>
  new NeurodexError('index-damaged', `${file} ${what}`, {
    hint: REBUILD,
    details: { file },
    ...(cause === undefined ? {} : { cause }),
  });

/** A failed read, in words: a file that is not there is `index-missing`; anything else is returned unchanged. */
export const unreadable = (error: unknown, file: string): unknown => {
  const { code } = (error ?? {}) as NodeJS.ErrnoException;
  if (code !== 'ENOENT' && code !== 'ENOTDIR') return error;
  return new NeurodexError('index-missing', `${file} is not there`, {
    hint: 'name the folder of an index; `neurodex index` makes one',
    details: { file },
    cause: error,
  });
};

export const writeManifest = (folder: string, manifest: CatalogueManifest): Promise<void> =>
  writeFileAtomically(join(folder, MANIFEST_FILE), `${JSON.stringify(manifest, null, 2)}\n`);

/** @throws NeurodexError `index-missing`, `index-damaged`, `index-newer` */
export async function readManifest(folder: string): Promise<CatalogueManifest> {
  const file = join(folder, MANIFEST_FILE);
  let value: unknown;
  try {
    value = await readJson(file);
  } catch (error) {
    if (error instanceof JsonProblem) throw damaged(file, error.message, error);
    throw unreadable(error, file);
  }
  const { format, version } = (value ?? {}) as { format?: unknown; version?: unknown };
  if (format === FORMAT && typeof version === 'number' && version > VERSION) {
    throw new NeurodexError('index-newer', `${file} has version ${version}; this Neurodex reads up to ${VERSION}`, {
      hint: 'update Neurodex, or build the index again with this one',
      details: { file, version },
    });
  }
  const parsed = manifestSchema.safeParse(value);
  if (!parsed.success) {
    throw damaged(file, `is not a catalogue: ${schemaProblem(parsed.error)}`, parsed.error);
  }
  return checked(parsed.data, file);
}

function checked(manifest: CatalogueManifest, file: string): CatalogueManifest {
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
