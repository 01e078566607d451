/** A number as the functions of C read it, and whether text was left behind it that they pass over. */
export interface CNumber {
  readonly value: number;
  readonly rest: boolean;
}

const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?/i;
const HEXADECIMAL = /^([+-]?)0x(?=\.?[0-9a-f])([0-9a-f]*)(?:\.([0-9a-f]*))?(?:p([+-]?\d+))?/i;
const WORD = /^([+-]?)(inf(?:inity)?|nan(?:\(\w*\))?)/i;

/**
 * `atof` of C, which trec_eval reads scores with: decimal and hexadecimal numbers, `inf`, `infinity` and `nan`. Of other text
 * the longest beginning that is a number counts, and 0 where there is none.
 */
export function atof(text: string): CNumber {
  const hexadecimal = HEXADECIMAL.exec(text);
  if (hexadecimal !== null) {
    const [all, sign, whole = '', fraction = '', exponent = '0'] = hexadecimal;
    const mantissa = Number(BigInt(`0x${whole}${fraction}`));
    const size = mantissa === 0 ? 0 : mantissa * 2 ** (Number(exponent) - 4 * fraction.length);
    return { value: sign === '-' ? -size : size, rest: all.length < text.length };
  }
  const word = WORD.exec(text);
  if (word !== null) {
    const [all, sign, name = ''] = word;
    const size = /^n/i.test(name) ? Number.NaN : Number.POSITIVE_INFINITY;
    return { value: sign === '-' ? -size : size, rest: all.length < text.length };
  }
  const [decimal = ''] = DECIMAL.exec(text) ?? [];
  return { value: decimal === '' ? 0 : Number(decimal), rest: decimal.length < text.length };
}

/** Of `long`, which has 64 bits: a larger number becomes it. */
const LARGEST = 2 ** 63;

/** `atol` of C, which trec_eval reads grades with: the whole number that the text begins with, else 0. */
export function atol(text: string): CNumber {
  const [digits = ''] = /^[+-]?\d+/.exec(text) ?? [];
  const value = digits === '' ? 0 : Math.max(-LARGEST, Math.min(LARGEST, Number(digits)));
  return { value, rest: digits.length < text.length };
}
