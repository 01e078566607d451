import { Random } from '@neurodex/autograd';
import { evenly, type Reporter } from '@neurodex/core';
import { throwIfInterrupted } from '@neurodex/core/storage';
import type { Relevance } from '../artifact/relevance-file.ts';
import { judgedCaptions, unlearnedCaptions } from '../evaluation/judged-captions.ts';
import { type EvaluationQuery, queriesOf } from '../evaluation/queries.ts';
import type { Answer } from '../query/answers.ts';
import type { System, SystemName } from '../query/system.ts';
import type { CalibratedKind, SystemCalibration } from '../relevance/answer-judge.ts';
import { VOTERS } from '../relevance/votes.ts';
import { labelsIn, nonesOf } from '../systems/judge.ts';
import type { Index } from '../systems/open-index.ts';
import { SYSTEMS, systemsFor } from '../systems/systems.ts';
import { fitAnswers } from './fit-answers.ts';
import { fitNone } from './none-model.ts';

/** Validation queries of a kind that each system is asked, at most; fewer of a large catalogue, where each may be compared with all of it. */
const QUERIES = { most: 1000, least: 500, compared: 10_000_000 };
/** Bytes that each query may be compared with. */
const MOST_COMPARED = 2 ** 30;
/** Queries that are asked together. */
const BATCH = 32;
/** Fewer say too little. */
const LEAST_QUERIES = 10;

export interface CalibrateOptions {
  readonly seed: number;
  readonly reporter: Reporter;
  readonly signal?: AbortSignal | undefined;
}

/** The queries of one kind that there are enough of. */
interface Asked {
  readonly kind: CalibratedKind;
  readonly queries: readonly EvaluationQuery[];
  /** Probability that nothing is relevant to each, where that is known. */
  readonly nones: readonly (number | undefined)[];
}

/**
 * Fits what makes probabilities of the scores of every system, to the validation queries: the outcome that nothing is relevant to a picture,
 * and for pictures and words the sharpness of votes, the probability that an answer is relevant, and how much evidence a set of answers
 * needs.
 * @returns undefined where the index has too few validation queries with relevant pictures, of both kinds @throws NeurodexError `interrupted`
 */
export async function calibrateRelevance(index: Index, options: CalibrateOptions): Promise<Relevance | undefined> {
  const { store, manifest } = index;
  const pictures = picturesOf(index);
  const none = pictures && (await fitNone(index, Random.stream(options.seed, 'relevance')));
  const asked: Asked[] = [
    {
      kind: 'picture',
      queries: pictures ?? [],
      nones: await nonesOf({ none: none ?? null }, pictures ?? [], index.describe),
    },
    { kind: 'text', queries: wordsOf(index) ?? [], nones: [] },
  ];
  const fits = asked.flatMap(({ queries, ...others }) =>
    queries.length === 0
      ? []
      : systemsFor(others.kind, manifest)
          .filter((name) => isAffordable(name, index, options.reporter))
          .map((name) => ({ ...others, name, queries })),
  );
  if (fits.length === 0) return undefined;
  const total = fits.reduce((sum, { queries }) => sum + queries.length, 0);
  const systems: { [Name in SystemName]?: { [Kind in CalibratedKind]?: SystemCalibration } } = {};
  let before = 0;
  for (const { name, kind, queries, nones } of fits) {
    const answers = await answersTo(await index.system(name), queries, { ...options, before, total });
    const { silentScore } = SYSTEMS[name];
    const fit = fitAnswers({ queries, answers, nones, labelsOf: labelsIn(store), silentScore });
    systems[name] = { ...systems[name], [kind]: fit };
    before += queries.length;
  }
  const { added = 0, removed = 0 } = manifest.changes ?? {};
  return { catalogue: store.catalogue.length, changed: added + removed, none: none ?? null, systems };
}

/** Whether a system can be asked hundreds of queries. */
function isAffordable(name: SystemName, { store }: Index, reporter: Reporter): boolean {
  const bytes = SYSTEMS[name].comparedBytes?.(store) ?? 0;
  if (bytes <= MOST_COMPARED) return true;
  const size = (bytes / 2 ** 30).toFixed(1);
  reporter.info(
    `answers of ${name} are not calibrated: each of hundreds of queries would be compared with ${size} GiB`,
  );
  return false;
}

/** Undefined where there are too few. */
const picturesOf = ({ store }: Index): readonly EvaluationQuery[] | undefined =>
  enough(queriesOf(store, 'validation'), store.catalogue.length);

/**
 * Captions; undefined where there are too few, or too few that were not learned: what those are answered says only how well
 * systems remember.
 */
function wordsOf(index: Index): readonly EvaluationQuery[] | undefined {
  const captions = judgedCaptions({ ...index, split: 'validation' });
  if (captions.length < LEAST_QUERIES || unlearnedCaptions(captions, index) < LEAST_QUERIES) return undefined;
  return enough(captions, index.store.catalogue.length);
}

function enough<Query extends EvaluationQuery>(all: readonly Query[], catalogue: number): readonly Query[] | undefined {
  const wanted = Math.min(QUERIES.most, Math.max(QUERIES.least, QUERIES.compared / catalogue));
  const queries = evenly(all, Math.floor(wanted));
  const answerable = queries.filter(({ relevant }) => relevant.size > 0);
  return answerable.length < LEAST_QUERIES || catalogue < 2 ? undefined : queries;
}

async function answersTo(
  system: System,
  queries: readonly EvaluationQuery[],
  { reporter, signal, before, total }: CalibrateOptions & { readonly before: number; readonly total: number },
): Promise<Answer[][]> {
  const answers: Answer[][] = [];
  for (let from = 0; from < queries.length; from += BATCH) {
    throwIfInterrupted(signal);
    answers.push(...(await system.rank(queries.slice(from, from + BATCH), VOTERS)));
    reporter.progress({ phase: 'calibrate', done: before + answers.length, total, unit: 'queries' });
  }
  return answers;
}
