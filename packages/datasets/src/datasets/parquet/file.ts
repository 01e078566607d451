import { errorMessage, isRecord, isSystemError, NeurodexError } from '@neurodex/core';
import type { ByteSource } from '@neurodex/core/storage';
import { inOrder } from '@neurodex/core/storage';
import { type FileMetaData, parquetMetadataAsync, type RowGroup } from 'hyparquet';
import type { LayoutNote, SkippedFile } from '../dataset.ts';
import type { ColumnFlags } from '../label-columns.ts';
import { type Described, describeRow, type Problem } from '../labels.ts';
import { findColumns, type ParquetColumns } from './columns.ts';
import { DecoderUnavailable, type ParquetDecoder } from './decoder.ts';
import { parquetProblem } from './problems.ts';
import type { ParquetRow } from './served-job.ts';

/** The codecs of hyparquet and hyparquet-compressors: all of the format but LZO. */
const CODECS: ReadonlySet<string> = new Set(['UNCOMPRESSED', 'SNAPPY', 'GZIP', 'BROTLI', 'ZSTD', 'LZ4', 'LZ4_RAW']);
const FOOTER_BYTES = 1 << 17;
/** A row group of so many bytes of pictures is read as a whole; of a larger one only some pages, if it says where they are. */
export const BLOCK_BYTES = 64 << 20;
/** More than this is not read into memory for one picture. */
const LARGEST_GROUP = 2 ** 31;

/** Bytes between two chunks that are rather read than asked around: hyparquet's figure, so that it asks within pieces. */
const GAP = 1 << 13;
/** Row groups whose labels are fetched at a time. */
const WIDTH = 8;

/** Rows that are read together. */
interface Block {
  readonly group: RowGroup;
  /** Counted within the group. */
  readonly rowStart: number;
  readonly rowEnd: number;
  readonly useOffsetIndex: boolean;
}

export interface ListedRow extends Described {
  readonly row: number;
}

/** A stretch of rows, one row, or the whole file, and why it is left out. */
export interface SkippedRows {
  readonly first: number;
  readonly last: number;
  readonly reason: string;
}

export interface ParquetFileOptions extends ColumnFlags {
  /** `BLOCK_BYTES` by default. */
  readonly blockBytes?: number;
}

/** One open Parquet file with pictures. */
export class ParquetFile {
  readonly rows: number;
  private readonly source: ByteSource;
  private readonly metadata: FileMetaData;
  private readonly columns: ParquetColumns;
  private readonly decoder: ParquetDecoder;
  private readonly blockBytes: number;
  /** Where each row group begins. */
  private readonly starts: readonly number[];

  private constructor(
    source: ByteSource,
    metadata: FileMetaData,
    columns: ParquetColumns,
    decoder: ParquetDecoder,
    blockBytes: number,
  ) {
    this.blockBytes = blockBytes;
    this.source = source;
    this.metadata = metadata;
    this.columns = columns;
    this.decoder = decoder;
    const starts: number[] = [];
    let rows = 0;
    for (const group of metadata.row_groups) {
      starts.push(rows);
      rows += Number(group.num_rows);
    }
    this.starts = starts;
    this.rows = rows;
  }

  /** Reads the footer and nothing else. @throws Error with what is wrong with the file; errors of the source as they are */
  static async open(
    source: ByteSource,
    decoder: ParquetDecoder,
    { blockBytes = BLOCK_BYTES, ...flags }: ParquetFileOptions = {},
  ): Promise<ParquetFile> {
    const metadata = await readFooter(source);
    const columns = findColumns(metadata, flags);
    const file = new ParquetFile(source, metadata, columns, decoder, blockBytes);
    file.check();
    return file;
  }

  /** Which columns were chosen, and which are not read. */
  get notes(): readonly LayoutNote[] {
    return this.columns.notes;
  }

  /** That the footer promises nothing that cannot be. */
  private check(): void {
    const { row_groups: groups } = this.metadata;
    const wrong = groups.find(({ num_rows }) => !(num_rows >= 0n && num_rows <= BigInt(this.source.byteLength)));
    if (wrong !== undefined || this.rows > this.source.byteLength) {
      throw new Error(`says it has ${this.rows} rows in ${this.source.byteLength} bytes`);
    }
    const wanted = new Set(this.wanted());
    for (const { columns } of groups) {
      for (const { meta_data: column } of columns) {
        if (column === undefined || !wanted.has(column.path_in_schema[0] ?? '')) continue;
        if (CODECS.has(column.codec)) continue;
        throw new Error(`is compressed with ${column.codec ?? 'an unknown codec'}, which cannot be read`);
      }
    }
  }

  private wanted(): string[] {
    const { picture, label, labels, captions } = this.columns;
    return [picture.name, label, labels, captions].filter((name) => name !== undefined);
  }

