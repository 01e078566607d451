import { Random } from '@neurodex/autograd';
import { defined } from '@neurodex/core';
import { auroc } from '../packages/neurodex/src/evaluation/calibration/auroc.ts';
import { bestThreshold } from '../packages/neurodex/src/evaluation/calibration/best-threshold.ts';
import { calibrationError } from '../packages/neurodex/src/evaluation/calibration/calibration-error.ts';
import type { ScoredAnswers } from '../packages/neurodex/src/evaluation/calibration/scored-answers.ts';
import { type PictureEvaluationQuery, queriesOf } from '../packages/neurodex/src/evaluation/queries.ts';
import { confidentSet, type JudgedAnswer } from '../packages/neurodex/src/relevance/answer-relevance.ts';
import { conformalQuantile } from '../packages/neurodex/src/relevance/conformal.ts';
import type { Index } from '../packages/neurodex/src/systems/open-index.ts';
import { mean } from './text-emoji.ts';

/** Answers that probabilities are compared for. */
const SEEN = 10;
/** Ranks of which the cosine may be the best threshold. */
const RANKS = [1, 5, 20];
const CONFIDENCE = 0.9;
const SPLITS = 20;
const RELEVANT = 0.5;

/** What is measured of one index. */
export interface Asked {
  readonly known: number;
  readonly unknown: number;
  /** Of the outcome that nothing matches, and of the best cosine threshold over the same vectors. */
  readonly auroc: { readonly none: number; readonly cosine: number };
  /** What the calibration expected of it, from classes that it withheld. */
  readonly expected: number;
  readonly calibrationError: number;
  /** Sets of 90 % of test queries, as a search gives them: with what the build fitted to the validation queries. */
  readonly promised: { readonly coverage: number; readonly size: number };
  readonly sets: {
    readonly coverage: number;
    readonly size: number;
    readonly cosineCoverage: number;
    readonly cosineSize: number;
  };
  readonly setF1: { readonly judged: number; readonly cosine: number };
  readonly P: number;
}

/** One query with all its answers. */
interface Answered {
  readonly query: PictureEvaluationQuery;
  readonly none: number;
  readonly nothingFound: boolean;
  readonly answers: readonly JudgedAnswer[];
  /** Of the states, in the order of the catalogue. */
  readonly cosines: Float32Array;
}

/** Asks all test queries of an index: those to which nothing is relevant are the unknown ones. */
export async function askIndex(index: Index): Promise<Asked> {
  const { store } = index;
  const judge = defined(await index.judge('dsi'), 'the judge');
  const none = defined((await index.relevance())?.none ?? undefined, 'the outcome that nothing is found');
  const labelsOf = (row: number) => store.rows[row]?.labels ?? [];
  const all: Answered[] = [];
  const queries = [...queriesOf(store, 'validation'), ...queriesOf(store, 'test')];
  const tests = new Set(queriesOf(store, 'test').map(({ name }) => name));
  for (let from = 0; from < queries.length; from += BATCH) {
    const batch = queries.slice(from, from + BATCH);
    const rankings = await judge.rank(batch, store.catalogue.length);
    const states = await index.describe('state', batch);
    for (const [i, ranking] of rankings.entries()) {
      const query = defined(batch[i], 'a query');
      const cosines = cosinesOf(index, defined(states[i], 'a state'));
      all.push({
        query,
        none: ranking.none ?? 0,
        nothingFound: ranking.nothingFound,
        answers: ranking.answers,
        cosines,
      });
    }
  }
  const test = all.filter(({ query }) => tests.has(query.name));
  const known = test.filter(({ query }) => query.relevant.size > 0);
  const unknown = test.filter(({ query }) => query.relevant.size === 0);
  const area = (score: (each: Answered) => number): number => auroc(known.map(score), unknown.map(score))?.auroc ?? NaN;
  const sorted = new Map(all.map((each) => [each, each.cosines.slice().sort().reverse()]));
  const shown = known.flatMap(({ query, answers }) =>
    answers.slice(0, SEEN).map(({ row, relevance }) => ({ relevance, right: query.relevant.has(row) })),
  );
  const promised = known.map((each) => judge.confident(each.query, each, CONFIDENCE));
  const answerable = all.filter(({ query }) => query.relevant.size > 0);
  return {
    known: known.length,
    unknown: unknown.length,
    auroc: {
      none: area((each) => -each.none),
      cosine: Math.max(...RANKS.map((rank) => area((each) => sorted.get(each)?.[rank - 1] ?? NaN))),
    },
    expected: none.auroc,
    calibrationError: calibrationError({
      confidences: Float64Array.from(shown, ({ relevance }) => relevance),
      right: Uint8Array.from(shown, ({ right }) => (right ? 1 : 0)),
    }),
    promised: {
      coverage: mean(known.map(({ query }, i) => (promised[i]?.some(({ row }) => query.relevant.has(row)) ? 1 : 0))),
      size: mean(promised.map((set) => set.length)),
    },
    sets: setsOf(answerable, index, labelsOf),
    setF1: { judged: mean(test.map(f1Of)), cosine: cosineF1(test, index) },
    P: mean(shown.map(({ right }) => (right ? 1 : 0))),
  };
}

