/** How a column is compared. */
export const OPERATORS = ['=', '!=', '<=', '>=', '<', '>', '~'] as const;
export type Operator = (typeof OPERATORS)[number];

/** What a column holds: texts (one or several for each picture), numbers, moments, or a place on the Earth. */
export type ColumnKind = 'text' | 'number' | 'date' | 'near';

export interface ColumnDeclaration {
  readonly kind: ColumnKind;
  /** For help and docs. */
  readonly summary: string;
  /** Of numbers: what they may be. */
  readonly range?: readonly [least: number, most: number];
  readonly isWhole?: true;
}

/** Everything that a filter can compare. */
export const COLUMNS = {
  name: { kind: 'text', summary: 'the path of the picture; = also takes the name of the file alone' },
  label: { kind: 'text', summary: 'its labels' },
  keyword: { kind: 'text', summary: 'its keywords' },
  date: { kind: 'date', summary: 'when it was taken, in local time: 2024, 2024-05, 2024-05-31 or "2024-05-31 18:30"' },
  year: { kind: 'number', summary: 'the year of that', range: [1, 9999], isWhole: true },
  month: { kind: 'number', summary: 'the month of that, 1 to 12', range: [1, 12], isWhole: true },
  place: { kind: 'text', summary: 'the city, the state or the country' },
  city: { kind: 'text', summary: 'the city' },
  state: { kind: 'text', summary: 'the state, province or region' },
  country: { kind: 'text', summary: 'the country' },
  latitude: { kind: 'number', summary: 'degrees north', range: [-90, 90] },
  longitude: { kind: 'number', summary: 'degrees east', range: [-180, 180] },
  near: { kind: 'near', summary: 'latitude,longitude,distance: 48.85,2.35,10km' },
  camera: { kind: 'text', summary: 'make and model of the camera' },
  rating: { kind: 'number', summary: '−1 for a rejected picture, else 0 to 5', range: [-1, 5] },
} as const satisfies Readonly<Record<string, ColumnDeclaration>>;
export type ColumnName = keyof typeof COLUMNS;

export const declarationOf = (column: ColumnName): ColumnDeclaration => COLUMNS[column];

/** The operators of a kind. */
export const OPERATORS_OF: { readonly [Kind in ColumnKind]: readonly Operator[] } = {
  text: ['=', '!=', '~'],
  number: ['=', '!=', '<', '<=', '>', '>='],
  date: ['=', '!=', '<', '<=', '>', '>='],
  near: ['='],
};

/** What a column is compared with. */
export type Value =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'number'; readonly number: number }
  /** From `start` to before `end`, in milliseconds of local time from 1970, as it was written. */
  | { readonly kind: 'date'; readonly text: string; readonly start: number; readonly end: number }
  | { readonly kind: 'near'; readonly latitude: number; readonly longitude: number; readonly metres: number };

export interface Comparison {
  readonly kind: 'compare';
  readonly column: ColumnName;
  readonly operator: Operator;
  readonly value: Value;
}

/** A filter: which pictures a search ranks. */
export type Filter =
  | Comparison
  | { readonly kind: 'not'; readonly part: Filter }
  | { readonly kind: 'and' | 'or'; readonly parts: readonly Filter[] };

/** A filter as text, in the one way in which it is written here. */
export function formatFilter(filter: Filter): string {
  if (filter.kind === 'compare') return `${filter.column}${filter.operator}${formatValue(filter.value)}`;
  if (filter.kind === 'not') return `not ${formatPart(filter.part)}`;
  return filter.parts.map(formatPart).join(` ${filter.kind} `);
}

/** A part of a filter stands in parentheses unless it binds more tightly than all that may be around it. */
const formatPart = (part: Filter): string =>
  part.kind === 'and' || part.kind === 'or' ? `(${formatFilter(part)})` : formatFilter(part);

function formatValue(value: Value): string {
  if (value.kind === 'text') return `"${value.text.replace(/["\\]/g, '\\$&')}"`;
  if (value.kind === 'number') return decimal(value.number);
  if (value.kind === 'date') return `"${value.text}"`;
  return `${[value.latitude, value.longitude, value.metres].map(decimal).join(',')}m`;
}

/** A number without an exponent. */
const decimal = (number: number): string => (`${number}`.includes('e') ? number.toFixed(15) : `${number}`);
