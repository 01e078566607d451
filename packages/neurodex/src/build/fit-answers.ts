import { defined } from '@neurodex/core';
import type { EvaluationQuery } from '../evaluation/queries.ts';
import type { Answer } from '../query/answers.ts';
import type { SystemCalibration } from '../relevance/answer-judge.ts';
import { judgeAnswers, votersOf } from '../relevance/answer-relevance.ts';
import { fitIsotonic } from '../relevance/isotonic.ts';
import { fitSharpness, type LabelsOf } from '../relevance/votes.ts';

/** Ranks of the answers that a probability is fitted to: those that people see, and some behind them. */
const RANKS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 15, 20, 30, 50, 100];

/** Queries of one kind, with the answers of one system. */
export interface AnsweredQueries {
  readonly queries: readonly EvaluationQuery[];
  /** Of each query, best first: `VOTERS` of them or all. */
  readonly answers: readonly (readonly Answer[])[];
  /** Probability that nothing is relevant to each query, where that is known. */
  readonly nones: readonly (number | undefined)[];
  readonly labelsOf: LabelsOf;
  /** `SystemDeclaration.silentScore` */
  readonly silentScore: number | undefined;
}

/** Fits what makes probabilities of the answers of a system, and sets of them. */
export function fitAnswers({ queries, answers, nones, labelsOf, silentScore }: AnsweredQueries): SystemCalibration {
  const asked = queries.map((query, i) => ({ relevant: query.relevant, answers: defined(answers[i], 'the answers') }));
  const sharpness = fitSharpness(
    asked.map((each) => ({ relevant: each.relevant, answers: votersOf(each.answers, silentScore) })),
  );
  const even = { x: [0], y: [0] };
  const [evidence, right, found]: [number[], number[], number[]] = [[], [], []];
  for (const [i, { relevant, answers: own }] of asked.entries()) {
    const judged = judgeAnswers(own, { sharpness, relevance: even }, { none: nones[i] ?? 0, labelsOf, silentScore });
    for (const rank of RANKS) {
      const answer = judged[rank - 1];
      if (answer === undefined) break;
      evidence.push(answer.evidence);
      right.push(relevant.has(answer.row) ? 1 : 0);
    }
    if (relevant.size === 0) continue;
    found.push(Math.max(0, ...judged.flatMap((each) => (relevant.has(each.row) ? [each.evidence] : []))));
  }
  const { x, y } = fitIsotonic(evidence, right, { shrink: 1 });
  return { sharpness, relevance: { x, y }, found: found.sort((a, b) => a - b), queries: queries.length };
}