const BATCH = 64;

function cosinesOf({ store }: Index, state: ArrayLike<number>): Float32Array {
  const states = defined(store.states(), 'the states');
  const width = state.length;
  return Float32Array.from(store.catalogue, ({ row }) => {
    let product = 0;
    for (let d = 0; d < width; d++) product += (state[d] ?? NaN) * (states[row * width + d] ?? NaN);
    return product;
  });
}

/** Half of the queries say how much evidence a set needs, the others are answered with it: over again, with other halves. */
function setsOf(queries: readonly Answered[], { store }: Index, labelsOf: (row: number) => readonly string[]) {
  const random = Random.seeded(0);
  const best = new Map(
    queries.map((each) => {
      const { query, answers, cosines } = each;
      const evidence = Math.max(
        0,
        ...answers.flatMap((answer) => (query.relevant.has(answer.row) ? [answer.evidence] : [])),
      );
      const cosine = store.catalogue.reduce(
        (most, { row }, i) => (query.relevant.has(row) ? Math.max(most, cosines[i] ?? NaN) : most),
        -1,
      );
      return [each, { evidence, cosine }];
    }),
  );
  const rounds = Array.from({ length: SPLITS }, () => {
    const order = random.shuffled(queries);
    const [fitted, asked] = [order.slice(0, order.length / 2), order.slice(order.length / 2)];
    const found = fitted.map((each) => best.get(each)?.evidence ?? 0).sort((a, b) => a - b);
    const least = -conformalQuantile(
      fitted.map((each) => -(best.get(each)?.cosine ?? -1)),
      CONFIDENCE,
    );
    const sets = asked.map((each) => confidentSet(each.answers, { found }, CONFIDENCE, labelsOf));
    return {
      coverage: mean(
        asked.map((each, i) => (sets[i]?.some(({ row }) => each.query.relevant.has(row)) === true ? 1 : 0)),
      ),
      size: mean(sets.map((set) => set.length)),
      cosineCoverage: mean(asked.map((each) => ((best.get(each)?.cosine ?? -1) >= least ? 1 : 0))),
      cosineSize: mean(asked.map(({ cosines }) => cosines.filter((cosine) => cosine >= least).length)),
    };
  });
  const over = (name: keyof (typeof rounds)[number]) => mean(rounds.map((round) => round[name]));
  return {
    coverage: over('coverage'),
    size: over('size'),
    cosineCoverage: over('cosineCoverage'),
    cosineSize: over('cosineSize'),
  };
}

/** Of what a search gives with a relevance of one half: nothing, where nothing is found. */
function f1Of({ query, answers, nothingFound }: Answered): number {
  const returned = nothingFound ? [] : answers.filter(({ relevance }) => relevance >= RELEVANT);
  const hits = returned.filter(({ row }) => query.relevant.has(row)).length;
  if (query.relevant.size === 0) return returned.length === 0 ? 1 : 0;
  return (2 * hits) / (returned.length + query.relevant.size);
}

/** Of the single threshold that is the best one for these very queries. */
function cosineF1(queries: readonly Answered[], { store }: Index): number {
  const N = store.catalogue.length;
  const answers: ScoredAnswers = {
    scores: new Float32Array(queries.length * N),
    relevant: new Uint8Array(queries.length * N),
    offsets: Uint32Array.from({ length: queries.length + 1 }, (_, i) => i * N),
    totals: Uint32Array.from(queries, ({ query }) => query.relevant.size),
  };
  for (const [i, { query, cosines }] of queries.entries()) {
    answers.scores.set(cosines, i * N);
    for (const [place, { row }] of store.catalogue.entries()) {
      if (query.relevant.has(row)) answers.relevant[i * N + place] = 1;
    }
  }
  return bestThreshold(answers)?.f1 ?? NaN;
}
