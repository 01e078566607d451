import { type AsyncBuffer, type FileMetaData, type PageHeader, type SchemaElement, snappyUncompress } from 'hyparquet';
import { parquetHeader } from 'hyparquet/src/column.js';
import { readOffsetIndex } from 'hyparquet/src/indexes.js';
import { getMaxDefinitionLevel, getMaxRepetitionLevel, getSchemaPath } from 'hyparquet/src/schema.js';
import { thriftEnd, unsignedAt } from './thrift-guard.ts';

/** Values of one column in one row group, at most: a group has 8 MB, or a single row. */
const MOST_VALUES = 2 ** 24;
/** Bytes of one page once it is decompressed, at most. */
const LARGEST_PAGE = 2 ** 28;
/** Bytes of the metadata, at most. */
const LARGEST_FOOTER = 2 ** 26;

/** Bytes of a value by its type, at least. */
const VALUE_BYTES: Readonly<Record<string, number>> = {
  BOOLEAN: 1 / 8,
  INT32: 4,
  INT64: 8,
  FLOAT: 4,
  DOUBLE: 8,
  BYTE_ARRAY: 4,
};

/** One column of one row group: where it lies, and what its levels may be. */
interface Chunk {
  readonly start: number;
  readonly end: number;
  readonly index: readonly [number, number];
  readonly type: string;
  readonly compressed: boolean;
  readonly repetition: number;
  readonly definition: number;
}

/** @throws RangeError for a footer that a reader would not come to the end of */
export async function checkFooter(file: AsyncBuffer): Promise<void> {
  const tail = new DataView(await file.slice(Math.max(0, file.byteLength - 8), file.byteLength));
  if (tail.byteLength < 8) throw new RangeError('it is cut off');
  const length = tail.getUint32(0, true);
  const start = file.byteLength - 8 - length;
  if (start < 0 || length > LARGEST_FOOTER) throw new RangeError('its metadata is longer than it may be');
  thriftEnd(new Uint8Array(await file.slice(start, file.byteLength - 8)), 0);
}

/**
 * A file whose bytes are looked at before a Parquet reader is given them. On bytes that no writer makes, the reader may go
 * round in circles or fill the memory with one run of a billion values; these are refused here.
 * @param schema what the file must hold; @param rows how many rows of it
 * @throws RangeError for another schema, or for columns that are not in the file
 */
export function guarded(
  file: AsyncBuffer,
  metadata: FileMetaData,
  schema: readonly SchemaElement[],
  rows: number,
): AsyncBuffer {
  const chunks = chunksOf(file, metadata, schema, rows);
  return {
    byteLength: file.byteLength,
    async slice(start, end = file.byteLength) {
      if (!within(start, end, file.byteLength)) throw new RangeError(`it points to bytes ${start} to ${end}`);
      const bytes = await file.slice(start, end);
      const inside = chunks.filter((chunk) => chunk.start < end && chunk.end > start);
      for (const chunk of inside)
        checkPages(
          new Uint8Array(bytes, 0, Math.min(chunk.end, end) - start),
          Math.max(chunk.start, start) - start,
          chunk,
        );
      if (inside.length === 0)
        checkIndex(
          bytes,
          chunks.find(({ index }) => index[0] === start),
        );
      return bytes;
    },
  };
}

const within = (start: number, end: number, length: number): boolean =>
  Number.isSafeInteger(start) && Number.isSafeInteger(end) && start >= 0 && start <= end && end <= length;

/** What tells schemas apart; how they are annotated otherwise changes nothing. */
const shapeOf = (schema: readonly SchemaElement[]): string =>
  JSON.stringify(
    schema.map(({ name, type, repetition_type, num_children, converted_type }) => [
      name,
      type ?? null,
      name === 'schema' ? null : (repetition_type ?? null),
      num_children ?? 0,
      converted_type ?? null,
    ]),
  );

