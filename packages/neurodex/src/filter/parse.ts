import { closest } from 'fastest-levenshtein';
import { COLUMNS, type ColumnName, type Comparison, declarationOf, type Filter, OPERATORS_OF } from './filter.ts';
import { OPERATORS_HINT, type Token, tokensOf, wrongFilter } from './tokens.ts';
import { readValue } from './values.ts';

/** Parentheses and `not` in one another, at most. */
const DEEPEST = 100;

/**
 * A filter from text: comparisons of columns with values, joined by `and`, `or`, `not` and parentheses. `and` binds more tightly
 * than `or`; values with spaces stand in quotes.
 * @throws NeurodexError `filter-invalid`, with the position of what is wrong
 */
export const parseFilter = (text: string): Filter => new Parser(text).filter();

const COLUMN_NAMES: readonly string[] = Object.keys(COLUMNS);
const isColumn = (name: string): name is ColumnName => COLUMN_NAMES.includes(name);

class Parser {
  private readonly text: string;
  private readonly tokens: readonly Token[];
  private at = 0;

  constructor(text: string) {
    this.text = text;
    this.tokens = tokensOf(text);
  }

  filter(): Filter {
    if (this.tokens.length === 1) throw this.wrong(this.next, 'it is empty', 'write a comparison: year=2024');
    const filter = this.any(0);
    const { next } = this;
    if (next.kind === 'end') return filter;
    throw next.kind === ')'
      ? this.wrong(next, 'there is no ( for this )', 'leave it out, or add the ( that it closes')
      : this.wrong(
          next,
          `${named(next)} stands where and, or or the end should be`,
          'join comparisons with and or or; put a value with spaces in quotes',
        );
  }

  private any(depth: number): Filter {
    return this.joined('or', () => this.joined('and', () => this.part(depth)));
  }

  private joined(kind: 'and' | 'or', part: () => Filter): Filter {
    const first = part();
    const parts = [first];
    while (this.takes(kind)) parts.push(part());
    return parts.length === 1 ? first : { kind, parts };
  }

  private part(depth: number): Filter {
    const { next } = this;
    if (depth > DEEPEST) throw this.wrong(next, 'it is nested too deeply', 'write it with fewer parentheses');
    if (this.takes('not')) return { kind: 'not', part: this.part(depth + 1) };
    if (next.kind !== '(') return this.comparison();
    this.at++;
    const filter = this.any(depth + 1);
    const after = this.next;
    if (after.kind !== ')') {
      const hint = `close the ( at character ${next.position}`;
      throw this.wrong(after, `${named(after)} stands where and, or or ) should be`, hint);
    }
    this.at++;
    return filter;
  }

  private comparison(): Comparison {
    const name = this.next;
    if (name.kind !== 'word') {
      const hint = 'write a comparison, as year=2024 or label~cat';
      throw this.wrong(name, `${named(name)} stands where a column should be`, hint);
    }
    const column = name.text.toLowerCase();
    if (!isColumn(column)) throw this.unknown(name, name.text);
    this.at++;
    const operator = this.next;
    if (operator.kind !== 'operator') {
      const hint = OPERATORS_HINT;
      throw this.wrong(operator, `${named(operator)} stands where an operator should be, after ${column}`, hint);
    }
    const declaration = declarationOf(column);
    const allowed = OPERATORS_OF[declaration.kind];
    if (!allowed.includes(operator.text)) {
      const hint = `${column} is compared with ${allowed.join(', ')}`;
      throw this.wrong(operator, `${operator.text} does not go with ${column}`, hint);
    }
    this.at++;
    const given = this.next;
    if (given.kind !== 'word' && given.kind !== 'quoted') {
      const hint = `write what ${column} is compared with: ${declaration.summary}`;
      throw this.wrong(given, `${named(given)} stands where a value should be`, hint);
    }
    const value = readValue(column, declaration, given.text);
    if (value.kind === 'wrong') throw this.wrong(given, value.what, value.hint);
    this.at++;
    return { kind: 'compare', column, operator: operator.text, value };
  }

  private get next(): Token {
    return this.tokens[this.at] ?? { kind: 'end', position: this.text.length + 1 };
  }

  /** Goes behind a word where it is next. */
  private takes(word: 'and' | 'or' | 'not'): boolean {
    const { next } = this;
    const isNext = next.kind === 'word' && next.text.toLowerCase() === word;
    if (isNext) this.at++;
    return isNext;
  }

  private unknown(token: Token, name: string) {
    const known = COLUMN_NAMES.join(', ');
    const nearest = closest(name.toLowerCase(), [...COLUMN_NAMES]);
    return this.wrong(token, `there is no column ${name}`, `did you mean ${nearest}? The columns are ${known}`);
  }

  private wrong({ position }: Token, what: string, hint: string) {
    return wrongFilter(this.text, position, what, hint);
  }
}

function named(token: Token): string {
  if (token.kind === 'end') return 'the end';
  return 'text' in token ? JSON.stringify(token.text.slice(0, 50)) : token.kind;
}
