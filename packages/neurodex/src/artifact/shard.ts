import { type ChunkedDigest, HashedFile } from '@neurodex/core/storage';
import {
  type AsyncBuffer,
  type FileMetaData,
  parquetMetadataAsync,
  parquetReadObjects,
  type SchemaElement,
} from 'hyparquet';
import { ByteWriter, ParquetWriter } from 'hyparquet-writer';
import type { StoredPicture } from '../pictures/picture-store.ts';
import { checkFooter, guarded } from './shard-guard.ts';

/** A row of a shard: where it lies is its number. */
export interface ShardRow extends Omit<StoredPicture, 'row'> {
  /** SHA-256 of the file that it was read from. */
  readonly sha256: string;
  /** PNG */
  readonly thumbnail: Uint8Array;
  /** By column; only catalogue pictures have any. */
  readonly vectors?: Readonly<Record<string, Float32Array>>;
}

/** Columns of vectors by name, with the length of each one's vectors. */
export type VectorColumns = Readonly<Record<string, { readonly length: number }>>;

const text = (name: string, repetition: 'OPTIONAL' | 'REQUIRED' = 'OPTIONAL'): SchemaElement => ({
  name,
  type: 'BYTE_ARRAY',
  converted_type: 'UTF8',
  logical_type: { type: 'STRING' },
  repetition_type: repetition,
});

/** A list as Parquet's LogicalTypes.md lays it out. */
const list = (name: string, element: readonly SchemaElement[]): SchemaElement[] => [
  {
    name,
    repetition_type: 'OPTIONAL',
    num_children: 1,
    converted_type: 'LIST',
    logical_type: { type: 'LIST' },
  },
  { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
  ...element,
];

/**
 * The columns as Arrow writes them for a Hugging Face data set. `path` stands beside `image.path` so that the names
 * can be read without the pictures: a Parquet reader fetches a struct whole.
 */
const schemaOf = (vectors: readonly string[]): SchemaElement[] => [
  { name: 'schema', num_children: 10 + vectors.length },
  { name: 'image', repetition_type: 'OPTIONAL', num_children: 2 },
  { name: 'bytes', type: 'BYTE_ARRAY', repetition_type: 'OPTIONAL' },
  text('path'),
  text('path'),
  ...list('labels', [text('element')]),
  ...list('captions', [text('element')]),
  ...list('objects', [
    { name: 'element', repetition_type: 'OPTIONAL', num_children: 4 },
    text('category'),
    ...list('bbox', [{ name: 'element', type: 'DOUBLE', repetition_type: 'OPTIONAL' }]),
    { name: 'area', type: 'DOUBLE', repetition_type: 'OPTIONAL' },
    { name: 'crowd', type: 'BOOLEAN', repetition_type: 'OPTIONAL' },
  ]),
  text('split'),
  text('identifier'),
  text('cluster'),
  { name: 'id', type: 'INT32', repetition_type: 'OPTIONAL' },
  text('sha256'),
  ...vectors.flatMap((name) => list(name, [{ name: 'element', type: 'FLOAT', repetition_type: 'OPTIONAL' }])),
];

const string = { dtype: 'string', _type: 'Value' };
const double = { dtype: 'float64', _type: 'Value' };

/** What `datasets` reads to know that `image` is a picture. */
const huggingFaceInfo = (vectors: VectorColumns) => ({
  info: {
    features: {
      image: { _type: 'Image' },
      path: string,
      labels: { feature: string, _type: 'Sequence' },
      captions: { feature: string, _type: 'Sequence' },
      // A list of structs, and not the Sequence of one, which `datasets` would turn into a struct of lists.
      objects: [
        {
          category: string,
          bbox: { feature: double, _type: 'Sequence' },
          area: double,
          crowd: { dtype: 'bool', _type: 'Value' },
        },
      ],
      split: string,
      identifier: string,
      cluster: string,
      id: { dtype: 'int32', _type: 'Value' },
      sha256: string,
      ...Object.fromEntries(
        Object.entries(vectors).map(([name, { length }]) => [
          name,
          { feature: { dtype: 'float32', _type: 'Value' }, length, _type: 'Sequence' },
        ]),
      ),
    },
  },
});

/** Small pages, so that one thumbnail costs one page and not its whole row group. */
const PAGE_BYTES = 1 << 16;
const FOOTER_BYTES = 1 << 16;

/** Writes one Parquet file, a row group at a time. */
export class ShardWriter {
  private readonly file: HashedFile;
  private readonly buffer = new ByteWriter();
  private readonly parquet: ParquetWriter;
  private readonly vectors: readonly string[];
  private rowCount = 0;

  private constructor(file: HashedFile, vectors: VectorColumns) {
    this.file = file;
    this.vectors = Object.keys(vectors);
    this.parquet = new ParquetWriter({
      writer: this.buffer,
      schema: schemaOf(this.vectors),
      kvMetadata: [{ key: 'huggingface', value: JSON.stringify(huggingFaceInfo(vectors)) }],
      createdBy: 'neurodex',
    });
  }

  static async create(path: string, vectors: VectorColumns = {}): Promise<ShardWriter> {
    return new ShardWriter(await HashedFile.create(path), vectors);
  }

  get rows(): number {
    return this.rowCount;
  }

  get bytes(): number {
    return this.file.bytes;
  }

  async writeRowGroup(rows: readonly ShardRow[]): Promise<void> {
    const column = <T>(name: string, value: (row: ShardRow) => T) => ({ name, data: rows.map(value) });
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
 * Reads one Parquet file that `ShardWriter` wrote, or that says so: what is decoded is not to be trusted, but decoding
 * comes to an end and takes no more memory than the bytes are worth (shard-guard.ts).
 */
export class ShardReader {
  private readonly file: AsyncBuffer;
  private readonly rowCount: number;
  private readonly schema: readonly SchemaElement[];
  private opened: Promise<{ readonly file: AsyncBuffer; readonly metadata: FileMetaData }> | undefined;

  /** @param vectors columns that it has */
  constructor(file: AsyncBuffer, rows: number, vectors: VectorColumns) {
    this.file = file;
    this.rowCount = rows;
    this.schema = schemaOf(Object.keys(vectors));
  }

  /** Rows of each row group. */
  async groups(): Promise<number[]> {
    return (await this.open()).metadata.row_groups.map(({ num_rows }) => Number(num_rows));
  }

  /** Every row, without the pictures. */
  rows(): Promise<Record<string, unknown>[]> {
    return this.read(ROW_COLUMNS, {});
  }

  /** SHA-256 of the file of each picture. */
  async digests(): Promise<unknown[]> {
    return (await this.read(['sha256'], {})).map(({ sha256 }) => sha256);
  }

  /** A column of vectors. */
  async vectors(name: string): Promise<unknown[]> {
    return (await this.read([name], {})).map((row) => row[name]);
  }

  /** The thumbnail of one row (counted from the start of the shard): reads the pages that hold it and no others. */
  async thumbnail(row: number): Promise<unknown> {
    const [found] = await this.read(['image'], { rowStart: row, rowEnd: row + 1, useOffsetIndex: true });
    return thumbnailOf(found);
  }

  /** The thumbnails of a run of rows (counted from the start of the shard), for whoever wants them all. */
  async thumbnails(rowStart: number, rowEnd: number): Promise<unknown[]> {
    return (await this.read(['image'], { rowStart, rowEnd })).map(thumbnailOf);
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

const thumbnailOf = (row: Record<string, unknown> | undefined): unknown =>
  (row?.image as { bytes?: unknown } | null | undefined)?.bytes;
