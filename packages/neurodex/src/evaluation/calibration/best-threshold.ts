import { ascendingOrder } from '../../relevance/ascending-order.ts';
import { checkAnswers, type ScoredAnswers, setsAt } from './scored-answers.ts';
import { type SetScores, setScores } from './set-f1.ts';

/** What another threshold has to gain, so that last digits do not choose. */
const GAIN = 1e-12;

export interface BestThreshold extends SetScores {
  /** Answers with this score or a higher one are in the set; Infinity where empty sets are best. */
  readonly threshold: number;
}

/**
 * The threshold, one for all queries, whose sets have the greatest mean F1 (`setScores`), exactly: of all scores and Infinity, by
 * adding answers from the highest score on. Equal scores are added together. Of thresholds that are as good, the highest: the smallest
 * sets. Queries with nothing relevant count, and pull it up. One sort, then O(M).
 * @returns undefined where there are no queries
 * @throws RangeError where the answers do not fit together, or a score is NaN or Infinity
 */
export function bestThreshold(answers: ScoredAnswers): BestThreshold | undefined {
  checkAnswers(answers);
  const order = ascendingOrder(answers.scores);
  if (answers.scores[order.at(-1) ?? NaN] === Infinity)
    throw new RangeError('a score is Infinity, and no threshold is above it');
  const threshold = sweep(answers, order);
  const scores = setScores(setsAt(answers, threshold));
  return scores && { threshold, ...scores };
}

function sweep({ scores, relevant, offsets, totals }: ScoredAnswers, order: Uint32Array): number {
  const queries = queryOfAnswers(offsets, scores.length);
  const [returned, hits] = [new Uint32Array(totals.length), new Uint32Array(totals.length)];
  // Sum of F1 over queries above that of empty sets, and what rounding took from it (Neumaier 1974).
  let [sum, lost] = [0, 0];
  let [best, threshold] = [0, Infinity];
  for (let i = order.length - 1; i >= 0; i--) {
    const place = order[i] ?? NaN;
    const q = queries[place] ?? NaN;
    const [size, found, total] = [returned[q] ?? NaN, hits[q] ?? NaN, totals[q] ?? NaN];
    const more = found + (relevant[place] ?? NaN);
    returned[q] = size + 1;
    hits[q] = more;
    const before = size + total === 0 ? 1 : (2 * found) / (size + total);
    const change = (2 * more) / (size + 1 + total) - before;
    const next = sum + change;
    lost += Math.abs(sum) >= Math.abs(change) ? sum - next + change : change - next + sum;
    sum = next;
    const score = scores[place] ?? NaN;
    const tied = i > 0 && scores[order[i - 1] ?? NaN] === score;
    if (tied || sum + lost <= best + GAIN * totals.length) continue;
    best = sum + lost;
    threshold = score;
  }
  return threshold;
}

/** uint32 [M] */
function queryOfAnswers(offsets: Uint32Array, count: number): Uint32Array {
  const queries = new Uint32Array(count);
  for (let q = 0; q + 1 < offsets.length; q++) queries.fill(q, offsets[q], offsets[q + 1]);
  return queries;
}
