import { NeurodexError } from '@neurodex/core';
import type { IdentifierScheme } from './scheme.ts';

/** One identifier as the model is taught it (teacher forcing): at each position the token seen and the token to say. */
export interface EncodedIdentifier {
  /** int32 [M]: BOS, tokens, then EOS and PAD as far as there is room. */
  readonly inputs: Int32Array;
  /** int32 [M]: tokens, EOS, PAD: `inputs` one position later. PAD targets carry no loss. */
  readonly targets: Int32Array;
}

/**
 * M, the number of decoder positions that an identifier takes behind a picture: BOS and the tokens of the longest
 * identifier. EOS needs no position of its own: it is the target of the last token and never has to be seen.
 */
export function identifierLength(scheme: IdentifierScheme, identifiers: Iterable<string>): number {
  let longest = 0;
  for (const identifier of identifiers) longest = Math.max(longest, scheme.toTokens(identifier).length);
  return 1 + longest;
}

/**
 * The whole sequence of an identifier of n tokens is `BOS d₁ … dₙ EOS PAD …`, M+1 tokens long. `inputs` are its first
 * M tokens and `targets` its last M; for M = 4, `42` gives inputs `BOS 4 2 EOS` and targets `4 2 EOS PAD`, and `107`
 * gives `BOS 1 0 7` and `1 0 7 EOS`.
 * @throws NeurodexError `index-damaged` when the identifier does not fit into M positions
 */
export function encodeIdentifier(scheme: IdentifierScheme, identifier: string, M: number): EncodedIdentifier {
  const { bos, pad, eos } = scheme.vocabulary;
  const tokens = scheme.toTokens(identifier);
  if (tokens.length + 1 > M) {
    throw new NeurodexError(
      'index-damaged',
      `identifier ${identifier} has ${tokens.length} tokens, but the model was built for at most ${M - 1}`,
      { hint: 'the identifiers and the model are not of the same index; rebuild the index', details: { identifier } },
    );
  }
  const sequence = new Int32Array(M + 1).fill(pad);
  sequence[0] = bos;
  sequence.set(tokens, 1);
  sequence[tokens.length + 1] = eos;
  return { inputs: sequence.slice(0, M), targets: sequence.slice(1) };
}
