import {
  type AsyncBuffer,
  type FileMetaData,
  parquetMetadataAsync,
  parquetRead,
  parquetReadObjects,
  type SchemaElement,
} from 'hyparquet';
import { METADATA_COLUMNS, type MetadataValues } from './metadata-columns.ts';
import { checkFooter, guarded } from './table-guard.ts';
import { schemaOf, type VectorColumns } from './table-schema.ts';

/** Columns of a table by name, a value for each row; one that is null in every row may not be there. */
export type TableColumns = Readonly<Partial<Record<string, readonly unknown[]>>>;

const FOOTER_BYTES = 1 << 16;

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
