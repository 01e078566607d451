import type { PictureMetadata } from '@neurodex/datasets';
import type { SchemaElement } from 'hyparquet';
import { list, text } from './schema-elements.ts';

/** Columns of a table for what pictures say of themselves; each is null where a picture says nothing. */
export const METADATA_COLUMNS = [
  'taken',
  'taken_offset',
  'latitude',
  'longitude',
  'city',
  'state',
  'country',
  'camera',
  'rating',
  'keywords',
] as const;
export type MetadataColumn = (typeof METADATA_COLUMNS)[number];

const optional = (name: string, type: 'INT32' | 'INT64' | 'DOUBLE'): SchemaElement => ({
  name,
  type,
  repetition_type: 'OPTIONAL',
});

interface Declaration {
  readonly schema: readonly SchemaElement[];
  /** For `datasets` of Hugging Face. */
  readonly feature: object;
  readonly value: (metadata: PictureMetadata) => unknown;
}

const value = (dtype: string): object => ({ dtype, _type: 'Value' });
const name = (column: 'city' | 'state' | 'country' | 'camera'): Declaration => ({
  schema: [text(column)],
  feature: value('string'),
  value: (metadata) => metadata[column],
});
const number = (column: 'latitude' | 'longitude' | 'rating'): Declaration => ({
  schema: [optional(column, 'DOUBLE')],
  feature: value('float64'),
  value: (metadata) => metadata[column],
});

const DECLARATIONS: { readonly [Column in MetadataColumn]: Declaration } = {
  // Local time: a moment of no time zone, as a person reads it off a clock.
  taken: {
    schema: [
      { ...optional('taken', 'INT64'), logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: false, unit: 'MILLIS' } },
    ],
    feature: value('timestamp[ms]'),
    value: ({ taken }) => (taken === undefined ? undefined : BigInt(taken)),
  },
  taken_offset: {
    schema: [optional('taken_offset', 'INT32')],
    feature: value('int32'),
    value: ({ takenOffset }) => takenOffset,
  },
  latitude: number('latitude'),
  longitude: number('longitude'),
  city: name('city'),
  state: name('state'),
  country: name('country'),
  camera: name('camera'),
  rating: number('rating'),
  keywords: {
    schema: list('keywords', [text('element')]),
    feature: { feature: value('string'), _type: 'Sequence' },
    value: ({ keywords }) => keywords,
  },
};

const declared = METADATA_COLUMNS.map((column) => [column, DECLARATIONS[column]] as const);

export const metadataSchema: readonly SchemaElement[] = declared.flatMap(([, { schema }]) => schema);
export const metadataFeatures: Readonly<Record<string, object>> = Object.fromEntries(
  declared.map(([column, { feature }]) => [column, feature]),
);

/** The columns of some rows, as a Parquet writer takes them. */
export const metadataData = (rows: readonly { readonly metadata?: PictureMetadata | undefined }[]) =>
  declared.map(([column, { value: valueIn }]) => ({
    name: column,
    data: rows.map(({ metadata }) => (metadata === undefined ? null : (valueIn(metadata) ?? null))),
  }));

/** Columns as a table holds them. */
export type MetadataValues = { readonly [Column in MetadataColumn]?: readonly unknown[] | undefined };

const finite = (found: unknown): number | undefined =>
  typeof found === 'number' && Number.isFinite(found) ? found : undefined;
const string = (found: unknown): string | undefined => (typeof found === 'string' ? found : undefined);

/** What a row of a table says; of values that are of another kind, nothing. */
export function metadataAt(columns: MetadataValues, at: number): PictureMetadata {
  const of = (column: MetadataColumn): unknown => columns[column]?.[at];
  const date = of('taken');
  const words = of('keywords');
  const found = {
    taken: date instanceof Date ? finite(date.getTime()) : undefined,
    takenOffset: finite(of('taken_offset')),
    latitude: finite(of('latitude')),
    longitude: finite(of('longitude')),
    city: string(of('city')),
    state: string(of('state')),
    country: string(of('country')),
    camera: string(of('camera')),
    rating: finite(of('rating')),
    keywords: Array.isArray(words) ? words.filter((word): word is string => typeof word === 'string') : undefined,
  };
  return withoutUnknown(found);
}

type Known<T> = { readonly [Key in keyof T]?: Exclude<T[Key], undefined> };

/** Without the keys whose values are not known. */
function withoutUnknown<T extends object>(value: T): Known<T> {
  const known: { -readonly [Key in keyof T]?: Exclude<T[Key], undefined> } = {};
  for (const key of keysOf(value)) {
    const each = value[key];
    if (isKnown(each)) known[key] = each;
  }
  return known;
}

const isKnown = <T>(value: T): value is Exclude<T, undefined> => value !== undefined;
function* keysOf<T extends object>(value: T): Generator<keyof T & string> {
  for (const key in value) if (Object.hasOwn(value, key)) yield key;
}
