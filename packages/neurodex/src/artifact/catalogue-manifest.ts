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
import { DUPLICATE_KINDS } from '../pictures/duplicate-facts.ts';
import {
  COLUMNS,
  columnBytes,
  FORMAT,
  MANIFEST_FILE,
  manifestText,
  PLAIN_VERSION,
  VERSION,
  versionOf,
} from './catalogue-layout.ts';

export {
  type CatalogueColumn,
  COLUMNS,
  columnBytes,
  FORMAT,
  MANIFEST_FILE,
  manifestText,
  VERSION,
  versionOf,
} from './catalogue-layout.ts';

const OLDEST_VERSION = PLAIN_VERSION;

/** A name within the catalogue folder, never a path out of it. */
const fileName = z.string().regex(/^[\w-][\w.-]*$/);
const count = z.int().min(0);
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
/** A file that is read in pieces: beside its digest those of its chunks (`ChunkedDigest`). */
const chunked = z.object({ file: fileName, bytes: count, sha256, chunks: z.base64() });

/**
 * Some rows, one after another, a file for each column of them. A part is never changed: its files carry their digests in their
 * names, and an update lists others in their place.
 */
const part = z.object({
  /** Stable ids of its first and its last picture. */
  first: count,
  last: count,
  rows: z.int().min(1),
  /** Parquet: what is known of each picture, and its thumbnail. */
  pictures: chunked,
  /** uint8 [rows, size, size, 3] */
  pixels: chunked,
  /** float32 [rows, 1 + views, tokens, channels] */
  embeddings: chunked.optional(),
  /** float32 [rows, D] */
  states: chunked.optional(),
  /** Whether its table has the columns of metadata (`METADATA_COLUMNS`). */
  metadata: z.literal(true).optional(),
});

const manifestSchema = z.object({
  format: z.literal(FORMAT),
  version: z.union([z.literal(PLAIN_VERSION), z.literal(VERSION)]),
  /** Edge of a stored picture in pixels. */
  size: z.int().min(1),
  rows: count,
  /** The parts of pictures with ids below this one stay as they were cut, when the index was built or settled. */
  builtIds: count,
  /** Pictures with ids below this one were there when the network learned to see. */
  learnedIds: count,
  /** False for a flat folder: each picture is then its own relevant set. */
  hasClasses: z.boolean(),
  /** Whether the data set said which part each picture plays; else they were drawn. */
  givenRoles: z.boolean(),
  /** In the order of their ids. */
  parts: z.array(part),
  /** What an encoder makes of every picture, and of views of it. */
  embeddings: z
    .object({
      tokens: z.int().min(1),
      channels: z.int().min(1),
      views: count,
      /** SHA-256 of the encoder. */
      encoder: sha256,
    })
    .optional(),
  /** What the network makes of every picture: unit vectors. */
  states: z.object({ width: z.int().min(1) }).optional(),
  /** How the identifiers of pictures follow from their clusters; not there where rows have identifiers. */
  clusters: z.object({ branching: z.int().min(2), leafSize: z.int().min(1), zeroPadding: z.boolean() }).optional(),
  /** Columns of vectors by name: their length, and the SHA-256 of the vocabulary or encoder that made them. */
  vectors: z.record(z.string(), z.object({ length: z.int().min(1), producer: sha256 })).optional(),
  /** Whether parts that are written from now on have the columns of metadata. */
  metadata: z.literal(true).optional(),
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
      kinds: z.record(z.enum(DUPLICATE_KINDS), count).optional(),
      differentLabels: count,
      leftOut: count,
      acrossSplits: count,
      examples: z.array(z.array(z.string()).readonly()).readonly(),
    })
    .optional(),
});

const DIGEST_BYTES = 32;

export type CatalogueManifest = Readonly<z.infer<typeof manifestSchema>>;
export type CataloguePart = CatalogueManifest['parts'][number];

export const writeManifest = (folder: string, manifest: CatalogueManifest): Promise<void> =>
  writeFileAtomically(join(folder, MANIFEST_FILE), manifestText(manifest));

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
  return parseManifest(await readSmall(file, listed, options), file);
}

/** @param file as messages name it @throws NeurodexError `index-damaged`, `index-newer`, `index-older` */
export function parseManifest(bytes: Uint8Array, file: string): CatalogueManifest {
  const value = parseJson(bytes, file);
  checkVersion(value, { file, format: FORMAT, version: VERSION, oldest: OLDEST_VERSION, what: 'index' });
  const parsed = manifestSchema.safeParse(value);
  if (!parsed.success) throw malformed(file, 'a catalogue', parsed.error);
  return checked(parsed.data, file);
}

/** The files of a part: its table, then its columns. */
export const filesOfPart = ({ pictures, pixels, embeddings, states }: CataloguePart) =>
  [pictures, pixels, embeddings, states].filter((file) => file !== undefined);

/** Every file that the manifest lists. */
export const filesOf = ({ parts }: CatalogueManifest) => parts.flatMap(filesOfPart);

function checked(manifest: CatalogueManifest, file: string): CatalogueManifest {
  if (manifest.version !== versionOf(manifest.parts)) throw damaged(file, 'has another version than its parts');
  const files = filesOf(manifest);
  if (new Set(files.map((listed) => listed.file)).size < files.length) throw damaged(file, 'lists one file twice');
  for (const { file: name, bytes, chunks } of files) {
    if (Buffer.from(chunks, 'base64').length !== Math.ceil(bytes / CHUNK_BYTES) * DIGEST_BYTES)
      throw damaged(file, `does not list one digest for each piece of ${name}`);
  }
  const listed = manifest.parts.reduce((sum, { rows }) => sum + rows, 0);
  if (listed !== manifest.rows) throw damaged(file, `says ${manifest.rows} rows, but its parts have ${listed}`);
  const widths = columnBytes(manifest);
  let next = 0;
  for (const each of manifest.parts) {
    if (each.first < next || each.last - each.first + 1 < each.rows)
      throw damaged(file, `lists parts whose ids do not follow each other (${each.first} to ${each.last})`);
    next = each.last + 1;
    for (const column of COLUMNS) {
      const expected = widths[column] === undefined ? undefined : each.rows * widths[column];
      const found = each[column]?.bytes;
      if (found !== expected)
        throw damaged(file, `says ${found ?? 'no'} bytes of ${column}, where its rows need ${expected ?? 'none'}`);
    }
  }
  return manifest;
}
