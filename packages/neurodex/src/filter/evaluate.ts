import type { MetadataTable, TextColumn, TextListColumn } from '../pictures/metadata-table.ts';
import type { StoredPicture } from '../pictures/picture-store.ts';
import { distance } from './distance.ts';
import type { ColumnName, Comparison, Filter, Operator, Value } from './filter.ts';
import { yearInterval } from './values.ts';

/** What filters look at: all rows of a catalogue, and what the pictures say of themselves. */
export interface FilteredRows {
  readonly rows: readonly Pick<StoredPicture, 'path' | 'labels'>[];
  /** Undefined where no picture says anything. */
  readonly metadata: MetadataTable | undefined;
}

/**
 * Which rows a filter takes, uint8 [rows]. A comparison with what is not known of a picture is false, with every operator; `not` turns
 * it round like any other.
 */
export function evaluateFilter(filter: Filter, rows: FilteredRows): Uint8Array {
  if (filter.kind === 'compare') return compared(filter, rows);
  if (filter.kind === 'not') {
    const taken = evaluateFilter(filter.part, rows);
    for (let row = 0; row < taken.length; row++) taken[row] = 1 - (taken[row] ?? NaN);
    return taken;
  }
  const [first, ...others] = filter.parts;
  const taken = first === undefined ? new Uint8Array(rows.rows.length) : evaluateFilter(first, rows);
  const isAnd = filter.kind === 'and';
  for (const part of others) {
    const own = evaluateFilter(part, rows);
    for (let row = 0; row < taken.length; row++) {
      const [a, b] = [taken[row] ?? NaN, own[row] ?? NaN];
      taken[row] = isAnd ? a & b : a | b;
    }
  }
  return taken;
}

/** Texts are compared whatever their case, and whichever way their accents are written. */
const folded = (text: string): string => text.normalize('NFC').toLowerCase();

type Test<T> = (value: T) => boolean;

function compared({ column, operator, value }: Comparison, { rows, metadata }: FilteredRows): Uint8Array {
  if (column === 'name') return inPaths(rows, operator, textTest(positive(operator), value));
  if (column === 'label') return inLabels(rows, operator, textTest(positive(operator), value));
  if (metadata === undefined) return new Uint8Array(rows.length);
  const text = (): Test<string> => textTest(positive(operator), value);
  if (column === 'keyword') return inLists(metadata.keywords, rows.length, operator, text());
  if (column === 'place') {
    const { city, state, country } = metadata;
    return inTexts([city, state, country], rows.length, operator, text());
  }
  if (column === 'city' || column === 'state' || column === 'country' || column === 'camera')
    return inTexts([metadata[column]], rows.length, operator, text());
  if (column === 'near') return inReach(metadata, rows.length, value);
  return inNumbers(column, metadata, operator, value);
}

/** `!=` is that none of the texts is the one: each is compared with `=`. */
const positive = (operator: Operator): Operator => (operator === '!=' ? '=' : operator);

function textTest(operator: Operator, value: Value): Test<string> {
  const wanted = value.kind === 'text' ? folded(value.text) : '';
  if (operator === '~') return (text) => folded(text).includes(wanted);
  return (text) => folded(text) === wanted;
}

/** The path, or the name of the file alone. */
function inPaths(rows: FilteredRows['rows'], operator: Operator, test: Test<string>): Uint8Array {
  return Uint8Array.from(rows, ({ path }) => {
    const some = test(path) || test(path.slice(path.lastIndexOf('/') + 1));
    return Number(operator === '!=' ? !some : some);
  });
}

function inLabels(rows: FilteredRows['rows'], operator: Operator, test: Test<string>): Uint8Array {
  // Rows of one class share their list of labels.
  const known = new Map<readonly string[], number>();
  return Uint8Array.from(rows, ({ labels }) => {
    let taken = known.get(labels);
    if (taken === undefined) {
      const some = labels.some(test);
      taken = Number(operator === '!=' ? labels.length > 0 && !some : some);
      known.set(labels, taken);
    }
    return taken;
  });
}

/** Each different text is compared once. */
const tested = (values: readonly string[], test: Test<string>): Uint8Array =>
  Uint8Array.from(values, (value) => Number(test(value)));

/** One text of each column: one of them is the one, or none of those that are known. */
function inTexts(columns: readonly TextColumn[], count: number, operator: Operator, test: Test<string>): Uint8Array {
  const taken = new Uint8Array(count);
  const tables = columns.map(({ values, codes }) => ({ codes, table: tested(values, test) }));
  for (let row = 0; row < count; row++) {
    let [known, some] = [false, false];
    for (const { codes, table } of tables) {
      const code = codes[row] ?? -1;
      if (code < 0) continue;
      known = true;
      if (table[code] === 1) some = true;
    }
    taken[row] = Number(operator === '!=' ? known && !some : some);
  }
  return taken;
}

function inLists({ values, starts, codes }: TextListColumn, count: number, operator: Operator, test: Test<string>) {
  const taken = new Uint8Array(count);
  const table = tested(values, test);
  for (let row = 0; row < count; row++) {
    const [start, end] = [starts[row] ?? 0, starts[row + 1] ?? 0];
    let some = false;
    for (let at = start; at < end && !some; at++) some = table[codes[at] ?? -1] === 1;
    taken[row] = Number(operator === '!=' ? end > start && !some : some);
  }
  return taken;
}

function inReach({ latitude, longitude }: MetadataTable, count: number, value: Value): Uint8Array {
  const taken = new Uint8Array(count);
  if (value.kind !== 'near') return taken;
  for (let row = 0; row < count; row++) {
    const metres = distance(value.latitude, value.longitude, latitude[row] ?? NaN, longitude[row] ?? NaN);
    taken[row] = Number(metres <= value.metres);
  }
  return taken;
}

type NumberColumn = Extract<ColumnName, 'date' | 'year' | 'month' | 'latitude' | 'longitude' | 'rating'>;

function inNumbers(column: NumberColumn, metadata: MetadataTable, operator: Operator, value: Value): Uint8Array {
  const { start, end } = intervalOf(column, value);
  const values = column === 'date' || column === 'year' || column === 'month' ? metadata.taken : metadata[column];
  const isMonth = column === 'month';
  const taken = new Uint8Array(values.length);
  const test = INTERVAL_TESTS[operator];
  for (let row = 0; row < values.length; row++) {
    const own = values[row] ?? NaN;
    if (!Number.isNaN(own)) taken[row] = Number(test(isMonth ? new Date(own).getUTCMonth() + 1 : own, start, end));
  }
  return taken;
}

/** What a value stands for: the times of a date, or one number alone, which is its own end. */
function intervalOf(column: NumberColumn, value: Value): { readonly start: number; readonly end: number } {
  if (value.kind === 'date') return value;
  const number = value.kind === 'number' ? value.number : NaN;
  return column === 'year' ? yearInterval(number) : { start: number, end: number };
}

/** A number lies in an interval [start, end); of one that is a single number, on it. */
const within = (own: number, start: number, end: number): boolean => own === start || (own > start && own < end);

const INTERVAL_TESTS: { readonly [Each in Operator]: (own: number, start: number, end: number) => boolean } = {
  '=': within,
  '!=': (own, start, end) => !within(own, start, end),
  '<': (own, start) => own < start,
  '<=': (own, start, end) => own < start || within(own, start, end),
  '>': (own, start, end) => own > start && !within(own, start, end),
  '>=': (own, start) => own >= start,
  '~': () => false,
};
