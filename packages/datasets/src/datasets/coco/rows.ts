import { isRecord } from '@neurodex/core';
/** Why a row cannot be used. */
export class RowFault extends Error {
  /** The key that is at fault; '' for the row itself. */
  readonly key: string;

  constructor(key: string, reason: string) {
    super(key === '' ? reason : `${key}: ${reason}`);
    this.key = key;
  }
}

/** A picture as an annotation file lists it. */
export interface CocoImage {
  /** Its number. */
  readonly id: number;
  /** Below the folder of the pictures, '/' between folders. */
  readonly file: string;
  /** Undefined where the file does not say both: the picture does. */
  readonly width: number | undefined;
  /** As `width`. */
  readonly height: number | undefined;
  /** Where COCO serves it. */
  readonly url: string | undefined;
}

/** An annotation of an object, before what is missing is made up from its region. */
export interface ObjectRow {
  readonly id: number | undefined;
  readonly image: number;
  readonly category: number;
  readonly box: readonly [left: number, top: number, width: number, height: number] | undefined;
  readonly area: number | undefined;
  readonly crowd: boolean;
  readonly segmentation: unknown;
}

type Row = Readonly<Record<string, unknown>>;

const LONGEST = 40;

/** A value in words, for people: `the text "x"`, `null`, `a list`. */
function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (typeof value === 'string') return `the text ${JSON.stringify(value.slice(0, LONGEST))}`;
  if (Array.isArray(value)) return `a list of ${value.length}`;
  return typeof value === 'object' && value !== null ? 'an object' : String(value);
}

const expected = (key: string, what: string, value: unknown): RowFault =>
  new RowFault(key, `expected ${what}, found ${shown(value)}`);

/** @throws RowFault for what is no object */
export function asRow(value: unknown): Row {
  if (!isRecord(value)) throw expected('', 'an object', value);
  return value;
}

/** A number, or the text of one. */
function numberOf(value: unknown): number | undefined {
  if (typeof value === 'number') return value;
  return typeof value === 'string' && /^\d+(\.\d+)?$/.test(value) ? Number(value) : undefined;
}

/** Some tools write numbers as text, the same everywhere in a file. */
function idOf(row: Row, key: string): number {
  const id = numberOf(row[key]);
  if (id === undefined || !Number.isSafeInteger(id)) throw expected(key, 'a number without fraction', row[key]);
  return id;
}

const isMissing = (value: unknown): value is null | undefined => value === null || value === undefined;

const optionalId = (row: Row, key: string): number | undefined => (isMissing(row[key]) ? undefined : idOf(row, key));

function edgeOf(row: Row, key: string): number | undefined {
  const value = row[key];
  if (isMissing(value)) return undefined;
  const edge = numberOf(value);
  if (edge === undefined || !Number.isSafeInteger(edge) || edge < 1) {
    throw expected(key, 'a number of pixels, 1 or more', value);
  }
  return edge;
}

/** With '/' between folders, on whichever system it was written, and without './'. */
function fileOf(row: Row): string {
  const name = row.file_name;
  if (typeof name !== 'string') throw expected('file_name', 'a text', name);
  const parts = name.replaceAll('\\', '/').split('/');
  const kept = parts.filter((part, i) => part !== '.' && (part !== '' || i === 0 || i === parts.length - 1));
  // A colon begins what Windows takes for a drive, or for a stream of a file.
  const leaves = kept.some((part) => part === '..' || part === '') || /^[a-z]:/i.test(name) || name.includes('\0');
  if (leaves) throw expected('file_name', 'a path below the folder of the pictures', name);
  return kept.join('/');
}

function foreignFileOf({ file_name: name }: Row): string {
  if (typeof name !== 'string' || name.trim() === '') throw expected('file_name', 'a text that is not empty', name);
  return name;
}

/**
 * @param foreign of an export of another program, the path may be from another machine: it is only compared with the files here
 * @throws RowFault
 */
export function imageOf(value: unknown, foreign = false): CocoImage {
  const row = asRow(value);
  const [width, height] = [edgeOf(row, 'width'), edgeOf(row, 'height')];
  const both = width !== undefined && height !== undefined;
  return {
    id: idOf(row, 'id'),
    file: foreign ? foreignFileOf(row) : fileOf(row),
    width: both ? width : undefined,
    height: both ? height : undefined,
    url: typeof row.coco_url === 'string' && row.coco_url !== '' ? row.coco_url : undefined,
  };
}

/** @param foreign a category without a name is called by its number @throws RowFault */
export function categoryOf(value: unknown, foreign = false): { readonly id: number; readonly name: string } {
  const row = asRow(value);
  const unnamed = foreign && row.name === undefined;
  const name = unnamed ? String(row.id) : typeof row.name === 'number' ? String(row.name) : row.name;
  if (typeof name !== 'string' || name.trim() === '') throw expected('name', 'a text that is not empty', row.name);
  return { id: idOf(row, 'id'), name };
}

/** @throws RowFault */
export function captionOf(value: unknown): { readonly image: number; readonly caption: string } {
  const row = asRow(value);
  if (typeof row.caption !== 'string') throw expected('caption', 'a text', row.caption);
  return { image: idOf(row, 'image_id'), caption: row.caption.trim() };
}

/** @throws RowFault */
export function objectOf(value: unknown): ObjectRow {
  const row = asRow(value);
  return {
    id: optionalId(row, 'id'),
    image: idOf(row, 'image_id'),
    category: idOf(row, 'category_id'),
    box: boxOf(row),
    area: areaOf(row),
    crowd: crowdOf(row),
    segmentation: row.segmentation,
  };
}

const isBox = (value: unknown): value is NonNullable<ObjectRow['box']> =>
  Array.isArray(value) && value.length === 4 && value.every((side) => typeof side === 'number');

function boxOf({ bbox }: Row): ObjectRow['box'] {
  if (isMissing(bbox) || (Array.isArray(bbox) && bbox.length === 0)) return undefined;
  if (!isBox(bbox)) throw expected('bbox', 'four numbers', bbox);
  return bbox;
}

function areaOf({ area }: Row): number | undefined {
  if (isMissing(area)) return undefined;
  const pixels = numberOf(area);
  if (pixels === undefined || pixels < 0) throw expected('area', 'a number of 0 or more', area);
  return pixels;
}

const CROWD: ReadonlyMap<unknown, boolean> = new Map<unknown, boolean>([
  [undefined, false],
  [null, false],
  [0, false],
  ['0', false],
  [false, false],
  [1, true],
  ['1', true],
  [true, true],
]);

function crowdOf({ iscrowd }: Row): boolean {
  const crowd = CROWD.get(iscrowd);
  if (crowd === undefined) throw expected('iscrowd', '0 or 1', iscrowd);
  return crowd;
}
