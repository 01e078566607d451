import type { ChunkedDigest } from '@neurodex/core/storage';
import type { PictureMetadata } from '@neurodex/datasets';
import { ByteWriter, ParquetWriter } from 'hyparquet-writer';
import type { StoredPicture } from '../pictures/picture-store.ts';
import { metadataData } from './metadata-columns.ts';
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

/** A new file that grows at its end and knows its digest when it is finished: `HashedFile` on a disk. */
export interface DigestedFile {
  readonly bytes: number;
  append(bytes: Uint8Array): Promise<void>;
  /** @param sync whether the disk has it before this resolves */
  finish(sync?: boolean): Promise<ChunkedDigest>;
  /** Closes it and leaves it as it is; harmless after `finish`. */
  close(): Promise<void>;
}

/** Small pages, so that one thumbnail costs one page and not its whole row group. */
const PAGE_BYTES = 1 << 16;

/** Writes one Parquet file, a row group at a time. */
export class TableWriter {
  private readonly file: DigestedFile;
  private readonly buffer = new ByteWriter();
  private readonly parquet: ParquetWriter;
  private readonly vectors: readonly string[];
  private readonly metadata: boolean;
  private rowCount = 0;

  /** @param metadata whether it has columns for what pictures say of themselves */
  constructor(file: DigestedFile, vectors: VectorColumns = {}, metadata = false) {
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
