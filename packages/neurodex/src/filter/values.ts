import type { ColumnDeclaration, Value } from './filter.ts';

/** What a text means as the value of a column, or why it is none. */
export type ReadValue = Value | { readonly kind: 'wrong'; readonly what: string; readonly hint: string };

/** @param column its name, for messages */
export function readValue(column: string, declaration: ColumnDeclaration, text: string): ReadValue {
  if (declaration.kind === 'text') return { kind: 'text', text };
  if (declaration.kind === 'number') return numberOf(column, declaration, text);
  return declaration.kind === 'date' ? dateOf(text) : nearOf(text);
}

const NUMBER = /^[+-]?\d{1,9}(?:\.\d{1,15})?$/;

function numberOf(column: string, { range, isWhole }: ColumnDeclaration, text: string): ReadValue {
  const [least, most] = range ?? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  const number = NUMBER.test(text) ? Number(text) : NaN;
  if (number >= least && number <= most && !(isWhole === true && !Number.isInteger(number)))
    return { kind: 'number', number: number === 0 ? 0 : number };
  return {
    kind: 'wrong',
    what: `${JSON.stringify(text)} cannot be a ${column}`,
    hint: `write a ${isWhole === true ? 'whole ' : ''}number from ${least} to ${most}`,
  };
}

const DATE = /^(\d{4})(?:-(\d{2})(?:-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2}))?)?)?)?$/;

/** A year, a month, a day, a minute or a second: the time from its beginning to its end. */
function dateOf(text: string): ReadValue {
  const wrong = { kind: 'wrong', what: `${JSON.stringify(text)} is no date`, hint: DATE_HINT } as const;
  const found = DATE.exec(text);
  if (found === null) return wrong;
  const [year = NaN, month, day, hour, minute, second] = found
    .slice(1)
    .map((digits) => (digits === undefined ? undefined : Number(digits)));
  const start = moment(year, month ?? 1, day ?? 1, hour ?? 0, minute ?? 0, second ?? 0);
  // What rolls over, as 31 February, is no date.
  if (year < 1 || !isoOf(start).startsWith(text.replace(' ', 'T'))) return wrong;
  const end =
    month === undefined
      ? moment(year + 1)
      : day === undefined
        ? moment(year, month + 1)
        : start + (second !== undefined ? SECOND : minute !== undefined ? 60 * SECOND : DAY);
  return { kind: 'date', text, start, end };
}

const DATE_HINT = 'write 2024, 2024-05, 2024-05-31 or "2024-05-31 18:30"';
const SECOND = 1000;
const DAY = 86_400 * SECOND;

function moment(year: number, month = 1, day = 1, hour = 0, minute = 0, second = 0): number {
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  return date.setUTCHours(hour, minute, second);
}

const isoOf = (time: number): string => (Number.isNaN(time) ? '' : new Date(time).toISOString());

/** The time of a year, as a date names it. */
export const yearInterval = (year: number): { readonly start: number; readonly end: number } => ({
  start: moment(year),
  end: moment(year + 1),
});

const NEAR = /^([+-]?\d{1,2}(?:\.\d{1,15})?),([+-]?\d{1,3}(?:\.\d{1,15})?),(\d{1,13}(?:\.\d{1,15})?)(km|m|mi)$/;
const METRES = new Map([
  ['m', 1],
  ['km', 1000],
  ['mi', 1609.344],
]);

function nearOf(text: string): ReadValue {
  const [, north, east, distance, unit = ''] = NEAR.exec(text.replace(/\s+/g, '')) ?? [];
  const [latitude, longitude] = [Number(north), Number(east)];
  const metres = Number(distance) * (METRES.get(unit) ?? NaN);
  if (Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180 && metres >= 0)
    return { kind: 'near', latitude: latitude + 0, longitude: longitude + 0, metres };
  return {
    kind: 'wrong',
    what: `${JSON.stringify(text)} is no place with a distance`,
    hint: 'write latitude,longitude,distance: near=48.85,2.35,10km (or m, or mi)',
  };
}
