import type { Random } from '@neurodex/autograd';

/** Sign patterns drawn; the smallest p that they can give is 1/(PERMUTATIONS + 1). */
export const PERMUTATIONS = 100_000;
/** Up to so many differences every sign pattern is looked at, and p is exact. */
const EXACT_UP_TO = 16;

export interface Randomisation {
  /** Two-sided. */
  readonly p: number;
  /** Whether every sign pattern was looked at, so that p has no sampling error. */
  readonly exact: boolean;
}

/**
 * Paired randomisation test, two-sided (Fisher 1935; for retrieval Smucker, Allan & Carterette 2007, "A comparison of
 * statistical significance tests for information retrieval evaluation"). Were two systems alike, the sign of each
 * query's difference would be a coin's: p is the share of all sign patterns whose mean difference is at least as far
 * from 0 as the observed one. With drawn patterns the observed one counts as one of them, so that p is never 0 (Phipson
 * & Smyth 2010).
 * @param differences query by query; those of 0 change nothing
 * @param random drawn from when there are too many patterns to look at all
 */
export function pairedRandomisation(
  differences: readonly number[],
  random: Random,
  permutations = PERMUTATIONS,
): Randomisation {
  const moving = differences.filter((difference) => difference !== 0);
  const sum = moving.reduce((a, b) => a + b, 0);
  // Sums in another order differ in their last digits.
  const bound = Math.abs(sum) - 1e-9 * moving.reduce((a, b) => a + Math.abs(b), 0);
  const tables = signedSums(moving);
  const exact = moving.length <= EXACT_UP_TO;
  const total = exact ? 2 ** moving.length : permutations;
  const bytes = new Uint8Array(tables.length);
  let extreme = 0;
  for (let pattern = 0; pattern < total; pattern++) {
    if (exact) {
      bytes[0] = pattern & 255;
      // Where there is no second byte, it is 0 and goes nowhere.
      bytes[1] = pattern >> 8;
    } else {
      random.fillBytes(bytes);
    }
    let [signed, group] = [0, 0];
    for (const table of tables) signed += table[bytes[group++] ?? NaN] ?? NaN;
    if (Math.abs(signed) >= bound) extreme++;
  }
  return { p: exact ? extreme / total : (extreme + 1) / (total + 1), exact };
}

/** Eight differences at a time: their sum under each of the 256 patterns of signs. */
function signedSums(differences: readonly number[]): Float64Array[] {
  return Array.from({ length: Math.ceil(differences.length / 8) }, (_, group) => {
    const part = differences.slice(8 * group, 8 * group + 8);
    return Float64Array.from({ length: 256 }, (_, signs) =>
      part.reduce((sum, difference, bit) => sum + ((signs >> bit) & 1 ? difference : -difference), 0),
    );
  });
}

/**
 * p-values of a family of tests, adjusted so that the chance of any false rejection stays below the level (Holm 1979):
 * the i-th smallest of m is multiplied by m − i + 1, and none is smaller than the one before it.
 */
export function holm(pValues: readonly number[]): number[] {
  const order = pValues.map((_, i) => i).sort((a, b) => (pValues[a] ?? NaN) - (pValues[b] ?? NaN));
  const adjusted = pValues.map(() => 1);
  let largest = 0;
  order.forEach((index, rank) => {
    largest = Math.max(largest, Math.min(1, (pValues[index] ?? NaN) * (pValues.length - rank)));
    adjusted[index] = largest;
  });
  return adjusted;
}

/**
 * Effect size of paired differences: their mean in units of their standard deviation (Cohen's d for pairs, Cohen 1988,
 * §2.3.5; for retrieval Sakai 2014, "Statistical reform in information retrieval?"). Null where all differences are
 * alike, so that there is no unit.
 */
export function effectSize(differences: readonly number[]): number | null {
  const n = differences.length;
  if (n < 2) return null;
  const mean = differences.reduce((a, b) => a + b, 0) / n;
  const variance = differences.reduce((sum, difference) => sum + (difference - mean) ** 2, 0) / (n - 1);
  return variance > 1e-24 ? mean / Math.sqrt(variance) : null;
}
