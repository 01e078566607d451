import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { CheckedFile, type CheckedFileOptions, damaged, inOrder, JoinedFile } from '@neurodex/core/storage';
import { type MetadataTable, MetadataTableBuilder } from '../pictures/metadata-table.ts';
import {
  type CatalogueColumn,
  type CatalogueManifest,
  type CataloguePart,
  COLUMNS,
  columnBytes,
  filesOfPart,
} from './catalogue-manifest.ts';
import { metadataAt } from './metadata-columns.ts';
import { readable } from './readable.ts';
import { TableReader } from './table.ts';

/** Files of one catalogue that are kept open, at most: a process may have about a thousand. */
const MOST_HELD = 200;

/** The files of a catalogue, by what is read of them. */
export interface CatalogueFiles {
  readonly folder: string;
  readonly manifest: CatalogueManifest;
  /** The tables. */
  readonly parts: readonly { readonly part: CataloguePart; readonly file: CheckedFile; readonly reader: TableReader }[];
  /** The columns beside them, over all parts. */
  readonly columns: { readonly [Name in CatalogueColumn]?: JoinedFile };
  close(): Promise<void>;
}

/** @throws NeurodexError when one is not there, or has another size than is listed */
export function openFiles(folder: string, manifest: CatalogueManifest, options: CheckedFileOptions): CatalogueFiles {
  const opened = new Map<string, CheckedFile>();
  const close = async (): Promise<void> => {
    for (const file of opened.values()) await file.close();
  };
  try {
    for (const listed of manifest.parts.flatMap(filesOfPart)) {
      const hold = options.hold === true && opened.size < MOST_HELD;
      const file = new CheckedFile(join(folder, listed.file), listed, { ...options, hold });
      opened.set(listed.file, file);
      if (!hold) file.checkSize();
    }
  } catch (error) {
    void close();
    throw error;
  }
  const fileOf = (listed: { readonly file: string } | undefined): CheckedFile => {
    const file = opened.get(listed?.file ?? '');
    if (file === undefined) throw damaged(folder, 'does not list a file for each column of each part');
    return file;
  };
  const widths = columnBytes(manifest);
  const names = COLUMNS.filter((name) => widths[name] !== undefined);
  return {
    folder,
    manifest,
    parts: manifest.parts.map((part) => {
      const file = fileOf(part.pictures);
      return { part, file, reader: new TableReader(file, part.rows, manifest.vectors ?? {}, part.metadata) };
    }),
    columns: Object.fromEntries(
      names.map((name) => [name, new JoinedFile(manifest.parts.map((part) => fileOf(part[name])))]),
    ),
    close,
  };
}

/** @returns PNG @throws RangeError for a row that the catalogue does not have; NeurodexError `index-damaged` */
export async function readThumbnail({ folder, manifest, parts }: CatalogueFiles, row: number): Promise<Uint8Array> {
  const { rows } = manifest;
  if (!(Number.isInteger(row) && row >= 0 && row < rows)) {
    throw new RangeError(`the catalogue has rows 0 to ${rows - 1}, not ${row}`);
  }
  let first = 0;
  for (const { file, reader, part } of parts) {
    if (row < first + part.rows) {
      const bytes = await readable(file.path, () => reader.thumbnail(row - first));
      if (!(bytes instanceof Uint8Array)) throw damaged(file.path, `has no thumbnail in row ${row}`);
      return bytes;
    }
    first += part.rows;
  }
  throw damaged(folder, `has no part with row ${row}`);
}

/** SHA-256 of the file of every row, hexadecimal. @throws NeurodexError `index-damaged` */
export async function readDigests({ parts }: CatalogueFiles): Promise<string[]> {
  const digests: string[] = [];
  for (const { file, reader } of parts) {
    for (const digest of await readable(file.path, () => reader.digests())) {
      if (!isSha256(digest)) throw damaged(file.path, 'has a digest that is none');
      digests.push(digest);
    }
  }
  return digests;
}

/** Whether a value is a SHA-256 in hexadecimal. */
export const isSha256 = (value: unknown): value is string => typeof value === 'string' && /^[0-9a-f]{64}$/.test(value);

/** Vectors of the catalogue pictures, in row order, and the vocabulary or encoder that they were made with. */
export interface StoredVectors {
  /** float32 [N, length] */
  readonly values: Float32Array;
  readonly length: number;
  /** SHA-256 */
  readonly producer: string;
}

/** A column of vectors in the tables; undefined where there is none. @throws NeurodexError `index-damaged` */
export async function readVectors(
  { manifest, parts }: CatalogueFiles,
  name: string,
): Promise<StoredVectors | undefined> {
  const column = Object.hasOwn(manifest.vectors ?? {}, name) ? manifest.vectors?.[name] : undefined;
  if (column === undefined) return undefined;
  const found: number[][] = [];
  for (const { file, reader } of parts) {
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

/** What the pictures of all parts say of themselves; undefined where no part has such columns. @throws NeurodexError `index-damaged` */
export async function readMetadataTable({ manifest, parts }: CatalogueFiles): Promise<MetadataTable | undefined> {
  if (!parts.some(({ part }) => part.metadata === true)) return undefined;
  const builder = new MetadataTableBuilder(manifest.rows);
  for await (const { part, columns } of inOrder(parts, PARTS_AT_ONCE, async ({ file, reader, part }) => ({
    part,
    columns: await readable(file.path, () => reader.metadata()),
  }))) {
    for (let at = 0; at < part.rows; at++) builder.add(part.metadata === true ? metadataAt(columns, at) : undefined);
    // As in `openArtifact`, searches have their turn between two steps.
    await setImmediate();
  }
  return builder.finish();
}

/** Parts that are read while one is looked through. */
const PARTS_AT_ONCE = 2;
