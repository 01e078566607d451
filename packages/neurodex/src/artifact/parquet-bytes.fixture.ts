import type { AsyncBuffer, FileMetaData, SchemaElement } from 'hyparquet';

/** A number as Parquet's varints have it: seven bits a byte, the lowest first. */
export function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return [...bytes, rest];
}

/** A structure of Thrift's compact protocol by the numbers of its fields: integers, truths, and structures or lists as bytes. */
export function thrift(fields: Readonly<Record<number, number | boolean | Uint8Array | undefined>>): Uint8Array {
  const bytes: number[] = [];
  let last = 0;
  for (const [key, value] of Object.entries(fields)) {
    if (value === undefined) continue;
    const delta = Number(key) - last;
    last = Number(key);
    if (typeof value === 'boolean') bytes.push((delta << 4) | (value ? 1 : 2));
    // Zigzag: 0, −1, 1, −2 …
    else if (typeof value === 'number') bytes.push((delta << 4) | 5, ...varint(value < 0 ? -2 * value - 1 : 2 * value));
    else bytes.push((delta << 4) | (value instanceof List ? 9 : 12), ...value);
  }
  return Uint8Array.of(...bytes, 0);
}

/** A list of structures, at most 14. */
export class List extends Uint8Array {
  static of14(structures: readonly Uint8Array[]): List {
    return List.of((structures.length << 4) | 12, ...structures.flatMap((each) => [...each]));
  }
}

/** What the header of a data page of version 2 says, and the bytes behind it. */
export interface DataPage {
  readonly type?: number;
  readonly values?: number;
  readonly nulls?: number;
  readonly rows?: number;
  /** 0: PLAIN, 3: RLE, 8: RLE_DICTIONARY */
  readonly encoding?: number;
  readonly repetition?: number;
  readonly definition?: number;
  readonly isCompressed?: boolean;
  /** Bytes of the page once it is decompressed; as they are by default. */
  readonly full?: number;
  /** Bytes that the header says; as many as there are by default. */
  readonly size?: number;
  readonly bytes: readonly number[];
}

export function dataPage(page: DataPage): Uint8Array {
  const { type = 3, values = 0, nulls = 0, rows = 0, encoding = 0, repetition = 0, definition = 0, bytes } = page;
  const about = thrift({
    1: values,
    2: nulls,
    3: rows,
    4: encoding,
    5: definition,
    6: repetition,
    7: page.isCompressed,
  });
  const header = thrift({ 1: type, 2: page.full ?? bytes.length, 3: page.size ?? bytes.length, 8: about });
  return Uint8Array.of(...header, ...bytes);
}

export const dictionaryPage = (values: number | undefined, bytes: readonly number[]): Uint8Array => {
  const about = values === undefined ? undefined : thrift({ 1: values, 2: 0 });
  return Uint8Array.of(...thrift({ 1: 2, 2: bytes.length, 3: bytes.length, 7: about }), ...bytes);
};

export const asFile = (bytes: Uint8Array): AsyncBuffer => ({
  byteLength: bytes.length,
  slice: async (start, end = bytes.length) => Uint8Array.from(bytes.subarray(start, end)).buffer,
});

/** The column `a` of a file. */
export interface Column {
  readonly type?: SchemaElement['type'];
  readonly codec?: string;
  /** Groups and lists that it is in, and itself: one name after another. */
  readonly path?: readonly NonNullable<SchemaElement['repetition_type']>[];
}

/** The metadata of a file that is one column of one row. */
export function metadataOf(length: number, { type = 'INT32', codec = 'UNCOMPRESSED', path = ['OPTIONAL'] }: Column) {
  const names = path.map((_, i) => (i === path.length - 1 ? 'a' : `g${i}`));
  const schema: SchemaElement[] = [
    { name: 'schema', num_children: 1 },
    ...path.map(
      (repetition_type, i): SchemaElement => ({
        name: names[i] ?? '',
        repetition_type,
        ...(i === path.length - 1 ? (type === undefined ? {} : { type }) : { num_children: 1 }),
      }),
    ),
  ];
  const about = {
    type,
    path_in_schema: names,
    codec,
    num_values: 1n,
    data_page_offset: 0n,
    total_compressed_size: BigInt(length),
  };
  const metadata = { schema, num_rows: 1n, row_groups: [{ num_rows: 1n, columns: [{ meta_data: about }] }] };
  return { schema, metadata: metadata as unknown as FileMetaData };
}
