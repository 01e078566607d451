import type { Random } from '@neurodex/autograd';
import { NeurodexError } from '@neurodex/core';
import { hierarchicalKMeans } from '../clustering/hierarchy.ts';
import { identifiersIn } from './clusters.ts';
import type { IdentifierScheme, SchemeOptions } from './scheme.ts';

/** Where single digits end: from here on, tokens are parted by dots. */
const DIGITS = 10;

/**
 * Paths in a tree of clusters: pictures whose vectors are alike share their first tokens. Each token chooses one of at most
 * `branching` clusters; the last ones number the pictures of a cluster that is not divided. "Semantically structured
 * identifiers" of Tay et al. 2022, section 3.2. Tokens are written as digits, `407`, or parted by dots where there are more
 * than ten of them, `4.0.17`.
 * @param branching tokens 0 … branching − 1
 */
export function semantic(branching: number): IdentifierScheme {
  const separator = branching > DIGITS ? '.' : '';
  return {
    name: 'semantic',
    vocabulary: { size: branching + 3, bos: branching, pad: branching + 1, eos: branching + 2 },

    async assign(catalogue, options, random) {
      const clusters = await clustersOf(catalogue.length, branching, options, random);
      const { leafSize = DIGITS, zeroPadding } = options;
      const rules = { branching, leafSize, zeroPadding };
      return await identifiersIn(clusters, undefined, rules, (tokens) => tokens.join(separator));
    },

    toTokens(identifier) {
      const tokens = parsed(identifier, separator !== '', branching);
      if (tokens === undefined) {
        throw new NeurodexError(
          'index-damaged',
          `${JSON.stringify(identifier)} is not a semantic identifier of tokens 0 to ${branching - 1}`,
          {
            hint: 'a semantic identifier is made of numbers below identifiers.branching; rebuild the index if it holds others',
            details: { identifier },
          },
        );
      }
      return tokens;
    },

    fromTokens(tokens) {
      for (const token of tokens) {
        if (!Number.isInteger(token) || token < 0 || token >= branching) {
          throw new RangeError(`token ${token} is not a number below ${branching}`);
        }
      }
      return tokens.join(separator);
    },
  };
}

const [ZERO, DOT] = ['0'.charCodeAt(0), '.'.charCodeAt(0)];

/**
 * Numbers below `branching` without zeros before them, as tokens: every digit is one, or dots are between them. Undefined for
 * anything else. Every identifier of a catalogue goes through here when it is opened.
 */
function parsed(identifier: string, hasDots: boolean, branching: number): number[] | undefined {
  const tokens: number[] = [];
  let value = -1;
  for (let i = 0; i <= identifier.length; i++) {
    const code = i < identifier.length ? identifier.charCodeAt(i) : DOT;
    const digit = code - ZERO;
    if (digit >= 0 && digit < DIGITS) {
      if (value === 0) return undefined;
      value = value < 0 ? digit : DIGITS * value + digit;
      if (value >= branching) return undefined;
      if (hasDots) continue;
    } else if (code !== DOT || (i < identifier.length && !hasDots) || (hasDots && value < 0)) return undefined;
    if (value >= 0) tokens.push(value);
    value = -1;
  }
  return tokens.length === 0 ? undefined : tokens;
}

/** The path of each picture's cluster in a tree of clusters, from the root. */
export async function clustersOf(
  count: number,
  branching: number,
  { leafSize = DIGITS, points, runtime, onProgress }: SchemeOptions,
  random: Random,
): Promise<(readonly number[])[]> {
  if (points === undefined || runtime === undefined) throw new RangeError('semantic identifiers are made of vectors');
  const { values, length: dimensions } = points;
  if (values.length !== count * dimensions) {
    throw new RangeError(`${values.length / dimensions} vectors for ${count} pictures`);
  }
  const clusters = new Array<readonly number[]>(count);
  const leaves = await hierarchicalKMeans(values, { runtime, dimensions, branching, leafSize, random, onProgress });
  for (const { path, members } of leaves) for (const member of members) clusters[member] = path;
  return clusters;
}

/** A path of clusters as it is stored: its tokens, parted by dots; empty where the catalogue is one cluster. */
export const clusterName = (path: readonly number[]): string => path.join('.');

/** The inverse of `clusterName`; undefined for anything else. */
export const clusterPath = (name: string, branching: number): readonly number[] | undefined =>
  name === '' ? [] : parsed(name, true, branching);
