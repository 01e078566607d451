import type { Interval } from '../bootstrap.ts';
import type { ReliabilityBin } from './reliability.ts';
import type { SetScores } from './set-f1.ts';

/** Answers of each query whose probabilities are judged: those that people look at. */
export const JUDGED_ANSWERS = 10;
/** Probabilities that sets of answers are asked for. */
export const CONFIDENCES = [0.8, 0.9, 0.95] as const;
/** An answer that is as likely relevant as not, or likelier, is in the set that set-F1 judges. */
export const LIKELY = 0.5;

/** Conformal sets of the known queries, those with something relevant in the catalogue. */
export interface CoverageAt {
  /** Promised, one of `CONFIDENCES`. */
  readonly confidence: number;
  /** Share of the sets that hold a relevant picture, 0 … 1. */
  readonly coverage: number;
  /** Pictures in a set: one for each group of labels. */
  readonly meanSize: number;
  /** As `meanSize`, the median. */
  readonly medianSize: number;
  /** Share of the sets that are empty, 0 … 1. */
  readonly emptyShare: number;
}

/** One bar of the two histograms of the probability that nothing is relevant. */
export interface NoneBin {
  /** Probabilities of this and above. */
  readonly from: number;
  /** And below this. */
  readonly to: number;
  /** Queries with something relevant. */
  readonly known: number;
  /** Queries without anything relevant. */
  readonly unknown: number;
}

/** How well queries with nothing relevant in the catalogue are told from the others. */
export interface UnknownMeasures {
  /** Unknown queries, and known ones that they are compared with. */
  readonly queries: number;
  /** Queries with something relevant that they are compared with. */
  readonly known: number;
  /** How often a known query is less likely without an answer than an unknown one, 0 … 1. */
  readonly auroc: number;
  /** By DeLong et al.; null where a side has one query only. */
  readonly interval: Interval | null;
  /** Share of unknown queries taken for known where 95 % of the known ones are, 0 … 1. */
  readonly fpr95: number;
  /** Share of known queries for which nothing is found, 0 … 1. */
  readonly falseNothing: number;
  /** Share of unknown queries for which nothing is found, 0 … 1. */
  readonly rightNothing: number;
  /** Of the probabilities. */
  readonly histogram: readonly NoneBin[];
}

/** Sets of all answers that are relevant with a probability of `LIKELY` or more, of the whole catalogue. */
export interface SetMeasures extends SetScores {
  /** Those whose whole rankings were looked at. */
  readonly queries: number;
  /** What one threshold of the system's scores reaches, chosen on these queries: no other threshold is better on them. */
  readonly bestScoreThreshold: {
    readonly f1: number;
    /** null where empty sets are best */
    readonly threshold: number | null;
  };
}

/** What the probabilities of one system are worth. */
export interface RelevanceMeasures {
  /** That were judged. */
  readonly queries: number;
  /** First answers of queries whose probabilities were judged. */
  readonly answers: number;
  /** Expected calibration error of those, 15 bins. */
  readonly calibrationError: number;
  /** How often answers of a probability are relevant, by bins. */
  readonly reliability: readonly ReliabilityBin[];
  /** Mean squared error of the probabilities, 0 … 1; less is better. */
  readonly brier: number;
  /** Empty where no query is known. */
  readonly coverage: readonly CoverageAt[];
  /** null where no query is unknown, or the system does not say whether nothing is relevant */
  readonly unknown: UnknownMeasures | null;
  /** What sets of likely answers are worth. */
  readonly setF1: SetMeasures;
}
