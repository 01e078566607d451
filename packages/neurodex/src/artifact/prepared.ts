import { join, resolve } from 'node:path';
import { defined } from '@neurodex/core';
import {
  CheckedFile,
  checkSeal,
  checkVersion,
  damaged,
  digestFile,
  JoinedFile,
  malformed,
  parseJson,
  readSmall,
  refuseSpecialFilesIn,
  sealed,
  writeFileAtomically,
} from '@neurodex/core/storage';
import type { Dataset, DecodedPicture, PictureMetadata, SourcePicture } from '@neurodex/datasets';
import { pictureBytes } from '@neurodex/datasets/picture';
import { z } from 'zod';
import { isSha256 } from './catalogue-files.ts';
import { type CatalogueManifest, filesOf, MANIFEST_FILE } from './catalogue-manifest.ts';
import { openPictureRows, verifyPictures } from './catalogue-store.ts';
import { metadataAt } from './metadata-columns.ts';
import { readable } from './readable.ts';
import { TableReader } from './table.ts';

/** The files of a prepared data set: its description, and a catalogue as an index has one. */
export const PREPARED_FILE = 'dataset.json';
export const PREPARED_CATALOGUE = 'catalogue';
const FORMAT = 'neurodex-dataset';
const VERSION = 2;

const preparedSchema = z.object({
  format: z.literal(FORMAT),
  version: z.literal(VERSION),
  /** Of the program that made it. */
  neurodex: z.string(),
  created: z.string(),
  dataset: z.object({ name: z.string(), source: z.string() }),
  seed: z.int(),
  /** The sections of the configuration that it was made with. */
  config: z.record(z.string(), z.unknown()),
  /** SHA-256 of the path that it was made of: whether it was the same one, and not where that is. */
  place: z.string(),
  /** SHA-256 of all that it was made of: the same as long as the contents are. */
  inputs: z.string(),
  /** Of catalogue.json, which lists the other files. */
  catalogue: z.object({ bytes: z.int().min(0), sha256: z.string() }),
  /** Of all of the above (`digestOf`). */
  digest: z.string(),
});
export type PreparedManifest = Readonly<z.infer<typeof preparedSchema>>;

/** Of a folder whose catalogue is complete. */
export async function writePreparedManifest(
  folder: string,
  facts: Omit<PreparedManifest, 'format' | 'version' | 'catalogue' | 'digest'>,
): Promise<void> {
  const { bytes, sha256 } = await digestFile(join(folder, PREPARED_CATALOGUE, MANIFEST_FILE));
  const manifest = { format: FORMAT, version: VERSION, ...facts, catalogue: { bytes, sha256 } };
  await writeFileAtomically(join(folder, PREPARED_FILE), sealed(manifest));
}

/**
 * The description of a prepared data set; undefined for a folder that is none.
 * @throws NeurodexError `index-damaged`, `index-newer`, `index-older`
 */
export async function readPreparedManifest(folder: string): Promise<PreparedManifest | undefined> {
  const file = join(folder, PREPARED_FILE);
  let value: { format?: unknown } | null;
  try {
    value = parseJson(await readSmall(file), file) as typeof value;
  } catch {
    return undefined;
  }
  if (value?.format !== FORMAT) return undefined;
  checkVersion(value, { file, format: FORMAT, version: VERSION, what: 'data set' });
  checkSeal(value, file);
  const parsed = preparedSchema.safeParse(value);
  if (!parsed.success) throw malformed(file, 'a prepared data set', parsed.error);
  return parsed.data;
}

/**
 * A prepared data set as a data set: the pictures, labels, captions and roles that were stored, on any machine and
 * offline. With the size that it was prepared for, the model's pixels are the very same; another size is made from its
 * thumbnails.
 * @throws NeurodexError `index-missing`, `index-damaged` (naming the file), `index-newer`
 */
export async function openPrepared(folder: string, manifest: PreparedManifest): Promise<Dataset> {
  const root = resolve(folder);
  await refuseSpecialFilesIn(root);
  const catalogue = join(root, PREPARED_CATALOGUE);
  const listed = await verifyPictures(catalogue, manifest.catalogue);
  const rows = await openPictureRows(catalogue, { listed: manifest.catalogue });
  const stored = new StoredPictures(catalogue, listed);
  const metadata = await stored.metadata();
  const pictures = rows.rows.map(
    ({ row, path, labels, captions, objects, role }): SourcePicture => ({
      ...(metadata.length === 0 ? {} : { metadata: metadata[row] ?? {} }),
      path,
      labels,
      role,
      ...(captions === undefined ? {} : { captions }),
      ...(objects === undefined ? {} : { objects }),
      read: () => stored.thumbnail(row),
      decoded: (size) => stored.decoded(row, size),
    }),
  );
  return {
    name: manifest.dataset.name,
    source: root,
    pictures,
    notices: rows.notices,
    skipped: rows.skipped,
    ownSize: rows.size,
    inputs: async () => {
      return filesOf(listed).map(({ file, sha256 }) => ({ name: file, version: sha256 }));
    },
  };
}

