import { defined } from '@neurodex/core';
import { VOTERS } from '../../relevance/votes.ts';
import type { EvaluationQuery } from '../queries.ts';
import { bestThreshold } from './best-threshold.ts';
import { brierScore } from './brier-score.ts';
import { calibrationErrorOf } from './calibration-error.ts';
import { coverageOf } from './coverage.ts';
import type { JudgedSystem, RankingWithRelevance } from './judged-system.ts';
import {
  CONFIDENCES,
  type CoverageAt,
  JUDGED_ANSWERS,
  LIKELY,
  type RelevanceMeasures,
  type SetMeasures,
} from './relevance-measures.ts';
import { reliabilityBins } from './reliability.ts';
import { countSet, type SetCounts } from './set-counts.ts';
import { setScores } from './set-f1.ts';
import { type NoneOfQuery, unknownMeasures } from './unknown-queries.ts';

/** Adds up, query by query, what measures need; rankings are let go. */
export class RelevanceTally {
  private readonly system: JudgedSystem;
  private readonly confidences: number[] = [];
  private readonly right: number[] = [];
  private readonly nones: NoneOfQuery[] = [];
  /** Of known queries, for each of `CONFIDENCES`. */
  private readonly confident: readonly SetCounts[][] = CONFIDENCES.map(() => []);
  private readonly likely: SetCounts[] = [];
  private readonly scores: Float32Array;
  private readonly relevant: Uint8Array;
  private readonly offsets = [0];
  private queries = 0;

  /** @param pairs room for the answers of whole rankings: 5 bytes each */
  constructor(system: JudgedSystem, pairs: number) {
    this.system = system;
    this.scores = new Float32Array(pairs);
    this.relevant = new Uint8Array(pairs);
  }

  /** @param ranking of `VOTERS` answers or more */
  add(query: EvaluationQuery, ranking: RankingWithRelevance): void {
    const { relevant } = query;
    const { answers, none, nothingFound } = ranking;
    this.queries++;
    for (const { row, relevance } of answers.slice(0, JUDGED_ANSWERS)) {
      this.confidences.push(relevance);
      this.right.push(relevant.has(row) ? 1 : 0);
    }
    if (none !== undefined) this.nones.push({ isKnown: relevant.size > 0, none, nothingFound });
    if (relevant.size === 0) return;
    // Sets were calibrated on so many answers.
    const voters = { ...ranking, answers: answers.slice(0, VOTERS) };
    for (const [i, confidence] of CONFIDENCES.entries()) {
      const set = this.system.confident(query, voters, confidence);
      this.confident[i]?.push(
        countSet(
          set.map(({ row }) => row),
          relevant,
        ),
      );
    }
  }

  /** @param ranking of the whole catalogue @throws RangeError where there is no room left for it */
  addWhole({ relevant }: EvaluationQuery, { answers }: RankingWithRelevance): void {
    let at = defined(this.offsets.at(-1), 'an offset');
    if (at + answers.length > this.scores.length) throw new RangeError('there are more answers than was said');
    let [returned, hits] = [0, 0];
    for (const { row, score, relevance } of answers) {
      const right = relevant.has(row) ? 1 : 0;
      this.scores[at] = score;
      this.relevant[at++] = right;
      if (relevance < LIKELY) continue;
      returned++;
      hits += right;
    }
    this.offsets.push(at);
    this.likely.push({ returned, hits, relevant: relevant.size });
  }

  /** @throws Error without a query, or without a whole ranking */
  measures(): RelevanceMeasures {
    const judged = { confidences: this.confidences, right: this.right };
    const reliability = reliabilityBins(judged);
    return {
      queries: this.queries,
      answers: this.confidences.length,
      calibrationError: calibrationErrorOf(reliability),
      reliability,
      brier: defined(brierScore(judged), 'the Brier score'),
      coverage: CONFIDENCES.flatMap((confidence, i) => coverageAt(confidence, this.confident[i] ?? [])),
      unknown: unknownMeasures(this.nones),
      setF1: this.setMeasures(),
    };
  }

  private setMeasures(): SetMeasures {
    const M = defined(this.offsets.at(-1), 'an offset');
    const best = bestThreshold({
      scores: this.scores.subarray(0, M),
      relevant: this.relevant.subarray(0, M),
      offsets: Uint32Array.from(this.offsets),
      totals: Uint32Array.from(this.likely, ({ relevant }) => relevant),
    });
    const { f1, threshold } = defined(best, 'the best threshold');
    return {
      queries: this.likely.length,
      ...defined(setScores(this.likely), 'the scores of sets'),
      bestScoreThreshold: { f1, threshold: threshold === Infinity ? null : threshold },
    };
  }
}

function coverageAt(confidence: number, sets: readonly SetCounts[]): CoverageAt[] {
  const found = coverageOf(sets);
  if (found === undefined) return [];
  const { coverage, meanSize, medianSize, emptyShare } = found;
  return [{ confidence, coverage, meanSize, medianSize, emptyShare }];
}
