import { type FileMetaData, parquetSchema, type SchemaTree } from 'hyparquet';
import { type ClassNames, distinctNames } from './labels.ts';

/** How the pictures lie in the file: `image` as Hugging Face writes it, a column of bytes, or the paths of files. */
export type PictureKind = 'struct' | 'bytes' | 'path';

/** What of a Parquet file is read. */
export interface ParquetColumns {
  readonly picture: { readonly name: string; readonly kind: PictureKind };
  readonly label: string | undefined;
  readonly labels: string | undefined;
  readonly captions: string | undefined;
  /** Names of the classes, where labels are numbers. */
  readonly names: ClassNames;
}

interface Feature {
  readonly _type?: string;
  readonly names?: unknown;
  readonly feature?: Feature;
}

const PICTURES = ['image', 'picture'];

/**
 * The columns by their names, and by what the `huggingface` metadata says of them: a column of another name may be the
 * picture (`img`) or the label (`fine_label`) when it is declared as such.
 * @throws Error that says which column is missing
 */
export function findColumns(metadata: FileMetaData): ParquetColumns {
  const { children } = parquetSchema(metadata);
  const columns = new Map(children.map((child) => [child.element.name, child]));
  const features = featuresOf(metadata);
  const declared = (type: string): string[] =>
    [...features].filter(([, { _type }]) => _type === type).map(([name]) => name);

  const picture = [...PICTURES, ...declared('Image')]
    .map((name) => ({ name, kind: kindOf(columns.get(name)) }))
    .find((found): found is ParquetColumns['picture'] => found.kind !== undefined);
  const all = [...columns.keys()].join(', ') || 'none';
  if (picture === undefined) {
    throw new Error(`has no column of pictures called ${PICTURES.join(' or ')} (its columns: ${all})`);
  }
  const isList = (name: string): boolean => (columns.get(name)?.children.length ?? 0) > 0;
  const first = (names: readonly string[], wanted: (name: string) => boolean): string | undefined =>
    names.find((name) => columns.has(name) && wanted(name));
  const labels = first(['labels'], isList);
  const label =
    labels === undefined ? first(['label', 'labels', ...declared('ClassLabel')], (name) => !isList(name)) : undefined;
  const feature = features.get(label ?? labels ?? '');
  return {
    picture,
    label,
    labels,
    captions: first(['captions', 'caption'], () => true),
    names: namesOf(feature),
  };
}

function kindOf(column: SchemaTree | undefined): PictureKind | undefined {
  if (column === undefined) return undefined;
  const bytes = column.children.find(({ element }) => element.name === 'bytes');
  if (bytes !== undefined) return bytes.element.type === 'BYTE_ARRAY' ? 'struct' : undefined;
  if (column.element.type !== 'BYTE_ARRAY') return undefined;
  const isText = column.element.converted_type === 'UTF8' || column.element.logical_type?.type === 'STRING';
  return isText ? 'path' : 'bytes';
}

/** What `datasets` wrote of the columns; nothing when it did not, or when it cannot be understood. */
function featuresOf(metadata: FileMetaData): ReadonlyMap<string, Feature> {
  const text = metadata.key_value_metadata?.find(({ key }) => key === 'huggingface')?.value;
  try {
    const features = (JSON.parse(text ?? '{}') as { info?: { features?: Record<string, Feature> } })?.info?.features;
    return new Map(
      Object.entries(features ?? {}).filter(([, feature]) => typeof feature === 'object' && feature !== null),
    );
  } catch {
    return new Map();
  }
}

/** Of a ClassLabel, or of a list of them: `{feature, _type: 'Sequence' or 'List'}`, or `[feature]`. */
function namesOf(feature: Feature | undefined): ClassNames {
  const inner = Array.isArray(feature) ? (feature[0] as Feature | undefined) : (feature?.feature ?? feature);
  if (inner?._type !== 'ClassLabel' || !Array.isArray(inner.names)) return undefined;
  return inner.names.every((name) => typeof name === 'string') ? distinctNames(inner.names) : undefined;
}
