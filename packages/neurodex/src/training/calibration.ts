import type { Random } from '@neurodex/autograd';

/** A held-out query: its state, and the places of the pictures that it should give. */
export interface CalibrationQuery {
  /** float32 [D] */
  readonly state: Float32Array;
  readonly relevant: ReadonlySet<number>;
}

/** Places that are compared with every query, of each kind: relevant, and not. */
const SAMPLED = 2048;
/** τ is looked for between these. */
const RANGE = [1, 500] as const;
/** Divisions of the range, each to 0.62 of its length. */
const ITERATIONS = 30;

/** Cosines of a query with some places, and how many places each stands for. */
interface Weighted {
  readonly cosines: Float64Array;
  readonly weight: number;
}

interface Sides {
  readonly relevant: Weighted;
  readonly others: Weighted;
}

/**
 * The temperature that gives held-out queries the greatest likelihood: mean log of the probability that falls on their relevant
 * pictures, by golden-section search (Kiefer 1953) over log τ. Sums over many pictures are estimated from a sample.
 * @param states unit vectors, float32 [N, D] @param sample places that all queries are compared with (`samplePlaces`)
 * @returns undefined where no query has a relevant picture and another that is not
 */
export function fitTemperature(
  queries: readonly CalibrationQuery[],
  states: Float32Array,
  width: number,
  sample: readonly number[],
): number | undefined {
  const sides = queries.flatMap((query) => sidesOf(query, states, width, sample) ?? []);
  if (sides.length === 0) return undefined;
  const loss = (log: number): number =>
    -sides.reduce((sum, each) => sum + Math.log(massOn(each, Math.exp(log))), 0) / sides.length;
  return Math.exp(goldenSection(loss, Math.log(RANGE[0]), Math.log(RANGE[1])));
}

/** The probability that falls on the relevant places of a query, estimated from a sample. @param states as above */
export function relevantMass(
  query: CalibrationQuery,
  states: Float32Array,
  width: number,
  temperature: number,
  sample: readonly number[],
): number {
  if (query.relevant.size === 0) return 0;
  const sides = sidesOf(query, states, width, sample);
  return sides === undefined ? 1 : massOn(sides, temperature);
}

/** Σ over the relevant / Σ over all, of exp(τ·cosine). */
function massOn({ relevant, others }: Sides, temperature: number): number {
  // Cosines are at most 1, and what is far below that does not count.
  const sum = ({ cosines, weight }: Weighted): number => {
    let total = 0;
    for (const cosine of cosines) total += Math.exp(temperature * (cosine - 1));
    return total * weight;
  };
  const own = sum(relevant);
  const all = own + sum(others);
  return Math.max(Number.MIN_VALUE, own === 0 ? Number.MIN_VALUE : own / all);
}

/** @returns undefined where one side is empty */
function sidesOf(
  { state, relevant }: CalibrationQuery,
  states: Float32Array,
  width: number,
  sample: readonly number[],
): Sides | undefined {
  const N = states.length / width;
  if (relevant.size === 0 || relevant.size >= N) return undefined;
  const outside = sample.filter((place) => !relevant.has(place));
  if (outside.length === 0) return undefined;
  const inside = relevant.size <= SAMPLED ? [...relevant] : sample.filter((place) => relevant.has(place));
  const known = inside.length === 0 ? [...relevant].slice(0, SAMPLED) : inside;
  const weighted = (places: readonly number[], all: number): Weighted => ({
    cosines: Float64Array.from(places, (place) => {
      let product = 0;
      for (let d = 0; d < width; d++) product += (state[d] ?? NaN) * (states[place * width + d] ?? NaN);
      return product;
    }),
    weight: all / places.length,
  });
  return { relevant: weighted(known, relevant.size), others: weighted(outside, N - relevant.size) };
}

/** Places 0 … N−1 to estimate sums from: all of them, or some at random, in order. */
export function samplePlaces(N: number, random: Random): number[] {
  if (N <= SAMPLED) return Array.from({ length: N }, (_, place) => place);
  const chosen = new Set<number>();
  while (chosen.size < SAMPLED) chosen.add(random.integer(N));
  return [...chosen].sort((a, b) => a - b);
}

/** Where a function with one minimum between `low` and `high` has it. */
function goldenSection(f: (x: number) => number, low: number, high: number): number {
  const ratio = (Math.sqrt(5) - 1) / 2;
  let [a, b] = [low, high];
  for (let i = 0; i < ITERATIONS; i++) {
    const [c, d] = [b - ratio * (b - a), a + ratio * (b - a)];
    if (f(c) <= f(d)) b = d;
    else a = c;
  }
  return (a + b) / 2;
}
