import { listed } from '@neurodex/core';
import { hasPictureExtension } from '../../image/picture-formats.ts';
import { ambiguousLabels, type ColumnFlags, labelNames, pictureNames, plainName } from '../label-columns.ts';
import { type FileIndex, isAddress } from './file-index.ts';
import { type Table, TableProblem, type TableRow } from './table.ts';

/** Which columns of a table are read. */
export interface TableColumns {
  readonly picture: string;
  readonly labels: readonly string[];
  /** A column for each class, of 0 and 1. */
  readonly classes: readonly string[];
  readonly captions: readonly string[];
}

const CAPTIONS: ReadonlySet<string> = new Set(
  'caption captions text texts description descriptions title prompt sentence sentences comment alt alttext'.split(' '),
);
/** Columns that often hold the name of the file without its ending. */
const IDS: ReadonlySet<string> = new Set(
  'id imageid imgid pictureid uid uuid key name imagename imgname picturename'.split(' '),
);
/** As the imagefolder of `datasets` calls it. */
const FILE_NAME = /^(?:.+_)?file_name$/;

/** Whether the columns are those of a metadata file of `datasets`. */
export const fileNameColumns = (names: readonly string[]): string[] => names.filter((name) => FILE_NAME.test(name));

const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' && value.trim() !== ''
    ? value
    : typeof value === 'number' || typeof value === 'bigint'
      ? String(value)
      : undefined;

/** The value of a picture's column as a name. */
export const nameIn = (fields: TableRow['fields'], column: string): string | undefined =>
  Object.hasOwn(fields, column) ? textOf(fields[column]) : undefined;

/**
 * The columns of a table by their names and by the first rows: the picture's is one whose values name files of the source.
 * @param rows the first rows
 * @throws TableProblem where no column names pictures, or several might be the picture or the label
 */
export function chooseColumns(
  table: Table,
  rows: readonly TableRow[],
  index: FileIndex,
  flags: ColumnFlags = {},
): TableColumns {
  const names = [...new Set(rows.flatMap(({ fields }) => Object.keys(fields)))];
  for (const [flag, asked] of [
    ['--picture-column', flags.pictureColumn],
    ['--label-column', flags.labelColumn],
  ] as const) {
    if (asked !== undefined && !names.includes(asked)) {
      throw new TableProblem(`has no column ${listed([asked])}, which ${flag} names (its columns: ${listed(names)})`);
    }
  }
  const picture = flags.pictureColumn ?? choosePicture(table, names, rows, index, flags);
  const rest = names.filter((name) => name !== picture);
  const labels = flags.labelColumn === undefined ? chooseLabels(rest, rows) : [flags.labelColumn];
  const captions = rest.filter((name) => CAPTIONS.has(plainName(name)) && !labels.includes(name));
  const bare = rest.length === 1 && /^column \d$/.test(rest[0] ?? '');
  if (labels.length > 0) return { picture, labels, classes: [], captions };
  if (bare) return { picture, labels: rest, classes: [], captions: [] };
  return { picture, labels, classes: captions.length > 0 ? [] : oneHot(rest, rows), captions };
}

function choosePicture(
  table: Table,
  names: readonly string[],
  rows: readonly TableRow[],
  index: FileIndex,
  { labelColumn }: ColumnFlags,
): string {
  const declared = fileNameColumns(names);
  if (declared.length > 1) throw new TableProblem(ambiguousPictures(declared));
  if (declared[0] !== undefined) return declared[0];
  const usual = pictureNames(names);
  const looksSo = names.filter((name) => rows.some(({ fields }) => hasPictureExtension(nameIn(fields, name) ?? '')));
  const ids = names.filter((name) => IDS.has(plainName(name)));
  const candidates = [...new Set([...usual, ...looksSo, ...ids])].filter((name) => name !== labelColumn);
  const files = (name: string): (string | undefined)[] =>
    rows.map(({ fields }) => {
      const found = index.find(nameIn(fields, name) ?? '', table);
      return 'path' in found ? found.path : undefined;
    });
  const resolved = candidates
    .map((name) => ({ name, files: files(name) }))
    .filter((each) => each.files.some((file) => file !== undefined));
  const [first, ...others] = resolved;
  if (first === undefined) throw new TableProblem(noPictures(names, candidates, rows));
  const other = others.find((each) =>
    each.files.some((file, i) => file !== undefined && first.files[i] !== undefined && first.files[i] !== file),
  );
  if (other !== undefined) throw new TableProblem(ambiguousPictures([first.name, other.name]));
  // Of columns that name the same files, the one that names most.
  const count = (each: { files: readonly (string | undefined)[] }) =>
    each.files.filter((file) => file !== undefined).length;
  return resolved.reduce((best, each) => (count(each) > count(best) ? each : best)).name;
}

const ambiguousPictures = (names: readonly string[]): string =>
  `has several columns that name pictures (${listed(names)}); --picture-column names the one to read`;

function noPictures(names: readonly string[], candidates: readonly string[], rows: readonly TableRow[]): string {
  const values = (name: string): string[] => rows.flatMap(({ fields }) => nameIn(fields, name) ?? []);
  const web = names.find((name) => values(name).some(isAddress));
  const [likely] = candidates;
  if (web !== undefined && (likely === undefined || likely === web)) {
    return `names addresses of the web in its column ${listed([web])}, and no files: download the pictures first (img2dataset does), and name the folder`;
  }
  if (likely === undefined) return `has no column that names pictures (its columns: ${listed(names)})`;
  return `names no picture that is there in its column ${listed([likely])} (the first: ${listed(values(likely).slice(0, 1))})`;
}

const isNumber = (value: unknown): boolean =>
  typeof value === 'number' ||
  typeof value === 'bigint' ||
  (typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value));

function chooseLabels(names: readonly string[], rows: readonly TableRow[]): readonly string[] {
  const likely = labelNames(names);
  const values = (name: string) =>
    rows.flatMap(({ fields }) => (textOf(fields[name]) === undefined ? [] : [fields[name]]));
  const numbers = likely.filter((name) => values(name).length > 0 && values(name).every(isNumber));
  // class_id and class_name: the names say what the numbers mean.
  const named = likely.filter((name) => !numbers.includes(name) && /name|text/.test(plainName(name)));
  if (named.length === 1 && numbers.length === likely.length - 1) return named;
  const usual = ['label', 'labels'].filter((name) => likely.includes(name));
  if (usual.length > 0) return usual;
  if (likely.length > 1) throw new TableProblem(ambiguousLabels('columns', likely));
  return likely;
}

const FLAG = /^(?:-?1(?:\.0+)?|0(?:\.0+)?)$/;

/** The columns that hold 0 and 1 (or −1 and 1) in every row, where they are several. */
function oneHot(names: readonly string[], rows: readonly TableRow[]): readonly string[] {
  const flags = names.filter(
    (name) => rows.length > 0 && rows.every(({ fields }) => FLAG.test((textOf(fields[name]) ?? '').trim())),
  );
  const some = flags.some((name) => rows.some(({ fields }) => isSet(fields[name])));
  return flags.length > 1 && some ? flags : [];
}

/** Whether a column of a class says that the picture is of it. */
export const isSet = (value: unknown): boolean => Number(textOf(value)) === 1;
