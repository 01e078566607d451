import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { SchemaElement } from 'hyparquet';
import { type ColumnSource, parquetWriteBuffer } from 'hyparquet-writer';

/** Where the files of other programs are. */
export const fixtures = fileURLToPath(new URL('../fixtures/parquet/', import.meta.url));

export const huggingFace = (features: object) => [
  { key: 'huggingface', value: JSON.stringify({ info: { features } }) },
];
export const CLASSES = { image: { _type: 'Image' }, label: { names: ['cat', 'dog'], _type: 'ClassLabel' } };
export const image = (content: string | null) => ({
  bytes: content === null ? null : Buffer.from(content),
  path: `${content}.jpg`,
});

export const SCHEMA: SchemaElement[] = [
  { name: 'schema', num_children: 2 },
  { name: 'image', num_children: 2, repetition_type: 'OPTIONAL' },
  { name: 'bytes', type: 'BYTE_ARRAY', repetition_type: 'OPTIONAL' },
  { name: 'path', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'OPTIONAL' },
  { name: 'label', type: 'INT32', repetition_type: 'OPTIONAL' },
];

/** @returns the path */
export async function writeParquet(
  path: string,
  columnData: ColumnSource[],
  features: object = CLASSES,
): Promise<string> {
  await writeFile(path, new Uint8Array(parquetWriteBuffer({ columnData, kvMetadata: huggingFace(features) })));
  return path;
}

export const pictures = (...contents: (string | null)[]): ColumnSource => ({
  name: 'image',
  data: contents.map(image),
});
export const labels = (...data: number[]): ColumnSource => ({ name: 'label', data, type: 'INT32' });
