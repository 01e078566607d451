import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Random } from './random.ts';

const WORD = 2n ** 32n;
const rotated = (x: bigint, k: bigint): bigint => ((x << k) | (x >> (32n - k))) % WORD;

/** xoshiro128** in exact integers, from the authors' description (Blackman & Vigna 2018, figure 2). */
function* xoshiro128(state: readonly number[]): Generator<number> {
  let [a, b, c, d] = state.map(BigInt) as [bigint, bigint, bigint, bigint];
  for (;;) {
    yield Number((rotated((b * 5n) % WORD, 7n) * 9n) % WORD);
    const shifted = (b << 9n) % WORD;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = rotated(d, 11n);
  }
}

const draw = (random: Random, n: number): number[] => Array.from({ length: n }, () => random.uint32());
const word = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const mean = (x: readonly number[]): number => x.reduce((s, v) => s + v, 0) / x.length;

describe('Random', () => {
  it('is xoshiro128**', () => {
    fc.assert(
      fc.property(fc.tuple(word, word, word, word), (state) => {
        fc.pre(state.some((x) => x !== 0));
        const own = xoshiro128(state);
        expect(draw(Random.restore(state), 50)).toEqual(Array.from({ length: 50 }, () => own.next().value));
      }),
      { numRuns: 50 },
    );
  });

  // SplitMix32 from the seed, and from its exclusive-or with the FNV-1a hash of the name; computed in Python.
  it.each([
    [() => Random.seeded(0), [1684164658, 3653269916, 2939563536, 2141751570]],
    [() => Random.seeded(1), [1580013426, 350525680, 3524174333, 3011703609]],
    [() => Random.seeded(42), [551831576, 144025891, 322543647, 3034809370]],
    [() => Random.seeded(5 * 2 ** 32 + 7), [3094693240, 2641526576, 2559636020, 1059379438]],
    [() => Random.stream(0, ''), [3900923005, 2085367585, 1847477345, 1203524161]],
    [() => Random.stream(3, 'ab'), [2882216742, 1694811971, 484213748, 2743446578]],
    [() => Random.stream(2 ** 40 + 9, 'batches joint'), [602998379, 2331167011, 2478737624, 2513455630]],
  ])('begins where the seed says: case %#', (make, state) => {
    expect(make().state).toEqual(state);
  });

  it('fills bytes with words, lowest byte first, and a rest with the lowest bytes of a word each', () => {
    for (const length of [0, 1, 3, 4, 7, 8]) {
      const [filling, drawing] = [Random.seeded(9), Random.seeded(9)];
      const bytes = new Uint8Array(length);
      filling.fillBytes(bytes);
      const words = Array.from({ length: length >> 2 }, () => drawing.uint32());
      const rest = Array.from({ length: length % 4 }, () => drawing.uint32() & 255);
      expect([...bytes]).toEqual([...words.flatMap((x) => [0, 8, 16, 24].map((by) => (x >>> by) & 255)), ...rest]);
      expect(filling.state).toEqual(drawing.state);
    }
  });

  it('goes on where its state was taken', () => {
    const random = Random.seeded(7);
    draw(random, 5);
    const { state } = random;
    expect(draw(Random.restore(state), 9)).toEqual(draw(random, 9));
    expect(() => Random.restore([1, 2, 3])).toThrow('a random state has 4 words, not 3');
  });

  it('gives every seed and every name a stream of its own', () => {
    const seeds = [0, 1, 2, 2 ** 32, 2 ** 32 + 1, 2 ** 40];
    const first = (random: Random) => draw(random, 4).join();
    expect(new Set(seeds.map((s) => first(Random.seeded(s)))).size).toBe(seeds.length);
    const streams = seeds.flatMap((s) => ['', 'a', 'b', 'ab', 'ba'].map((name) => first(Random.stream(s, name))));
    expect(new Set(streams).size).toBe(streams.length);
    expect(first(Random.stream(3, 'a'))).toBe(first(Random.stream(3, 'a')));
  });

  it('draws integers below a bound evenly, even where the bound does not divide 2³²', () => {
    // With x % bound alone, the lower third of the range would come up twice as often as the rest.
    const bound = 3 * 2 ** 30;
    const random = Random.seeded(1);
    const thirds = [0, 0, 0];
    for (let i = 0; i < 30_000; i++) {
      const third = Math.floor(random.integer(bound) / 2 ** 30);
      thirds[third] = (thirds[third] ?? 0) + 1;
    }
    // Five standard deviations of a binomial count are 408.
    for (const n of thirds) expect(Math.abs(n - 10_000)).toBeLessThan(408);
  });

  it('keeps integers in their range', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 32 }), fc.nat(), (bound, seed) => {
        const x = Random.seeded(seed).integer(bound);
        expect(Number.isInteger(x) && x >= 0 && x < bound).toBe(true);
      }),
    );
    for (const bound of [0, -1, 2 ** 32 + 1, Number.NaN])
      expect(() => Random.seeded(1).integer(bound)).toThrow(RangeError);
  });

  it('draws uniform and normal numbers with the right moments', () => {
    const random = Random.seeded(3);
    const uniform = Array.from({ length: 20_000 }, () => random.uniform(-1, 3));
    expect(Math.min(...uniform)).toBeGreaterThanOrEqual(-1);
    expect(Math.max(...uniform)).toBeLessThan(3);
    expect(mean(uniform)).toBeCloseTo(1, 1);
    const normal = Array.from({ length: 20_000 }, () => random.normal());
    expect(mean(normal)).toBeCloseTo(0, 1);
    expect(mean(normal.map((x) => x ** 2))).toBeCloseTo(1, 1);
    expect(mean(normal.map((x) => x ** 4))).toBeCloseTo(3, 0);
  });

  it('shuffles to a permutation, each equally often', () => {
    fc.assert(
      fc.property(fc.array(fc.nat()), fc.nat(), (items, seed) => {
        const before = [...items];
        const numeric = (x: number, y: number) => x - y;
        expect(Random.seeded(seed).shuffled(items).sort(numeric)).toEqual([...before].sort(numeric));
        expect(items).toEqual(before);
      }),
    );
    const counts = new Map<string, number>();
    const random = Random.seeded(5);
    for (let i = 0; i < 6000; i++) {
      const order = random.shuffled('abc').join('');
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    expect(counts.size).toBe(6);
    for (const n of counts.values()) expect(Math.abs(n - 1000)).toBeLessThan(145);
  });

  it('picks only what is there', () => {
    const random = Random.seeded(1);
    expect(new Set(Array.from({ length: 60 }, () => random.pick(['a', 'b', 'c'])))).toEqual(new Set(['a', 'b', 'c']));
    expect(() => random.pick([])).toThrow('nothing to pick from');
  });

  it('fills bytes alike wherever they lie in memory', () => {
    fc.assert(
      fc.property(fc.nat({ max: 40 }), fc.integer({ min: 1, max: 3 }), fc.nat(), (length, offset, seed) => {
        const aligned = new Uint8Array(length);
        const memory = new Uint8Array(length + 8).fill(7);
        const unaligned = memory.subarray(offset, offset + length);
        const [first, second] = [Random.seeded(seed), Random.seeded(seed)];
        first.fillBytes(aligned);
        second.fillBytes(unaligned);
        expect([...unaligned]).toEqual([...aligned]);
        expect(second.state).toEqual(first.state);
        expect([...memory.subarray(0, offset), ...memory.subarray(offset + length)].every((x) => x === 7)).toBe(true);
      }),
    );
  });

  it('fills with every byte value equally often', () => {
    const bytes = new Uint8Array(256 * 400);
    Random.seeded(2).fillBytes(bytes);
    const counts = new Array<number>(256).fill(0);
    for (const byte of bytes) counts[byte] = (counts[byte] ?? 0) + 1;
    const chiSquare = counts.reduce((s, n) => s + (n - 400) ** 2 / 400, 0);
    // 255 degrees of freedom: mean 255, standard deviation 22.6.
    expect(Math.abs(chiSquare - 255)).toBeLessThan(5 * 22.6);
  });
});
