import { isRecord, listed } from '@neurodex/core';
import { type FileMetaData, parquetSchema, type SchemaTree } from 'hyparquet';
import type { LayoutNote } from '../dataset.ts';
import { ambiguousLabels, type ColumnFlags, labelNames, pictureName } from '../label-columns.ts';
import { type ClassNames, distinctNames } from '../labels.ts';

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
  /** What was chosen, and what is not read. */
  readonly notes: readonly LayoutNote[];
}

/** `{_type: 'ClassLabel', names: […]}`, `{_type: 'Image'}` and the like. */
type Feature = Readonly<Record<string, unknown>>;

const PICTURES = ['image', 'picture'];

/**
 * The columns by their names, and by what the `huggingface` metadata says of them: a column of another name may be the
 * picture (`img`) or the label (`fine_label`) when it is declared as such, or when its name is usual for it.
 * @throws Error that says which column is missing, or cannot be understood
 */
export function findColumns(metadata: FileMetaData, flags: ColumnFlags = {}): ParquetColumns {
  const { children } = parquetSchema(metadata);
  const columns: Columns = new Map(children.map((child) => [child.element.name, child]));
  const features = featuresOf(metadata);
  const declared = (type: string): string[] =>
    [...features]
      .filter(([name, feature]) => columns.has(name) && innerOf(feature)?._type === type)
      .map(([name]) => name);

  const picture = findPicture(columns, declared('Image'), flags.pictureColumn);
  const captions = ['captions', 'caption'].find((name) => columns.has(name) && name !== flags.labelColumn);
  const rest = [...columns.keys()].filter((name) => name !== picture.name && name !== captions);
  const label = findLabel(columns, rest, declared('ClassLabel'), flags.labelColumn);
  const names = label === undefined ? undefined : namesOf(features.get(label));
  const isList = label !== undefined && shapeOf(columns.get(label)) === 'list';
  return {
    picture,
    label: isList ? undefined : label,
    labels: isList ? label : undefined,
    captions,
    names,
    notes: notesOf(columns, { picture: picture.name, label, names, unread: rest.filter((name) => name !== label) }),
  };
}

type Columns = ReadonlyMap<string, SchemaTree>;
const namesIn = (columns: Columns): string => [...columns.keys()].join(', ') || 'none';

function findPicture(
  columns: Columns,
  declared: readonly string[],
  asked: string | undefined,
): ParquetColumns['picture'] {
  const usable = (name: string | undefined): ParquetColumns['picture'] | undefined => {
    const kind = kindOf(columns.get(name ?? ''));
    return name === undefined || kind === undefined ? undefined : { name, kind };
  };
  if (asked !== undefined) {
    const found = usable(asked);
    if (found !== undefined) return found;
    throw new Error(
      columns.has(asked)
        ? `has a column ${asked} that holds no pictures: neither bytes, nor {bytes, path}, nor paths of files`
        : `has no column ${asked}, which --picture-column names (its columns: ${namesIn(columns)})`,
    );
  }
  const structs = [...columns.keys()].filter((name) => kindOf(columns.get(name)) === 'struct');
  for (const name of [...PICTURES, ...declared, ...(structs.length === 1 ? structs : [])]) {
    const found = usable(name);
    if (found !== undefined) return found;
  }
  const likely = usable(pictureName([...columns.keys()].filter((name) => kindOf(columns.get(name)) !== undefined)));
  if (likely !== undefined) return likely;
  const wrong = PICTURES.find((name) => columns.has(name));
  const but = wrong === undefined ? '' : `; ${wrong} holds neither bytes, nor {bytes, path}, nor paths of files`;
  throw new Error(`has no column of pictures called ${PICTURES.join(' or ')} (its columns: ${namesIn(columns)}${but})`);
}

/** A column of labels that cannot be understood is refused: without it the classes would be lost in silence. */
function findLabel(
  columns: Columns,
  names: readonly string[],
  declared: readonly string[],
  asked: string | undefined,
): string | undefined {
  if (asked !== undefined && !columns.has(asked)) {
    throw new Error(`has no column ${asked}, which --label-column names (its columns: ${namesIn(columns)})`);
  }
  const candidates = names.filter((name) => declared.includes(name));
  const usual = ['labels', 'label'].filter((name) => names.includes(name));
  const chosen =
    asked ??
    usual.find((name) => name === 'labels' && shapeOf(columns.get(name)) === 'list') ??
    usual.at(-1) ??
    candidates[0] ??
    onlyOne(labelNames(names));
  if (chosen === undefined || shapeOf(columns.get(chosen)) !== 'other') return chosen;
  const fields = columns.get(chosen)?.children.map(({ element }) => element.name) ?? [];
  throw new Error(
    `has a column ${chosen} that is neither a class name, nor a number, nor a list of those, but holds ${listed(fields)}; --label-column names another one (its columns: ${namesIn(columns)})`,
  );
}

