import type { SchemaElement } from 'hyparquet';
import { METADATA_COLUMNS, metadataFeatures, metadataSchema } from './metadata-columns.ts';
import { list, text } from './schema-elements.ts';

/** Columns of vectors by name, with the length of each one's vectors. */
export type VectorColumns = Readonly<Record<string, { readonly length: number }>>;

/**
 * The columns as Arrow writes them for a Hugging Face data set. `path` stands beside `image.path` so that the names
 * can be read without the pictures: a Parquet reader fetches a struct whole.
 * @param metadata whether there are columns for what pictures say of themselves
 */
export const schemaOf = (vectors: readonly string[], metadata = false): SchemaElement[] => [
  { name: 'schema', num_children: 10 + (metadata ? METADATA_COLUMNS.length : 0) + vectors.length },
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
  ...(metadata ? metadataSchema : []),
  ...vectors.flatMap((name) => list(name, [{ name: 'element', type: 'FLOAT', repetition_type: 'OPTIONAL' }])),
];

const string = { dtype: 'string', _type: 'Value' };
const double = { dtype: 'float64', _type: 'Value' };

/** What `datasets` reads to know that `image` is a picture. */
export const huggingFaceInfo = (vectors: VectorColumns, metadata = false) => ({
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
      ...(metadata ? metadataFeatures : {}),
      ...Object.fromEntries(
        Object.entries(vectors).map(([name, { length }]) => [
          name,
          { feature: { dtype: 'float32', _type: 'Value' }, length, _type: 'Sequence' },
        ]),
      ),
    },
  },
});
