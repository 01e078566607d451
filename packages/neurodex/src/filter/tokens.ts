import { NeurodexError } from '@neurodex/core';
import { OPERATORS, type Operator } from './filter.ts';

/** A token of a filter, and where it begins: the first character is 1. */
export type Token = { readonly position: number } & (
  | { readonly kind: 'word'; readonly text: string }
  | { readonly kind: 'quoted'; readonly text: string }
  | { readonly kind: 'operator'; readonly text: Operator }
  | { readonly kind: '(' | ')' }
  | { readonly kind: 'end' }
);

/** Characters of a filter, at most. */
const LONGEST = 4000;

/** @param position from 1 */
export function wrongFilter(filter: string, position: number, what: string, hint: string): NeurodexError {
  return new NeurodexError('filter-invalid', `the filter ${shown(filter)} is wrong at character ${position}: ${what}`, {
    hint,
    details: { filter: filter.slice(0, LONGEST), position },
  });
}

const shown = (filter: string): string => JSON.stringify(filter.length > 200 ? `${filter.slice(0, 200)}…` : filter);

const SPACE = /\s/u;
const WORD = /[^\s()"'=<>~!]/u;

/** @throws NeurodexError `filter-invalid` */
export function tokensOf(filter: string): Token[] {
  if (filter.length > LONGEST)
    throw wrongFilter(filter, LONGEST + 1, `it is longer than ${LONGEST} characters`, 'write a shorter one');
  const tokens: Token[] = [];
  for (let at = 0; at < filter.length; ) {
    const position = at + 1;
    const character = filter[at] ?? '';
    if (SPACE.test(character)) {
      at++;
    } else if (character === '(' || character === ')') {
      tokens.push({ kind: character, position });
      at++;
    } else if (character === '"' || character === "'") {
      const { text, end } = quoted(filter, at);
      tokens.push({ kind: 'quoted', text, position });
      at = end;
    } else if (WORD.test(character)) {
      let end = at;
      while (end < filter.length && WORD.test(filter[end] ?? '')) end++;
      tokens.push({ kind: 'word', text: filter.slice(at, end), position });
      at = end;
    } else {
      const operator = OPERATORS.find((each) => filter.startsWith(each, at));
      if (operator === undefined) throw wrongFilter(filter, position, `${character} is no operator`, OPERATORS_HINT);
      tokens.push({ kind: 'operator', text: operator, position });
      at += operator.length;
    }
  }
  tokens.push({ kind: 'end', position: filter.length + 1 });
  return tokens;
}

export const OPERATORS_HINT = 'compare with =, !=, <, <=, >, >= or ~ (contains)';

/** @param start of the quotation mark; \ stands before a mark, or before itself */
function quoted(filter: string, start: number): { readonly text: string; readonly end: number } {
  const mark = filter[start];
  let text = '';
  for (let at = start + 1; at < filter.length; at++) {
    const character = filter[at] ?? '';
    if (character === mark) return { text, end: at + 1 };
    if (character === '\\' && at + 1 < filter.length) at++;
    text += filter[at] ?? '';
  }
  throw wrongFilter(
    filter,
    start + 1,
    'the text that begins here has no closing quotation mark',
    `end it with ${mark}`,
  );
}