function chunksOf(
  file: AsyncBuffer,
  metadata: FileMetaData,
  schema: readonly SchemaElement[],
  rows: number,
): readonly Chunk[] {
  if (shapeOf(metadata.schema) !== shapeOf(schema)) throw new RangeError('it has other columns');
  const found = metadata.row_groups.reduce((sum, group) => sum + Math.max(1, Number(group.num_rows)), 0);
  if (found !== rows || Number(metadata.num_rows) !== rows) throw new RangeError(`it has ${found} rows, not ${rows}`);
  const leaves = schema.filter(({ type }) => type !== undefined);
  return metadata.row_groups.flatMap(({ columns }) => {
    if (columns.length !== leaves.length) throw new RangeError('a row group has other columns');
    return columns.map((column, i): Chunk => {
      const { meta_data: about, file_path: elsewhere } = column;
      if (about === undefined || elsewhere !== undefined) throw new RangeError('a column is not in it');
      const path = getSchemaPath(metadata.schema, about.path_in_schema);
      const leaf = path.at(-1)?.element;
      if (leaf?.name !== leaves[i]?.name || leaf?.type !== about.type || path.at(-1)?.children.length !== 0)
        throw new RangeError('a column is another one');
      if (about.codec !== 'SNAPPY' && about.codec !== 'UNCOMPRESSED')
        throw new RangeError('it is compressed otherwise');
      const start = Number(about.dictionary_page_offset || about.data_page_offset);
      const end = start + Number(about.total_compressed_size);
      const index = Number(column.offset_index_offset ?? 0);
      const sound =
        within(start, end, file.byteLength) &&
        within(index, index + (column.offset_index_length ?? 0), file.byteLength) &&
        Number(about.num_values) <= MOST_VALUES;
      if (!sound) throw new RangeError('a column is not in it');
      return {
        start,
        end,
        index: [index, index + (column.offset_index_length ?? 0)],
        type: about.type,
        compressed: about.codec === 'SNAPPY',
        repetition: getMaxRepetitionLevel(path),
        definition: getMaxDefinitionLevel(path),
      };
    });
  });
}

/** The list of the pages of a column: it may not lead to those of another. */
function checkIndex(buffer: ArrayBuffer, chunk: Chunk | undefined): void {
  if (chunk === undefined) throw new RangeError('it points to what is no column');
  thriftEnd(new Uint8Array(buffer), 0);
  for (const page of readOffsetIndex({ view: new DataView(buffer), offset: 0 }).page_locations) {
    const start = Number(page.offset);
    if (!(start >= chunk.start && start + page.compressed_page_size <= chunk.end && page.compressed_page_size > 0))
      throw new RangeError('a page is not in its column');
  }
}

/** @param bytes up to the end of the column, or of what is read of it */
function checkPages(bytes: Uint8Array, start: number, chunk: Chunk): void {
  let values = 0;
  for (let at = start; at < bytes.length; ) {
    const body = thriftEnd(bytes, at);
    const header = parquetHeader({ view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), offset: at });
    const { compressed_page_size: size, uncompressed_page_size: full } = header;
    if (!(size >= 0 && body + size <= bytes.length && full >= 0 && full <= LARGEST_PAGE))
      throw new RangeError('a page is longer than its column');
    const page = bytes.subarray(body, body + size);
    values += header.type === 'DICTIONARY_PAGE' ? dictionaryOf(header, chunk) : dataOf(header, page, chunk);
    if (values > MOST_VALUES) throw new RangeError('a column has more values than it may have');
    at = body + size;
  }
}

function dictionaryOf({ dictionary_page_header: header, uncompressed_page_size: full }: PageHeader, { type }: Chunk) {
  const count = header?.num_values ?? -1;
  if (count < 0 || count * (VALUE_BYTES[type] ?? 1) > full) throw new RangeError('a dictionary is cut off');
  return count;
}

