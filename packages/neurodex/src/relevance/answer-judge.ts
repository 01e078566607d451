import {
  type AnswerCalibration,
  canPromise,
  confidentSet,
  type JudgedAnswer,
  judgeAnswers,
} from './answer-relevance.ts';
import type { LabelsOf, Voter } from './votes.ts';

/** Kinds of queries that answers are calibrated for. */
export const CALIBRATED_KINDS = ['picture', 'text'] as const;

/** Queries whose answers can be calibrated. */
export type CalibratedKind = (typeof CALIBRATED_KINDS)[number];

/** How the answers of a system to a kind of query become probabilities, and how many queries say so. */
export type SystemCalibration = AnswerCalibration & { readonly queries: number };

/** Of one system. */
export type KindCalibrations = { readonly [Kind in CalibratedKind]?: SystemCalibration | undefined };

/** The answers to one query, and what is known of them. */
export interface JudgedRanking {
  /** As the system ranks them. */
  readonly answers: readonly JudgedAnswer[];
  /**
   * Probability that nothing in the catalogue is relevant, where that is so of one query in ten; undefined where nobody knows: of
   * words, and in an index without classes.
   */
  readonly none: number | undefined;
  /** Whether the likeliest outcome is that nothing is relevant: more than that any single answer is. */
  readonly nothingFound: boolean;
}

/** Says of answers, wherever they were ranked, how likely they are relevant. */
export interface AnswerJudge {
  /** Whether answers to queries of a kind are calibrated. */
  judges(kind: string): kind is CalibratedKind;
  /**
   * @param answers best first, `VOTERS` of them or all @param even probability that nothing is relevant, at even odds
   * @param shown the answers that a filter leaves, judged by the votes of `answers`: their relevance is what it is without the filter,
   *   and so is what is said of the whole catalogue
   * @throws RangeError for a kind that it does not judge
   */
  judge(kind: string, answers: readonly Voter[], even: number | undefined, shown?: readonly Voter[]): JudgedRanking;
  /**
   * The fewest answers of which one is relevant with a probability of `confidence`, in (0, 1); none where there is too little evidence.
   * @throws RangeError for a kind that it does not judge
   */
  confident(kind: string, ranking: JudgedRanking, confidence: number): readonly JudgedAnswer[];
  /**
   * Whether such sets hold what they promise; else they are all answers with any evidence, and one is relevant less often.
   * @throws RangeError for a kind that it does not judge
   */
  promises(kind: string, confidence: number): boolean;
}

export interface AnswerJudgeOptions {
  readonly calibrations: KindCalibrations;
  /** Of the system, for messages. */
  readonly name: string;
  /** In a folder without classes a picture is like no other, and has no labels. */
  readonly labelsOf: LabelsOf;
  /** As in `JudgedWith`. */
  readonly silentScore?: number | undefined;
}

/** Of the queries that people ask, so many are thought to have no relevant picture in the catalogue. */
const UNKNOWN_SHARE = 0.1;

/** A probability at even odds, where the outcome has another share (Bayes' theorem). */
const atShare = (even: number, share: number): number => (even * share) / (even * share + (1 - even) * (1 - share));

export function answerJudge({ calibrations, name, labelsOf, silentScore }: AnswerJudgeOptions): AnswerJudge {
  const calibrationOf = (kind: string): SystemCalibration | undefined =>
    CALIBRATED_KINDS.flatMap((each) => (each === kind ? (calibrations[each] ?? []) : []))[0];
  const sureOf = (kind: string): SystemCalibration => {
    const found = calibrationOf(kind);
    if (found === undefined) throw new RangeError(`answers of ${name} to a query of kind ${kind} are not calibrated`);
    return found;
  };
  return {
    judges: (kind): kind is CalibratedKind => calibrationOf(kind) !== undefined,
    judge(kind, answers, even, shown) {
      const judgedWith = { none: even ?? 0, labelsOf, silentScore };
      const judged = judgeAnswers(answers, sureOf(kind), judgedWith);
      const none = even === undefined ? undefined : atShare(even, UNKNOWN_SHARE);
      const likeliest = judged.reduce((most, { relevance }) => Math.max(most, relevance), 0);
      const left = shown === undefined ? judged : judgeAnswers(answers, sureOf(kind), judgedWith, shown);
      return { answers: left, none, nothingFound: none !== undefined && none > likeliest };
    },
    confident: (kind, { answers }, confidence) => confidentSet(answers, sureOf(kind), confidence, labelsOf),
    promises: (kind, confidence) => canPromise(sureOf(kind), confidence),
  };
}
