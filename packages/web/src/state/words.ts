/** What someone typed into the search box. */
export interface Words {
  /** The words that are not taken away, with one space between them; may be empty. */
  readonly text: string;
  /** Each word, or words in quotes, behind a minus sign. */
  readonly minus: readonly string[];
}

/**
 * Minus signs, where there are some, and the words in quotes or the single word behind them. A telephone turns signs and quotes
 * into others: `−two` or `–two`, and `“two people”`. A missing quote at the end ends with the text.
 */
const PART = /([-−–]*)(?:["“”„]([^"“”„]*)["“”„]?|(\S+))/gu;
/** Signs that stand alone between words: punctuation. */
const LONE = /^[-−–]+$/u;

/** Reads `beach -people -"parked cars"`. A hyphen within a word, as in `t-shirt`, is part of that word. */
export function parseWords(typed: string): Words {
  const plus: string[] = [];
  const minus: string[] = [];
  for (const [, sign, quoted, word = ''] of typed.matchAll(PART)) {
    const words = (quoted ?? word).trim().replace(/\s+/gu, ' ');
    if (words === '' || (quoted === undefined && LONE.test(words))) continue;
    (sign === '' ? plus : minus).push(words);
  }
  return { text: plus.join(' '), minus };
}

/** Why words without a picture are no query; null where they are one. */
export function refusalOf({ text, minus }: Words): string | null {
  if (text !== '') return null;
  return minus.length > 0
    ? 'there are only words to take away; type others beside them, or choose a picture'
    : 'there is nothing to search for; type words, or choose a picture';
}