/** @returns values of the page, nulls included */
function dataOf(header: PageHeader, page: Uint8Array, chunk: Chunk): number {
  const about = header.data_page_header_v2;
  if (header.type !== 'DATA_PAGE_V2' || about === undefined) throw new RangeError('a page is of another kind');
  const { num_values: count, num_nulls: nulls, num_rows: rows } = about;
  const [repetition, definition] = [about.repetition_levels_byte_length, about.definition_levels_byte_length];
  const levels = repetition + definition;
  const sound =
    count >= 0 &&
    count <= MOST_VALUES &&
    nulls >= 0 &&
    nulls <= count &&
    rows >= 0 &&
    rows <= count &&
    repetition >= 0 &&
    definition >= 0 &&
    levels <= page.length &&
    levels <= header.uncompressed_page_size;
  if (!sound) throw new RangeError('a page has other values than it says');
  if (chunk.repetition > 0) checkRuns(page.subarray(0, repetition), widthOf(chunk.repetition), count);
  else if (repetition > 0) throw new RangeError('a page has levels that its column has not');
  if (chunk.definition > 0) checkRuns(page.subarray(repetition, levels), widthOf(chunk.definition), count);
  else if (definition > 0) throw new RangeError('a page has levels that its column has not');
  const present = count - nulls;
  const full = header.uncompressed_page_size - levels;
  if (about.encoding === 'PLAIN') {
    if (present * (VALUE_BYTES[chunk.type] ?? 1) > full) throw new RangeError('a page is cut off');
    return count;
  }
  const body = unpacked(page.subarray(levels), full, chunk.compressed && about.is_compressed !== false);
  if (about.encoding === 'RLE' && chunk.type === 'BOOLEAN') checkRuns(body.subarray(4), 1, present);
  else if (about.encoding === 'RLE_DICTIONARY') checkRuns(body.subarray(1), body[0] ?? 0, present);
  else throw new RangeError('a page is encoded otherwise');
  return count;
}

function unpacked(body: Uint8Array, length: number, compressed: boolean): Uint8Array {
  if (!compressed) return body;
  checkSnappy(body, length);
  const out = new Uint8Array(length);
  snappyUncompress(body, out);
  return out;
}

const widthOf = (largest: number): number => 32 - Math.clz32(largest);

/** Runs of values: as many as there should be, and none that goes on for ever. */
function checkRuns(bytes: Uint8Array, width: number, count: number): void {
  if (width > 24) throw new RangeError('a run has numbers that are too large');
  let seen = 0;
  for (let at = 0; seen < count; ) {
    const [header, next] = unsignedAt(bytes, at);
    const packed = (header & 1) === 1;
    const values = packed ? (header >>> 1) * 8 : header >>> 1;
    if (values === 0 || values > count - seen + (packed ? 7 : 0)) throw new RangeError('a run has another length');
    at = next + (packed ? (values / 8) * width : Math.ceil(width / 8));
    if (at > bytes.length) throw new RangeError('a run is cut off');
    seen += values;
  }
}

/** Snappy's blocks, as far as their lengths go: a literal of negative length sends a reader back. */
function checkSnappy(bytes: Uint8Array, length: number): void {
  let [found, at] = unsignedAt(bytes, 0);
  if (found !== length) throw new RangeError('a page has another length than it says');
  for (found = 0; at < bytes.length; ) {
    const tag = bytes[at++] as number;
    const kind = tag & 3;
    const extra = kind === 0 ? Math.max(0, (tag >> 2) - 59) : kind === 3 ? 4 : kind;
    let run = kind === 1 ? ((tag >> 2) & 7) + 4 : (tag >> 2) + 1;
    if (kind === 0 && extra > 0) {
      run = 1;
      for (let i = 0; i < extra; i++) run += (bytes[at + i] ?? 0) * 2 ** (8 * i);
    }
    at += extra + (kind === 0 ? run : 0);
    found += run;
    if (at > bytes.length || found > length) throw new RangeError('a page is longer than it says');
  }
}