  /**
   * What the first rows say of their pictures, without the pictures. Damaged row groups are skipped.
   * @param most rows at most; nothing is read of those behind
   */
  async list(most: number): Promise<{ rows: readonly ListedRow[]; skipped: readonly SkippedRows[] }> {
    const { label, labels, captions, names } = this.columns;
    const columns = [label, labels, captions].filter((name) => name !== undefined);
    const rows: ListedRow[] = [];
    const skipped: SkippedRows[] = [];
    const stretches = this.metadata.row_groups.flatMap((group, g) => {
      const start = this.starts[g] ?? 0;
      const count = Math.min(Number(group.num_rows), most - start);
      return count > 0 ? [{ group, start, count }] : [];
    });
    // Over a network the waiting for one group's labels hides behind that for others'.
    const read = inOrder(stretches, WIDTH, async ({ group, start, count }) => {
      const block = { group, rowStart: 0, rowEnd: count, useOffsetIndex: false };
      try {
        const values = columns.length === 0 ? Array<ParquetRow>(count).fill({}) : await this.decode(block, columns);
        return { start, values, lost: undefined };
      } catch (error) {
        if (isForeign(error)) throw error;
        const lost: SkippedRows = { first: start, last: start + count - 1, reason: reasonOf(error) };
        return { lost };
      }
    });
    for await (const stretch of read) {
      if (stretch.lost !== undefined) {
        skipped.push(stretch.lost);
        continue;
      }
      const { start, values } = stretch;
      for (const [i, value] of values.entries()) {
        const row = start + i;
        const described: Described | Problem = describeRow(
          {
            ...(label === undefined ? {} : { label: value[label] }),
            ...(labels === undefined ? {} : { labels: value[labels] }),
            ...(captions === undefined ? {} : { captions: value[captions] }),
          },
          names,
        );
        if ('reason' in described) skipped.push({ first: row, last: row, reason: described.reason });
        else rows.push({ row, ...described });
      }
    }
    return { rows, skipped };
  }

  /** The picture of a row: its bytes, or the path of a file with them. @throws Error with what is wrong */
  async picture(row: number): Promise<{ readonly bytes: Uint8Array } | { readonly path: string }> {
    const { block, index } = this.blockOf(row);
    const value = (await this.load(block))[index]?.[this.columns.picture.name];
    if (value instanceof Uint8Array) return { bytes: value };
    if (typeof value === 'string') return { path: value };
    const { bytes, path }: Readonly<Record<string, unknown>> = isRecord(value) ? value : {};
    if (bytes instanceof Uint8Array) return { bytes };
    if (typeof path === 'string' && path !== '') return { path };
    return { bytes: new Uint8Array(0) };
  }

  /** The blocks read last, by their first row, and every one that cannot be read: not to be tried for each of its rows. */
  private readonly recent = new Map<string, Promise<readonly ParquetRow[]>>();

  private async load(block: Block): Promise<readonly ParquetRow[]> {
    const key = `${this.metadata.row_groups.indexOf(block.group)}:${block.rowStart}`;
    let rows = this.recent.get(key);
    if (rows === undefined) {
      rows = this.decode(block, [this.columns.picture.name]);
      // Pictures are read in order, several at a time: two blocks are in use where one ends and the next begins.
      for (const [old, held] of this.recent) {
        if (this.recent.size < 2) break;
        if (!this.failed.has(held)) this.recent.delete(old);
      }
      this.recent.set(key, rows);
      rows.catch((error) => {
        if (isForeign(error)) this.recent.delete(key);
        else if (rows !== undefined) this.failed.add(rows);
      });
    }
    return rows;
  }

  private readonly failed = new WeakSet<Promise<unknown>>();

  private blockOf(row: number): { block: Block; index: number } {
    let g = this.starts.findLastIndex((start) => start <= row);
    // An empty row group begins where the next one does.
    while (Number(this.metadata.row_groups[g]?.num_rows) === 0 && g > 0) g--;
    const group = this.metadata.row_groups[g];
    if (group === undefined) throw new RangeError(`there is no row ${row}`);
    const within = row - (this.starts[g] ?? 0);
    const rows = Number(group.num_rows);
    const chunks = group.columns.filter(({ meta_data }) => meta_data?.path_in_schema[0] === this.columns.picture.name);
    const bytes = chunks.reduce((sum, { meta_data }) => sum + Number(meta_data?.total_compressed_size ?? 0), 0);
    const indexed = chunks.every(({ offset_index_offset }) => offset_index_offset !== undefined);
    if (bytes <= this.blockBytes || !indexed) {
      if (bytes > LARGEST_GROUP) {
        throw new Error(`its row group has ${bytes} bytes and no page index; write it with smaller row groups`);
      }
      return { block: { group, rowStart: 0, rowEnd: rows, useOffsetIndex: false }, index: within };
    }
    const size = Math.max(1, Math.floor((rows * this.blockBytes) / (4 * bytes)));
    const rowStart = within - (within % size);
    const rowEnd = Math.min(rows, rowStart + size);
    return { block: { group, rowStart, rowEnd, useOffsetIndex: true }, index: within - rowStart };
  }

