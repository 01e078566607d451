import type { RelevanceMeasures } from './relevance-measures.ts';

/** Measures as they may be: of 50 queries, 10 of them unknown; whole rankings of 25. */
export const MEASURED: RelevanceMeasures = {
  queries: 50,
  answers: 500,
  calibrationError: 0.0321,
  brier: 0.0876,
  reliability: [
    { from: 0, to: 0.5, count: 1_234, weight: 1_234, confidence: 0.1, accuracy: 0.125 },
    { from: 0.5, to: 1, count: 0, weight: 0, confidence: null, accuracy: null },
  ],
  coverage: [
    { confidence: 0.8, coverage: 0.81, meanSize: 1.25, medianSize: 1, emptyShare: 0.05 },
    { confidence: 0.9, coverage: 0.925, meanSize: 2.5, medianSize: 2, emptyShare: 0.05 },
    { confidence: 0.95, coverage: 0.95, meanSize: 12.34, medianSize: 9.5, emptyShare: 0.05 },
  ],
  unknown: {
    queries: 10,
    known: 40,
    auroc: 0.9123,
    interval: [0.85, 0.975],
    fpr95: 0.4,
    falseNothing: 0.05,
    rightNothing: 0.7,
    histogram: [
      { from: 0, to: 0.5, known: 38, unknown: 3 },
      { from: 0.5, to: 1, known: 2, unknown: 7 },
    ],
  },
  setF1: {
    queries: 25,
    f1: 0.7654,
    precision: 0.8,
    recall: 0.75,
    bestScoreThreshold: { f1: 0.6543, threshold: null },
  },
};