/** Reads row group by row group: rows are asked for in their order, and a Parquet reader decodes a group at a time. */
class StoredPictures {
  private readonly manifest: CatalogueManifest;
  private readonly pixels: JoinedFile;
  private readonly tables: readonly { readonly path: string; readonly reader: TableReader }[];
  private groups: Promise<readonly Group[]> | undefined;
  private digests: Promise<readonly string[]> | undefined;
  /** The last groups read, as promises, so that many may ask at a time. */
  private readonly recent = new Map<Group, Promise<readonly unknown[]>>();

  constructor(folder: string, manifest: CatalogueManifest) {
    this.manifest = manifest;
    this.pixels = new JoinedFile(
      manifest.parts.map(({ pixels }) => new CheckedFile(join(folder, pixels.file), pixels)),
    );
    this.tables = manifest.parts.map(({ pictures, rows, metadata }) => {
      const path = join(folder, pictures.file);
      const file = new CheckedFile(path, pictures);
      return { path, reader: new TableReader(file, rows, manifest.vectors ?? {}, metadata) };
    });
  }

  async thumbnail(row: number): Promise<Uint8Array> {
    this.groups ??= this.listGroups();
    const groups = await this.groups;
    const group = groups.find(({ first, rows }) => row >= first && row < first + rows);
    if (group === undefined) throw new RangeError(`the data set has no row ${row}`);
    let reading = this.recent.get(group);
    if (reading === undefined) {
      reading = readable(group.path, () => group.reader.thumbnails(group.inTable, group.inTable + group.rows));
      this.recent.set(group, reading);
      const [oldest] = this.recent.keys();
      if (this.recent.size > KEPT && oldest !== undefined) this.recent.delete(oldest);
    }
    const bytes = (await reading)[row - group.first];
    if (!(bytes instanceof Uint8Array)) throw damaged(group.path, `has no thumbnail in row ${row}`);
    return bytes;
  }

  async decoded(row: number, size: number): Promise<DecodedPicture | undefined> {
    if (size !== this.manifest.size) return undefined;
    const bytes = pictureBytes(size);
    const pixels = new Uint8Array(bytes);
    this.pixels.readSync(pixels, row * bytes);
    return { picture: { size, pixels }, thumbnail: await this.thumbnail(row), sha256: await this.digest(row) };
  }

  /** What pictures say of themselves, by row; nothing where no part has such columns. */
  async metadata(): Promise<readonly PictureMetadata[]> {
    const found: PictureMetadata[] = [];
    if (this.manifest.metadata !== true) return found;
    for (const [i, { path, reader }] of this.tables.entries()) {
      const columns = await readable(path, () => reader.metadata());
      const rows = this.manifest.parts[i]?.rows ?? 0;
      for (let at = 0; at < rows; at++) found.push(metadataAt(columns, at));
    }
    return found;
  }

  private async digest(row: number): Promise<string> {
    this.digests ??= this.readDigests();
    return defined((await this.digests)[row], 'the digest of a picture');
  }

  private async readDigests(): Promise<readonly string[]> {
    const digests: string[] = [];
    for (const { path, reader } of this.tables) {
      for (const digest of await readable(path, () => reader.digests())) {
        if (!isSha256(digest)) throw damaged(path, 'does not have the digest of each picture');
        digests.push(digest);
      }
    }
    return digests;
  }

  private async listGroups(): Promise<readonly Group[]> {
    const groups: Group[] = [];
    let first = 0;
    for (const { path, reader } of this.tables) {
      let inTable = 0;
      for (const rows of await readable(path, () => reader.groups())) {
        groups.push({ path, reader, first, inTable, rows });
        first += rows;
        inTable += rows;
      }
    }
    return groups;
  }
}

/** Groups held in memory, of 8 MB at most each: the one that is read out and the next. */
const KEPT = 2;

interface Group {
  readonly path: string;
  readonly reader: TableReader;
  /** Row of the catalogue, and of the table, that it begins with. */
  readonly first: number;
  readonly inTable: number;
  readonly rows: number;
}
