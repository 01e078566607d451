import type { Random } from '@neurodex/autograd';
import { NeurodexError } from '@neurodex/core';
import type { IdentifierScheme, Nameable, SchemeOptions } from './scheme.ts';

const BOS = 10;
const PAD = 11;
const EOS = 12;

/**
 * Dense numbers 0 … N−1, one token per decimal digit. `clustered` numbers the catalogue class by class, so that
 * pictures of one class share leading digits; `random` shuffles the numbers. Identifiers of Tay et al. 2022,
 * "Transformer Memory as a Differentiable Search Index", section 3.2.
 */
export const numeric = {
  name: 'numeric',
  vocabulary: { size: 13, bos: BOS, pad: PAD, eos: EOS },

  assign(catalogue: readonly Nameable[], options: SchemeOptions, random: Random): string[] {
    const positions = catalogue.map((_, position) => position);
    const numbered = options.order === 'clustered' ? clustered(catalogue) : random.shuffled(positions);
    const width = options.zeroPadding ? String(Math.max(0, catalogue.length - 1)).length : 0;
    const identifiers = new Array<string>(catalogue.length);
    numbered.forEach((position, number) => {
      identifiers[position] = String(number).padStart(width, '0');
    });
    return identifiers;
  },

  toTokens(identifier: string): number[] {
    if (!/^[0-9]+$/.test(identifier)) {
      throw new NeurodexError('index-damaged', `${JSON.stringify(identifier)} is not a numeric identifier`, {
        hint: 'a numeric identifier is made of the digits 0 to 9; rebuild the index if it holds others',
        details: { identifier },
      });
    }
    const tokens = new Array<number>(identifier.length);
    for (let i = 0; i < tokens.length; i++) tokens[i] = identifier.charCodeAt(i) - 48;
    return tokens;
  },

  fromTokens(tokens: readonly number[]): string {
    for (const token of tokens) {
      if (!Number.isInteger(token) || token < 0 || token > 9) throw new RangeError(`token ${token} is not a digit`);
    }
    return tokens.join('');
  },
} as const satisfies IdentifierScheme;

/**
 * Positions class by class: classes in order of first appearance, catalogue order within a class. A picture with
 * several labels goes with the first; pictures without labels form a class of their own.
 */
function clustered(catalogue: readonly Nameable[]): number[] {
  const classes = new Map<string | undefined, number[]>();
  catalogue.forEach(({ labels }, position) => {
    const members = classes.get(labels[0]);
    if (members === undefined) classes.set(labels[0], [position]);
    else members.push(position);
  });
  return [...classes.values()].flat();
}