function onlyOne(names: readonly string[]): string | undefined {
  if (names.length > 1) throw new Error(ambiguousLabels('columns', names));
  return names[0];
}

/** One value, a list of values, or anything else. */
function shapeOf(column: SchemaTree | undefined): 'value' | 'list' | 'other' {
  if (column === undefined) return 'other';
  const { element, children } = column;
  const [child] = children;
  if (child === undefined) return element.repetition_type === 'REPEATED' ? 'list' : 'value';
  const isList = element.converted_type === 'LIST' || element.logical_type?.type === 'LIST';
  if (!isList || children.length > 1) return 'other';
  const [inner] = child.children;
  return inner === undefined || (child.children.length === 1 && inner.children.length === 0) ? 'list' : 'other';
}

interface Chosen {
  readonly picture: string;
  readonly label: string | undefined;
  readonly names: ClassNames;
  readonly unread: readonly string[];
}

function notesOf(columns: Columns, { picture, label, names, unread }: Chosen): LayoutNote[] {
  const notes: LayoutNote[] = [];
  if (!PICTURES.includes(picture)) notes.push({ message: `the pictures are read from the column ${picture}` });
  if (label !== undefined && !['label', 'labels'].includes(label)) {
    notes.push({ message: `the labels are read from the column ${label}` });
  }
  const leaf = lastLeaf(columns.get(label ?? ''));
  if (names === undefined && (leaf === 'INT32' || leaf === 'INT64')) {
    notes.push({ message: `the labels in the column ${label} are numbers, and the file names no classes` });
  }
  if (unread.length === 0) return notes;
  const those = unread.length === 1 ? 'the column' : 'the columns';
  if (label === undefined) {
    const message = `no column is known to be the label; --label-column names one of those that are not read: ${listed(unread)}`;
    return [...notes, { message, doubtful: true }];
  }
  return [...notes, { message: `${those} ${listed(unread)} ${unread.length === 1 ? 'is' : 'are'} not read` }];
}

const lastLeaf = (column: SchemaTree | undefined): string | undefined =>
  column === undefined || column.children.length === 0 ? column?.element.type : lastLeaf(column.children[0]);

function kindOf(column: SchemaTree | undefined): PictureKind | undefined {
  if (column === undefined) return undefined;
  const bytes = column.children.find(({ element }) => element.name === 'bytes');
  if (bytes !== undefined) return bytes.element.type === 'BYTE_ARRAY' ? 'struct' : undefined;
  if (column.element.type !== 'BYTE_ARRAY') return undefined;
  const isText = column.element.converted_type === 'UTF8' || column.element.logical_type?.type === 'STRING';
  return isText ? 'path' : 'bytes';
}

/** What `datasets` wrote of the columns; nothing when it did not, or when it cannot be understood. */
function featuresOf(metadata: FileMetaData): ReadonlyMap<string, unknown> {
  const text = metadata.key_value_metadata?.find(({ key }) => key === 'huggingface')?.value;
  try {
    const written: unknown = JSON.parse(text ?? '{}');
    const info = isRecord(written) ? written.info : undefined;
    const features = isRecord(info) ? info.features : undefined;
    return new Map(isRecord(features) ? Object.entries(features) : []);
  } catch {
    return new Map();
  }
}

/** Of a list of features, `{feature, _type: 'Sequence' or 'List'}` or `[feature]`, the feature in it. */
function innerOf(feature: unknown): Feature | undefined {
  const inner: unknown = isRecord(feature)
    ? (feature.feature ?? feature)
    : Array.isArray(feature)
      ? feature[0]
      : undefined;
  return isRecord(inner) ? inner : undefined;
}

/** Of a ClassLabel, or of a list of them. */
function namesOf(feature: unknown): ClassNames {
  const inner = innerOf(feature);
  if (inner?._type !== 'ClassLabel' || !Array.isArray(inner.names)) return undefined;
  return inner.names.every((name) => typeof name === 'string') ? distinctNames(inner.names) : undefined;
}
