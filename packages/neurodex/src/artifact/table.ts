import { type ChunkedDigest, HashedFile } from '@neurodex/core/storage';
import type { PictureMetadata } from '@neurodex/datasets';
import {
  type AsyncBuffer,
  type FileMetaData,
  parquetMetadataAsync,
  parquetRead,
  parquetReadObjects,
  type SchemaElement,
} from 'hyparquet';
import { ByteWriter, ParquetWriter } from 'hyparquet-writer';
import type { StoredPicture } from '../pictures/picture-store.ts';
import { METADATA_COLUMNS, type MetadataValues, metadataData } from './metadata-columns.ts';
import { checkFooter, guarded } from './table-guard.ts';
import { huggingFaceInfo, schemaOf, type VectorColumns } from './table-schema.ts';

/** A row of a table: where it lies is its number. */
export interface TableRow extends Omit<StoredPicture, 'row'> {
  /** SHA-256 of the file that it was read from. */
  readonly sha256: string;
  /** PNG */
  readonly thumbnail: Uint8Array;
  /** By column; only catalogue pictures have any. */
  readonly vectors?: Readonly<Record<string, Float32Array>>;
  /** What it says of itself; only in tables that have columns for it. */
  readonly metadata?: PictureMetadata | undefined;
}

/** Columns of a table by name, a value for each row; one that is null in every row may not be there. */
export type TableColumns = Readonly<Partial<Record<string, readonly unknown[]>>>;

/** Small pages, so that one thumbnail costs one page and not its whole row group. */
const PAGE_BYTES = 1 << 16;
const FOOTER_BYTES = 1 << 16;

/** Writes one Parquet file, a row group at a time. */
export class TableWriter {
  private readonly file: HashedFile;
  private readonly buffer = new ByteWriter();
  private readonly parquet: ParquetWriter;
  private readonly vectors: readonly string[];
  private readonly metadata: boolean;
  private rowCount = 0;

  private constructor(file: HashedFile, vectors: VectorColumns, metadata: boolean) {
    this.file = file;
    this.metadata = metadata;
    this.vectors = Object.keys(vectors);
    this.parquet = new ParquetWriter({
      writer: this.buffer,
      schema: schemaOf(this.vectors, metadata),
      kvMetadata: [{ key: 'huggingface', value: JSON.stringify(huggingFaceInfo(vectors, metadata)) }],
      createdBy: 'neurodex',
    });
  }

  /** @param metadata whether it has columns for what pictures say of themselves */
  static async create(path: string, vectors: VectorColumns = {}, metadata = false): Promise<TableWriter> {
    return new TableWriter(await HashedFile.create(path), vectors, metadata);
  }

  get rows(): number {
    return this.rowCount;
  }

  get bytes(): number {
    return this.file.bytes;
  }

  async writeRowGroup(rows: readonly TableRow[]): Promise<void> {
    const column = <T>(name: string, value: (row: TableRow) => T) => ({ name, data: rows.map(value) });
    await this.parquet.write({
      columnData: [
        {
          // PNG does not compress, and no two pictures are alike: no codec, no dictionary, no smallest and largest.
          ...column('image', ({ thumbnail, path }) => ({ bytes: thumbnail, path })),
          codec: 'UNCOMPRESSED',
          encoding: 'PLAIN',
          statistics: false,
        },
        column('path', ({ path }) => path),
        column('labels', ({ labels }) => labels),
        column('captions', ({ captions }) => captions ?? null),
        column(
          'objects',
          ({ objects }) => objects?.map(({ box, ...object }) => ({ ...object, bbox: [...box] })) ?? null,
        ),
        column('split', ({ role }) => role),
        // Where it follows from the cluster, it changes with every picture beside it.
        column('identifier', ({ identifier, cluster }) => (cluster === undefined ? (identifier ?? null) : null)),
        column('cluster', ({ cluster }) => cluster ?? null),
        column('id', ({ id }) => id),
        column('sha256', ({ sha256 }) => sha256),
        ...(this.metadata ? metadataData(rows) : []),
        ...this.vectors.map((name) => ({
          ...column(name, ({ vectors }) => (vectors?.[name] === undefined ? null : [...vectors[name]])),
          statistics: false,
        })),
      ],
      rowGroupSize: rows.length,
      pageSize: PAGE_BYTES,
    });
    this.rowCount += rows.length;
    await this.drain();
  }

  /** @param sync whether the disk has it before this resolves */
  async finish(sync = false): Promise<ChunkedDigest> {
    await this.parquet.finish();
    await this.drain();
    return this.file.finish(sync);
  }

  /** After an error. */
  async close(): Promise<void> {
    await this.file.close();
  }

  /** Hands the encoded bytes to the file; `offset`, which Parquet's pointers count by, goes on. */
  private async drain(): Promise<void> {
    await this.file.append(this.buffer.getBytes());
    this.buffer.index = 0;
  }
}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** `utf8: false`: bytes without a text type are bytes. The BOM: a name may begin with U+FEFF, and keeps it. */
const READING = {
  utf8: false,
  geoparquet: false,
  parsers: { stringFromBytes: (bytes: Uint8Array | undefined) => bytes && decoder.decode(bytes) },
};

