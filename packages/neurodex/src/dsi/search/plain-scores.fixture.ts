import { numeric } from '../../identifiers/numeric.ts';
import { dsiParameters, parameterArrays } from '../model/parameters.ts';
import { plainNetwork } from '../model/plain-network.fixture.ts';
import type { smallNetwork } from './small-network.fixture.ts';

/**
 * Log-probability of every identifier by its definition, in float64, without trie or search: the network of PyTorch written
 * plainly, and at each place a softmax over the tokens with which identifiers of the same beginning go on. `shared` outputs
 * and `sinusoidal` positions only.
 * @returns by row
 */
export function plainScores(
  { geometry, parameters, table, identifiers, rows }: ReturnType<typeof smallNetwork>,
  picture: Uint8Array,
): Map<number, number> {
  const arrays = parameterArrays(geometry, parameters);
  const weights = (name: string) => {
    const { shape, data } = arrays[name] as (typeof arrays)[string];
    return { shape, data: [...data] };
  };
  if (Object.keys(dsiParameters(geometry)).includes('position')) throw new RangeError('positions are sinusoidal here');
  const { eos } = numeric.vocabulary;
  const spelled = identifiers.map((identifier) => [...numeric.toTokens(identifier), eos]);
  const begins = (whole: readonly number[], prefix: readonly number[]) =>
    prefix.every((token, i) => whole[i] === token);
  return new Map(
    spelled.map((tokens, n) => {
      const padded = [...tokens, ...Array<number>(geometry.maxIdentifierLength).fill(numeric.vocabulary.pad)];
      const seen = [...table.rowsBefore(padded.slice(0, geometry.maxIdentifierLength))];
      const { logits } = plainNetwork(weights, picture, seen, geometry);
      let score = 0;
      for (const [place, token] of tokens.entries()) {
        const prefix = tokens.slice(0, place);
        const allowed = new Set(
          spelled.filter((other) => begins(other, prefix)).map((other) => other[place] as number),
        );
        const powers = [...allowed].map((each) => Math.exp(logits[place]?.[each] as number));
        score += (logits[place]?.[token] as number) - Math.log(powers.reduce((a, b) => a + b, 0));
      }
      return [rows[n] as number, score] as const;
    }),
  );
}

/** The best first; of those that are as good, the smaller row. */
export const inOrder = (scores: ReadonlyMap<number, number>): number[] =>
  [...scores].sort(([a, x], [b, y]) => y - x || a - b).map(([row]) => row);
