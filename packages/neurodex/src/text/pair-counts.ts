import { byteTokens } from './pieces.ts';

/** More tokens than this have no place in uint16. */
export const MAX_VOCABULARY = 2 ** 16;

/** A pair of tokens as one number; pairs are in order of their first token, then of their second. */
export const pairKey = (first: number, second: number): number => first * MAX_VOCABULARY + second;

export const pairOf = (key: number): readonly [first: number, second: number] => [
  Math.floor(key / MAX_VOCABULARY),
  key % MAX_VOCABULARY,
];

/** The distinct pieces of a corpus as tokens, and how often each pair of adjacent tokens occurs. Merges keep both up to date. */
export class PairCounts {
  /** Tokens of all pieces, one piece behind the other. */
  readonly #tokens: Uint16Array;
  /** The first token of each piece, and one more: where the next piece begins. */
  readonly #starts: Uint32Array;
  /** Tokens that each piece still has. */
  readonly #lengths: Uint32Array;
  /** How often each piece occurs. */
  readonly #weights: Float64Array;
  readonly #counts = new Map<number, number>();
  /** The pieces that have a pair, and some that had it once. */
  readonly #places = new Map<number, number[]>();

  /** @param pieces how often each occurs */
  constructor(pieces: ReadonlyMap<string, number>) {
    const bytes = [...pieces.keys()].map(byteTokens);
    this.#lengths = Uint32Array.from(bytes, ({ length }) => length);
    this.#weights = Float64Array.from(pieces.values());
    this.#starts = new Uint32Array(bytes.length + 1);
    this.#lengths.forEach((length, i) => {
      this.#starts[i + 1] = (this.#starts[i] ?? Number.NaN) + length;
    });
    this.#tokens = new Uint16Array(this.#starts.at(-1) ?? 0);
    for (const [piece, tokens] of bytes.entries()) {
      this.#tokens.set(tokens, this.#starts[piece] ?? Number.NaN);
      for (let i = 1; i < tokens.length; i++) {
        this.#add(pairKey(tokens[i - 1] ?? Number.NaN, tokens[i] ?? Number.NaN), piece);
      }
    }
  }

  count(key: number): number {
    return this.#counts.get(key) ?? 0;
  }

  entries(): Iterable<readonly [key: number, count: number]> {
    return this.#counts;
  }

  /**
   * Makes one token of a pair wherever it occurs, in each piece from left to right.
   * @param merged a token that no piece has yet
   * @returns the pairs that came to be: of the new token with its neighbours; no other pair became more frequent
   */
  merge(key: number, merged: number): Iterable<number> {
    const came = new Set<number>();
    for (const piece of this.#places.get(key) ?? []) this.#mergeWithin(piece, key, merged, came);
    return came;
  }

  #mergeWithin(piece: number, key: number, merged: number, came: Set<number>): void {
    const tokens = this.#tokens;
    const [first, second] = pairOf(key);
    const start = this.#starts[piece] ?? Number.NaN;
    const end = start + (this.#lengths[piece] ?? Number.NaN);
    const replace = (old: number, by: number): void => {
      this.#remove(old, piece);
      this.#add(by, piece);
      came.add(by);
    };
    let out = start;
    for (let i = start; i < end; i++) {
      const token = tokens[i] ?? Number.NaN;
      if (token !== first || i + 1 >= end || tokens[i + 1] !== second) {
        tokens[out++] = token;
        continue;
      }
      const left = tokens[out - 1] ?? Number.NaN;
      if (out > start) replace(pairKey(left, first), pairKey(left, merged));
      const right = tokens[i + 2] ?? Number.NaN;
      if (i + 2 < end) replace(pairKey(second, right), pairKey(merged, right));
      this.#remove(key, piece);
      tokens[out++] = merged;
      i++;
    }
    this.#lengths[piece] = out - start;
  }

  #add(key: number, piece: number): void {
    this.#counts.set(key, this.count(key) + (this.#weights[piece] ?? Number.NaN));
    const places = this.#places.get(key);
    if (places === undefined) this.#places.set(key, [piece]);
    else if (places.at(-1) !== piece) places.push(piece);
  }

  #remove(key: number, piece: number): void {
    const left = this.count(key) - (this.#weights[piece] ?? Number.NaN);
    if (left > 0) this.#counts.set(key, left);
    else {
      this.#counts.delete(key);
      this.#places.delete(key);
    }
  }
}