/** Columns of a row beside its picture and its vectors. */
const ROW_COLUMNS = ['path', 'labels', 'captions', 'objects', 'split', 'identifier', 'cluster', 'id'];

/**
 * Reads one Parquet file that `TableWriter` wrote, or that says so: what is decoded is not to be trusted, but decoding
 * comes to an end and takes no more memory than the bytes are worth (table-guard.ts).
 */
export class TableReader {
  private readonly file: AsyncBuffer;
  private readonly rowCount: number;
  private readonly schema: readonly SchemaElement[];
  private readonly hasMetadata: boolean;
  private opened: Promise<{ readonly file: AsyncBuffer; readonly metadata: FileMetaData }> | undefined;

  /** @param vectors columns that it has @param metadata whether it has those of metadata */
  constructor(file: AsyncBuffer, rows: number, vectors: VectorColumns, metadata = false) {
    this.file = file;
    this.rowCount = rows;
    this.hasMetadata = metadata;
    this.schema = schemaOf(Object.keys(vectors), metadata);
  }

  /** Rows of each row group. */
  async groups(): Promise<number[]> {
    return (await this.open()).metadata.row_groups.map(({ num_rows }) => Number(num_rows));
  }

  /** What is known of the pictures, without the pictures. */
  rows(): Promise<TableColumns> {
    return this.columns(ROW_COLUMNS);
  }

  /** SHA-256 of the file of each picture. */
  digests(): Promise<readonly unknown[]> {
    return this.column('sha256');
  }

  /** What the pictures say of themselves, by column; nothing where it has no such columns. */
  async metadata(): Promise<MetadataValues> {
    return this.hasMetadata ? await this.columns(METADATA_COLUMNS) : {};
  }

  /** A column of vectors. */
  vectors(name: string): Promise<readonly unknown[]> {
    return this.column(name);
  }

  /** The thumbnail of one row (counted from the start of the table): reads the pages that hold it and no others. */
  async thumbnail(row: number): Promise<unknown> {
    const [found] = await this.read(['image'], { rowStart: row, rowEnd: row + 1, useOffsetIndex: true });
    return thumbnailOf(found);
  }

  /** The thumbnails of a run of rows (counted from the start of the table), for whoever wants them all. */
  async thumbnails(rowStart: number, rowEnd: number): Promise<unknown[]> {
    return (await this.read(['image'], { rowStart, rowEnd })).map(thumbnailOf);
  }

  private async column(name: string): Promise<readonly unknown[]> {
    return (await this.columns([name]))[name] ?? new Array<null>(this.rowCount).fill(null);
  }

  /** Column by column: objects of rows would be thrown away at once, and opening an index would mostly make and sweep them. */
  private async columns(names: readonly string[]): Promise<TableColumns> {
    const opened = await this.open();
    const present = names.filter((name) => !isNull(name, opened.metadata));
    const columns: Record<string, unknown[]> = Object.create(null);
    for (const name of present) columns[name] = new Array<unknown>(this.rowCount).fill(null);
    await parquetRead({
      ...READING,
      ...opened,
      columns: present,
      // What is thrown here would be lost.
      onChunk({ columnName, columnData, rowStart }) {
        const column = columns[columnName];
        if (column === undefined) return;
        for (let i = 0; i < columnData.length; i++) column[rowStart + i] = columnData[i];
      },
    });
    if (Object.values(columns).some(({ length }) => length !== this.rowCount))
      throw new RangeError('a column is longer');
    return columns;
  }

  private async read(
    columns: string[],
    range: { readonly rowStart?: number; readonly rowEnd?: number; readonly useOffsetIndex?: boolean },
  ): Promise<Record<string, unknown>[]> {
    return await parquetReadObjects({ ...READING, ...(await this.open()), columns, ...range });
  }

  private open() {
    this.opened ??= this.readMetadata();
    return this.opened;
  }

  private async readMetadata() {
    await checkFooter(this.file);
    const metadata = await parquetMetadataAsync(this.file, { initialFetchSize: FOOTER_BYTES, geoparquet: false });
    return { metadata, file: guarded(this.file, metadata, this.schema, this.rowCount) };
  }
}

/** Whether a column holds nothing in any row, by what its writer counted; not for lists, which may be there and empty. */
const isNull = (name: string, { row_groups: groups }: FileMetaData): boolean =>
  groups
    .flatMap(({ columns }) => columns.flatMap(({ meta_data: about }) => about ?? []))
    .filter(({ path_in_schema: [column] }) => column === name)
    .every(
      ({ path_in_schema: path, statistics, num_values: count }) =>
        path.length === 1 && statistics?.null_count === count,
    );

const thumbnailOf = (row: Record<string, unknown> | undefined): unknown =>
  (row?.image as { bytes?: unknown } | null | undefined)?.bytes;