  private async decode(block: Block, columns: readonly string[]): Promise<readonly ParquetRow[]> {
    const { group, rowStart, rowEnd, useOffsetIndex } = block;
    try {
      const source = useOffsetIndex ? this.source : await this.fetched(group, columns);
      const rows = await this.decoder.rows(source, {
        byteLength: this.source.byteLength,
        // Of the footer only what concerns this row group.
        metadata: { ...this.metadata, row_groups: [group], num_rows: group.num_rows, key_value_metadata: [] },
        columns,
        rowStart,
        rowEnd,
        useOffsetIndex,
      });
      if (rows.length !== rowEnd - rowStart)
        throw new Error(`has ${rows.length} rows where ${rowEnd - rowStart} are listed`);
      return rows;
    } catch (error) {
      throw isForeign(error) ? error : new Damaged(errorMessage(error), { cause: error });
    }
  }

  /** The chunks of some columns, read before the decoder's turn comes, so that one may be read while another is decoded. */
  private async fetched(group: RowGroup, columns: readonly string[]): Promise<ByteSource> {
    const ranges = group.columns.flatMap(({ meta_data: column }) => {
      if (column === undefined || !columns.includes(column.path_in_schema[0] ?? '')) return [];
      const start = Number(column.dictionary_page_offset || column.data_page_offset);
      const end = start + Number(column.total_compressed_size);
      // Nonsense is left to the decoder, which tells it.
      return start >= 0 && start < end && end <= this.source.byteLength ? [{ start, end }] : [];
    });
    const pieces = await Promise.all(
      joined(ranges).map(async ({ start, end }) => ({ start, end, bytes: await this.source.slice(start, end) })),
    );
    return {
      ...this.source,
      slice: async (start, end = this.source.byteLength) => {
        const piece = pieces.find((each) => each.start <= start && end <= each.end);
        return piece === undefined
          ? this.source.slice(start, end)
          : piece.bytes.slice(start - piece.start, end - piece.start);
      },
    };
  }

  async close(): Promise<void> {
    await this.source.close();
  }
}

interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** Chunks that lie next to each other, but for the few bytes that some programs leave between them, are read at once. */
function joined(ranges: readonly ByteRange[]): ByteRange[] {
  const out: ByteRange[] = [];
  for (const range of [...ranges].sort((a, b) => a.start - b.start)) {
    const last = out.at(-1);
    if (last === undefined || range.start - last.end > GAP) out.push(range);
    else out[out.length - 1] = { start: last.start, end: Math.max(last.end, range.end) };
  }
  return out;
}

/** That of ten thousand row groups has some megabytes, and what is read of it takes fifty times as much memory. */
const LARGEST_FOOTER = 1 << 24;

/** @throws Error */
async function refuseLargeFooter(source: ByteSource): Promise<void> {
  if (source.byteLength < 8) return;
  const tail = new DataView(await source.slice(source.byteLength - 8, source.byteLength));
  const bytes = tail.getUint32(0, true);
  if (bytes <= LARGEST_FOOTER || bytes > source.byteLength) return;
  throw new Error(`has a footer of ${bytes} bytes, and at most ${LARGEST_FOOTER} are read`);
}

/** @throws Error with what is wrong with the file; errors of the source as they are */
export async function readFooter(source: ByteSource): Promise<FileMetaData> {
  await refuseLargeFooter(source);
  const file = { byteLength: source.byteLength, slice: (start: number, end?: number) => source.slice(start, end) };
  try {
    return await parquetMetadataAsync(file, { initialFetchSize: FOOTER_BYTES, geoparquet: false });
  } catch (error) {
    if (isForeign(error)) throw error;
    throw new Error(`is not a Parquet file that can be read (${parquetProblem(error)})`, { cause: error });
  }
}

class Damaged extends Error {}

/** Not the fault of the bytes: a download that failed, a disk that does, a reader that does not start. */
export const isForeign = (error: unknown): boolean =>
  error instanceof NeurodexError || error instanceof DecoderUnavailable || isSystemError(error);

export const reasonOf = (error: unknown): string => {
  const message = errorMessage(error);
  return error instanceof Damaged ? `its row group cannot be read (${message})` : message;
};

/** As `Dataset.skipped` lists it. */
export const skippedAs = (name: string, { first, last, reason }: SkippedRows): SkippedFile => ({
  path: first === last ? `${name}, row ${first}` : `${name}, rows ${first} to ${last}`,
  reason,
});
