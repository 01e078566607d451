import { defined } from './elements.ts';

/** The upper half of a seed beyond 2³² matters as well. */
const upperWord = (seed: number): number => Math.floor(seed / 2 ** 32) >>> 0;

/**
 * Seeded random numbers: xoshiro128** (Blackman & Vigna 2018), seeded through SplitMix32.
 * One integer makes a run repeatable; `state` and `Random.restore` carry it through a checkpoint.
 * @example
 * ```ts
 * import { Random } from '@neurodex/core/random';
 *
 * // One seed, a stream for each purpose: what one draws does not change what another one draws.
 * const [split, order] = [Random.stream(7, 'split'), Random.stream(7, 'order')];
 * console.log(split.uint32() === order.uint32(), Random.seeded(7).normal() === Random.seeded(7).normal()); // → false true
 * const later = Random.restore(split.state);
 * console.log(later.uniform() === split.uniform(), order.shuffled([3, 1, 2]).sort()); // → true [ 1, 2, 3 ]
 * ```
 */
export class Random {
  private readonly s: Uint32Array;

  private constructor(state: Uint32Array) {
    this.s = state;
  }

  /** A generator of a seed. */
  static seeded(seed: number): Random {
    return Random.fromWords(seed >>> 0, upperWord(seed));
  }

  private static fromWords(low: number, high: number): Random {
    const state = new Uint32Array(4);
    let x = (low ^ Math.imul(high, 0x9e3779b9)) >>> 0;
    for (let i = 0; i < 4; i++) {
      x = (x + 0x9e3779b9) >>> 0;
      let z = x;
      z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
      z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
      state[i] = (z ^ (z >>> 15)) >>> 0;
    }
    return new Random(state);
  }

  /** A stream of its own for one purpose: the same seed and name give the same numbers, whatever else was drawn. */
  static stream(seed: number, name: string): Random {
    let hash = 0x811c9dc5;
    for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193) >>> 0;
    return Random.fromWords((seed ^ hash) >>> 0, upperWord(seed));
  }

  /** A generator that goes on from a state. */
  static restore(state: readonly number[]): Random {
    if (state.length !== 4) throw new RangeError(`a random state has 4 words, not ${state.length}`);
    return new Random(Uint32Array.from(state));
  }

  /** From which `restore` goes on. */
  get state(): number[] {
    return [...this.s];
  }

  /** Uniform over 0 … 2³²−1. */
  uint32(): number {
    const s = this.s;
    const s1 = s[1] ?? NaN;
    const x = Math.imul(s1, 5);
    const s2 = (s[2] ?? NaN) ^ (s[0] ?? NaN);
    const s3 = (s[3] ?? NaN) ^ s1;
    s[0] = (s[0] ?? NaN) ^ s3;
    s[1] = s1 ^ s2;
    s[2] = s2 ^ (s1 << 9);
    s[3] = (s3 << 11) | (s3 >>> 21);
    return Math.imul((x << 7) | (x >>> 25), 9) >>> 0;
  }

  /** Uniform in [0, 1), 32 bits. */
  uniform(low = 0, high = 1): number {
    return low + (high - low) * (this.uint32() / 2 ** 32);
  }

  /** Uniform over 0 … bound−1, without modulo bias. */
  integer(bound: number): number {
    if (!(bound >= 1 && bound <= 2 ** 32)) throw new RangeError(`bound must be 1 … 2³², not ${bound}`);
    const limit = 2 ** 32 - (2 ** 32 % bound);
    let x = this.uint32();
    while (x >= limit) x = this.uint32();
    return x % bound;
  }

  /** Standard normal (Box & Muller 1958). */
  normal(): number {
    const radius = Math.sqrt(-2 * Math.log((this.uint32() + 1) / (2 ** 32 + 1)));
    return radius * Math.cos(2 * Math.PI * this.uniform());
  }

  /** One of the items, each as likely. */
  pick<T>(items: readonly T[]): T {
    if (items.length === 0) throw new RangeError('nothing to pick from');
    return defined(items[this.integer(items.length)], 'the picked item');
  }

  /** A shuffled copy (Fisher & Yates). */
  shuffled<T>(items: Iterable<T>): T[] {
    const out: (T | undefined)[] = [...items];
    for (let i = out.length - 1; i > 0; i--) {
      const j = this.integer(i + 1);
      const x = out[i];
      out[i] = out[j];
      out[j] = x;
    }
    // The items alone, in another order.
    return out as T[];
  }

  /** Uniform bytes; four to a draw. */
  fillBytes(target: Uint8Array): void {
    const words = target.length >>> 2;
    if (target.byteOffset % 4 === 0) {
      this.fillWords(new Int32Array(target.buffer, target.byteOffset, words));
    } else {
      for (let i = 0; i < words; i++) {
        const x = this.uint32();
        target[4 * i] = x;
        target[4 * i + 1] = x >>> 8;
        target[4 * i + 2] = x >>> 16;
        target[4 * i + 3] = x >>> 24;
      }
    }
    for (let i = words << 2; i < target.length; i++) target[i] = this.uint32();
  }

  /** `uint32` for every word, with the state in local variables: dropout draws millions of bytes a step. */
  private fillWords(target: Int32Array): void {
    let [s0 = 0, s1 = 0, s2 = 0, s3 = 0] = Int32Array.from(this.s);
    for (let i = 0; i < target.length; i++) {
      const x = Math.imul(s1, 5);
      target[i] = Math.imul((x << 7) | (x >>> 25), 9);
      const t = s1 << 9;
      s2 ^= s0;
      s3 ^= s1;
      s1 ^= s2;
      s0 ^= s3;
      s2 ^= t;
      s3 = (s3 << 11) | (s3 >>> 21);
    }
    this.s.set([s0, s1, s2, s3]);
  }
}
