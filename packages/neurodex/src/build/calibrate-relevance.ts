import { Random } from '@neurodex/autograd';
import { defined, evenly, type Reporter } from '@neurodex/core';
import { throwIfInterrupted } from '@neurodex/core/storage';
import type { CalibratedKind, Relevance, SystemCalibration } from '../artifact/relevance-file.ts';
import { type EvaluationQuery, queriesOf } from '../evaluation/queries.ts';
import type { Answer } from '../query/answers.ts';
import type { System, SystemName } from '../query/system.ts';
import { judgeAnswers } from '../relevance/answer-relevance.ts';
import { fitIsotonic } from '../relevance/isotonic.ts';
import { fitSharpness, VOTERS } from '../relevance/votes.ts';
import { labelsIn, nonesOf } from '../systems/judge.ts';
import type { Index } from '../systems/open-index.ts';
import { SYSTEMS } from '../systems/systems.ts';
import { fitNone } from './none-model.ts';

/** Validation queries that each system is asked, at most; fewer of a large catalogue, where each may be compared with all of it. */
const QUERIES = { most: 1000, least: 500, compared: 10_000_000 };
/** Queries that are asked together. */
const BATCH = 32;
/** Fewer say too little. */
const LEAST_QUERIES = 10;
/** Ranks of the answers that a probability is fitted to: those that people see, and some behind them. */
const RANKS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 15, 20, 30, 50, 100];

export interface CalibrateOptions {
  readonly seed: number;
  readonly reporter: Reporter;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Fits what makes probabilities of the scores of every system, to the validation queries: the outcome that nothing is relevant, the
 * sharpness of votes, the probability that an answer is relevant, and how much evidence a set of answers needs.
 * @returns undefined where the index has too few validation queries with relevant pictures @throws NeurodexError `interrupted`
 */
export async function calibrateRelevance(index: Index, options: CalibrateOptions): Promise<Relevance | undefined> {
  const { store, manifest } = index;
  const wanted = Math.min(QUERIES.most, Math.max(QUERIES.least, QUERIES.compared / store.catalogue.length));
  const queries = evenly(queriesOf(store, 'validation'), Math.floor(wanted));
  const answerable = queries.filter(({ relevant }) => relevant.size > 0);
  if (answerable.length < LEAST_QUERIES || store.catalogue.length < 2) return undefined;
  const none = await fitNone(index, Random.stream(options.seed, 'relevance'));
  const nones = await nonesOf({ none: none ?? null }, queries, index.describe);
  const systems: { [Name in SystemName]?: { [Kind in CalibratedKind]?: SystemCalibration } } = {};
  const names = manifest.systems.filter((name) => SYSTEMS[name].accepts(manifest).includes('picture'));
  for (const [i, name] of names.entries()) {
    const asked = await answersTo(await index.system(name), queries, { ...options, before: i, systems: names.length });
    systems[name] = { picture: fitSystem(index, queries, asked, nones) };
  }
  const { added = 0, removed = 0 } = manifest.changes ?? {};
  return { catalogue: store.catalogue.length, changed: added + removed, none: none ?? null, systems };
}

async function answersTo(
  system: System,
  queries: readonly EvaluationQuery[],
  { reporter, signal, before, systems }: CalibrateOptions & { readonly before: number; readonly systems: number },
): Promise<Answer[][]> {
  const answers: Answer[][] = [];
  for (let from = 0; from < queries.length; from += BATCH) {
    throwIfInterrupted(signal);
    answers.push(...(await system.rank(queries.slice(from, from + BATCH), VOTERS)));
    const done = before * queries.length + answers.length;
    reporter.progress({ phase: 'calibrate', done, total: systems * queries.length, unit: 'queries' });
  }
  return answers;
}

/** @param nones probability that nothing is relevant to each query, where that is known */
function fitSystem(
  { store }: Index,
  queries: readonly EvaluationQuery[],
  answers: readonly (readonly Answer[])[],
  nones: readonly (number | undefined)[],
): SystemCalibration {
  const labelsOf = labelsIn(store);
  const asked = queries.map((query, i) => ({ relevant: query.relevant, answers: defined(answers[i], 'the answers') }));
  const sharpness = fitSharpness(asked);
  const even = { x: [0], y: [0] };
  const [evidence, right, found]: [number[], number[], number[]] = [[], [], []];
  for (const [i, { relevant, answers: own }] of asked.entries()) {
    const judged = judgeAnswers(own, { sharpness, relevance: even }, nones[i] ?? 0, labelsOf);
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
