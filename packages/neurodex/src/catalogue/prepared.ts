import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { FileMetaData } from 'hyparquet';
import { z } from 'zod';
import type { Dataset, DecodedPicture, SourcePicture } from '../datasets/dataset.ts';
import { NeurodexError } from '../errors.ts';
import { pictureBytes } from '../image/picture.ts';
import { writeFileAtomically } from '../storage/atomic.ts';
import { type ByteSource, openFileBytes } from '../storage/byte-source.ts';
import { refuseSpecialFile, refuseSpecialFilesIn } from '../storage/special-files.ts';
import { type CatalogueManifest, damaged, readManifest } from './manifest.ts';
import { readShardMetadata, readShardThumbnails } from './shard.ts';
import { openCatalogueRows, verifyCatalogue } from './store.ts';

/** The files of a prepared data set: its description, and a catalogue as an index has one. */
export const PREPARED_FILE = 'dataset.json';
export const PREPARED_CATALOGUE = 'catalogue';
const FORMAT = 'neurodex-dataset';
const VERSION = 1;

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
  place: z.string().default(''),
  /** SHA-256 of all that it was made of: the same as long as the contents are. */
  inputs: z.string(),
});
export type PreparedManifest = Readonly<z.infer<typeof preparedSchema>>;

export const writePreparedManifest = (
  folder: string,
  facts: Omit<PreparedManifest, 'format' | 'version'>,
): Promise<void> =>
  writeFileAtomically(
    join(folder, PREPARED_FILE),
    `${JSON.stringify({ format: FORMAT, version: VERSION, ...facts }, null, 2)}\n`,
  );

/**
 * The description of a prepared data set; undefined for a folder that is none.
 * @throws NeurodexError `index-damaged`, `index-newer`
 */
export async function readPreparedManifest(folder: string): Promise<PreparedManifest | undefined> {
  const file = join(folder, PREPARED_FILE);
  await refuseSpecialFile(file);
  const text = await readFile(file, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  let value: { format?: unknown; version?: unknown } | null;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (value?.format !== FORMAT) return undefined;
  if (typeof value.version === 'number' && value.version > VERSION) {
    throw new NeurodexError(
      'index-newer',
      `${file} has version ${value.version}; this Neurodex reads up to ${VERSION}`,
      {
        hint: 'update Neurodex, or build the data set again with this one',
        details: { file, version: value.version },
      },
    );
  }
  const parsed = preparedSchema.safeParse(value);
  if (!parsed.success) throw damaged(file, 'does not hold what it should', parsed.error);
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
  await verifyCatalogue(catalogue);
  const rows = await openCatalogueRows(catalogue);
  const stored = new StoredPictures(catalogue, await readManifest(catalogue));
  const pictures = rows.pictures.map(
    ({ row, path, labels, captions, objects, role }): SourcePicture => ({
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
      const { shards, pixels } = await readManifest(catalogue);
      return [...shards, pixels].map(({ file, sha256 }) => ({ name: file, version: sha256 }));
    },
  };
}

/** Reads row group by row group: rows are asked for in their order, and a Parquet reader decodes a group at a time. */
class StoredPictures {
  private readonly folder: string;
  private readonly manifest: CatalogueManifest;
  private groups: Promise<readonly Group[]> | undefined;
  /** The last groups read, as promises, so that many may ask at a time. */
  private readonly recent = new Map<Group, Promise<readonly unknown[]>>();

  constructor(folder: string, manifest: CatalogueManifest) {
    this.folder = folder;
    this.manifest = manifest;
  }

  async thumbnail(row: number): Promise<Uint8Array> {
    this.groups ??= this.listGroups();
    const groups = await this.groups;
    const group = groups.find(({ first, rows }) => row >= first && row < first + rows);
    if (group === undefined) throw new RangeError(`the data set has no row ${row}`);
    let reading = this.recent.get(group);
    if (reading === undefined) {
      reading = this.readGroup(group);
      this.recent.set(group, reading);
      const [oldest] = this.recent.keys();
      if (this.recent.size > KEPT && oldest !== undefined) this.recent.delete(oldest);
    }
    const bytes = (await reading)[row - group.first];
    if (!(bytes instanceof Uint8Array)) throw damaged(join(this.folder, group.file), `has no thumbnail in row ${row}`);
    return bytes;
  }

  async decoded(row: number, size: number): Promise<DecodedPicture | undefined> {
    if (size !== this.manifest.size) return undefined;
    const bytes = pictureBytes(size);
    const pixels = await this.withFile(
      this.manifest.pixels.file,
      async (source) => new Uint8Array(await source.slice(row * bytes, (row + 1) * bytes)),
    );
    return { picture: { size, pixels }, thumbnail: await this.thumbnail(row) };
  }

  private async listGroups(): Promise<readonly Group[]> {
    const groups: Group[] = [];
    let first = 0;
    for (const { file } of this.manifest.shards) {
      const metadata = await this.withFile(file, (source) => readShardMetadata(source));
      let inShard = 0;
      for (const { num_rows } of metadata.row_groups) {
        const rows = Number(num_rows);
        groups.push({ file, metadata, first, inShard, rows });
        first += rows;
        inShard += rows;
      }
    }
    return groups;
  }

  private readGroup({ file, metadata, inShard, rows }: Group): Promise<unknown[]> {
    return this.withFile(file, (source) => readShardThumbnails(source, metadata, inShard, inShard + rows));
  }

  private async withFile<T>(file: string, work: (source: ByteSource) => Promise<T>): Promise<T> {
    const source = await openFileBytes(join(this.folder, file));
    try {
      return await work(source);
    } finally {
      await source.close();
    }
  }
}

/** Groups held in memory, of 8 MB at most each: the one that is read out and the next. */
const KEPT = 2;

interface Group {
  readonly file: string;
  readonly metadata: FileMetaData;
  /** Row of the catalogue, and of the shard, that it begins with. */
  readonly first: number;
  readonly inShard: number;
  readonly rows: number;
}
