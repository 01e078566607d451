import { escapeName } from './trec-names.ts';

/** One answer as TREC files know it. */
export interface ScoredDocument {
  readonly document: string;
  /** Higher is better. */
  readonly score: number;
}

/**
 * The one order of answers, for measures and run files alike: score descending, then document name descending, byte
 * by byte as it stands in the file, which is how trec_eval orders what it reads (form_res_rels.c, comp_sim_docno).
 * @throws RangeError when a score is not a number
 */
export function rankAsTrec<Answer extends ScoredDocument>(answers: readonly Answer[]): Answer[] {
  for (const { document, score } of answers) {
    if (Number.isNaN(score)) throw new RangeError(`the score of ${document} is not a number`);
  }
  return [...answers].sort((a, b) =>
    a.score === b.score ? compareNames(b.document, a.document) : a.score < b.score ? 1 : -1,
  );
}

/** strcmp over the escaped names: bytes of UTF-8, which order as code points do and UTF-16 code units do not. */
export function compareNames(a: string, b: string): number {
  if (a === b) return 0;
  const [own, other] = [encoder.encode(escapeName(a)), encoder.encode(escapeName(b))];
  const apart = own.findIndex((byte, i) => byte !== other[i]);
  // One that is the beginning of the other comes first.
  return apart < 0 ? own.length - other.length : (own[apart] ?? NaN) - (other[apart] ?? -1);
}

// Browsers have no Buffer.
const encoder = new TextEncoder();

// Half of the largest float32, so that there is room to step down below it.
const LARGEST = 2 ** 127;

/**
 * Scores to print for a ranking, best first: the scores themselves, as float32, except that one which is not below its
 * predecessor becomes the next smaller float32. So every reader, in whatever precision and however it breaks ties,
 * reads the order that is written. Infinite scores become ±2^127.
 */
export function distinctScores(scores: readonly number[]): number[] {
  let previous = Number.POSITIVE_INFINITY;
  return scores.map((score) => {
    const single = Math.fround(Math.max(-LARGEST, Math.min(LARGEST, score)));
    previous = single < previous ? single : nextSmaller(previous);
    return previous;
  });
}

const float = new Float32Array(1);
const bits = new Int32Array(float.buffer);

/** The largest float32 below a finite float32. */
function nextSmaller(value: number): number {
  float[0] = value;
  const pattern = bits[0] ?? NaN;
  // Sign and magnitude: the magnitude of a positive number shrinks, of a negative one grows; below ±0 is −2^−149.
  bits[0] = value === 0 ? -0x7fffffff : value > 0 ? pattern - 1 : pattern + 1;
  return float[0];
}

/** Nine digits tell all float32 apart. */
export const printScore = (score: number): string => String(Number(score.toPrecision(9)));
