import { defined } from '@neurodex/core';
import type { ChunkedDigest } from '@neurodex/core/storage';
import { type CatalogueColumn, COLUMNS } from './catalogue-layout.ts';
import type { CatalogueManifest, CataloguePart } from './catalogue-manifest.ts';
import type { VectorColumns } from './table-schema.ts';
import { type DigestedFile, type TableRow, TableWriter } from './table-writer.ts';

/** A row of a catalogue with what its columns hold, read when it is written. */
export interface CatalogueRow extends TableRow {
  column(name: CatalogueColumn): Promise<Uint8Array>;
}

/** What a part has beside its table. */
export interface PartColumns {
  readonly vectors: VectorColumns;
  /** Bytes of a row, by column. */
  readonly columns: Partial<Record<CatalogueColumn, number>>;
  /** Whether its table has the columns of metadata. */
  readonly metadata?: boolean;
}

/** Where a catalogue is written: a folder on a disk (`diskTarget`), or files in memory. Its methods throw where it refuses. */
export interface CatalogueTarget {
  /** A new file, in the place of one of that name. */
  create(name: string): Promise<DigestedFile>;
  rename(from: string, to: string): Promise<void>;
  /** Its manifest, with which it is complete. */
  describe(manifest: CatalogueManifest): Promise<void>;
}

/** What a file of a part ends in. */
const ENDINGS: Readonly<Record<CatalogueColumn | 'pictures', string>> = {
  pictures: '.parquet',
  pixels: '.pixels.u8',
  embeddings: '.embeddings.f32',
  states: '.states.f32',
};

/** Until its digest is known, a file has this name. One catalogue has one writer. */
const NEW = 'new';
const [ID_DIGITS, DIGEST_DIGITS] = [10, 12];

/** Whether a file of a catalogue folder is one that writing a part leaves, complete or not. */
export const isPartFile = (name: string): boolean =>
  /^(part-\d{10}-[0-9a-f]{12}|new)\.(parquet|pixels\.u8|embeddings\.f32|states\.f32)$/.test(name);

/**
 * Writes one part of a catalogue: a table and its columns. The name of each file says its first picture and its digest, so that
 * the same rows always have the same files, and other rows never the name of a file that somebody reads.
 */
export class PartWriter {
  private readonly target: CatalogueTarget;
  private readonly layout: PartColumns;
  private readonly table: TableWriter;
  private readonly columns: ReadonlyMap<CatalogueColumn, DigestedFile>;
  private first = -1;
  private last = -1;

  private constructor(
    target: CatalogueTarget,
    layout: PartColumns,
    table: TableWriter,
    columns: ReadonlyMap<CatalogueColumn, DigestedFile>,
  ) {
    this.target = target;
    this.layout = layout;
    this.table = table;
    this.columns = columns;
  }

  /** @throws NeurodexError `disk-full`, `output-unwritable`, as do the other methods */
  static async create(target: CatalogueTarget, layout: PartColumns): Promise<PartWriter> {
    const fresh = (kind: keyof typeof ENDINGS): Promise<DigestedFile> => target.create(NEW + ENDINGS[kind]);
    const table = new TableWriter(await fresh('pictures'), layout.vectors, layout.metadata);
    const columns = new Map<CatalogueColumn, DigestedFile>();
    try {
      for (const name of COLUMNS) {
        if (layout.columns[name] !== undefined) columns.set(name, await fresh(name));
      }
    } catch (error) {
      for (const file of [table, ...columns.values()]) await file.close();
      throw error;
    }
    return new PartWriter(target, layout, table, columns);
  }

  get rows(): number {
    return this.table.rows;
  }

  /** Of the table. */
  get bytes(): number {
    return this.table.bytes;
  }

  /** @param rows with rising ids, above those written before @throws RangeError for others, or bytes of another length */
  async writeRowGroup(rows: readonly CatalogueRow[]): Promise<void> {
    for (const row of rows) {
      if (row.id <= this.last) throw new RangeError(`picture ${row.id} after picture ${this.last}`);
      if (this.first < 0) this.first = row.id;
      this.last = row.id;
      for (const [name, file] of this.columns) {
        const bytes = await row.column(name);
        const expected = this.layout.columns[name];
        if (bytes.length !== expected) throw new RangeError(`${bytes.length} bytes of ${name}, not ${expected}`);
        await file.append(bytes);
      }
    }
    await this.table.writeRowGroup(rows);
  }

  /** Gives the files their names. @param sync whether the disk has their contents before this resolves */
  async finish(sync = false): Promise<CataloguePart> {
    const { rows } = this;
    const pictures = await this.named('pictures', await this.table.finish(sync));
    const part: CataloguePart = { first: this.first, last: this.last, rows, pictures, pixels: pictures };
    if (this.layout.metadata === true) part.metadata = true;
    for (const [name, file] of this.columns) part[name] = await this.named(name, await file.finish(sync));
    return part;
  }

  /** Closes the files and leaves them as they are; harmless after `finish`. */
  async close(): Promise<void> {
    for (const file of [this.table, ...this.columns.values()]) await file.close();
  }

  private async named(kind: keyof typeof ENDINGS, digest: ChunkedDigest): Promise<CataloguePart['pictures']> {
    const ending = defined(ENDINGS[kind], 'the ending of a file');
    const file = `part-${String(this.first).padStart(ID_DIGITS, '0')}-${digest.sha256.slice(0, DIGEST_DIGITS)}${ending}`;
    await this.target.rename(NEW + ending, file);
    return { file, ...digest };
  }
}
