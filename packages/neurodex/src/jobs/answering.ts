import { defined, NeurodexError, type Reporter } from '@neurodex/core';
import type { Query } from '../query/query.ts';
import type { RowMask } from '../query/row-mask.ts';
import type { SystemName } from '../query/system.ts';
import { VOTERS } from '../relevance/votes.ts';
import type { Judge } from '../systems/judge.ts';
import type { Index } from '../systems/open-index.ts';
import { warnIfStale } from './stale-relevance.ts';

/** Which answers are wanted. */
export interface Selection {
  readonly system: SystemName;
  /** Answers per query, 1 or more. */
  readonly k: number;
  /** Answers with at least this relevance, in [0, 1], and no others. */
  readonly minRelevance?: number | undefined;
  /** The fewest answers of which one is relevant with this probability, in (0, 1); k is not looked at. */
  readonly confidence?: number | undefined;
  /** Answers also where the likeliest outcome is that nothing is relevant. */
  readonly all?: boolean | undefined;
  /** Only pictures that a filter takes (`filter/`). */
  readonly where?: string | undefined;
}

export interface ChosenAnswer {
  readonly row: number;
  readonly score: number;
  /** Null where answers to such queries are not calibrated. */
  readonly relevance: number | null;
}

/** What is answered to one query. */
export interface ChosenAnswers {
  /** Probability that nothing is relevant; null where nobody knows. */
  readonly none: number | null;
  readonly nothingFound: boolean;
  /** Best first. */
  readonly answers: readonly ChosenAnswer[];
}

export interface AnsweringOptions extends Selection {
  /** What the index is called in messages. */
  readonly name: string;
  readonly reporter: Reporter;
}

/**
 * Answers queries as they are asked for, several at once.
 * @throws NeurodexError `system-missing`, `filter-invalid`; `relevance-unknown` of a query whose answers are not calibrated
 */
export async function answering(
  index: Index,
  options: AnsweringOptions,
): Promise<(queries: readonly Query[]) => Promise<ChosenAnswers[]>> {
  const { system: name, k, minRelevance, confidence, where, reporter } = options;
  const among = where === undefined ? undefined : await index.filter(where);
  const system = await index.system(name);
  const judge = await index.judge(name);
  await warnIfStale(index, reporter);
  const warned = new Set<Query['kind']>();
  const rankOnly = async (queries: readonly Query[]): Promise<ChosenAnswers[]> => {
    const [first] = queries;
    if (first !== undefined && (minRelevance !== undefined || confidence !== undefined))
      throw uncalibrated(options, first);
    return (await system.rank(queries, k, among)).map((answers) => ({
      none: null,
      nothingFound: false,
      answers: answers.map(({ row, score }) => ({ row, score, relevance: null })),
    }));
  };
  const warnOnce = (by: Judge, query: Query): void => {
    if (confidence === undefined || by.promises(query, confidence) || warned.has(query.kind)) return;
    warned.add(query.kind);
    reporter.warn(unpromised(confidence), { confidence });
  };
  return async (queries) => {
    if (judge === undefined) return await rankOnly(queries);
    const judged = queries.filter((query) => judge.judges(query));
    for (const query of judged) warnOnce(judge, query);
    const others = queries.filter((query) => !judge.judges(query));
    const known = new Map<Query, ChosenAnswers>();
    const rank = async (some: readonly Query[], answer: (some: readonly Query[]) => Promise<ChosenAnswers[]>) => {
      if (some.length === 0) return;
      const found = await answer(some);
      for (const [i, query] of some.entries()) known.set(query, defined(found[i], 'the answers to a query'));
    };
    await rank(judged, (some) => judging(judge, some, among, options));
    await rank(others, rankOnly);
    return queries.map((query) => defined(known.get(query), 'the answers to a query'));
  };
}

async function judging(
  judge: Judge,
  queries: readonly Query[],
  among: RowMask | undefined,
  { k, minRelevance, confidence, all = false }: Selection,
): Promise<ChosenAnswers[]> {
  const depth = confidence === undefined ? k : Math.max(k, VOTERS);
  const rankings = await judge.rank(queries, depth, among);
  return queries.map((query, i) => {
    const ranking = defined(rankings[i], 'the ranking of a query');
    const { none = null, nothingFound } = ranking;
    const chosen = confidence === undefined ? ranking.answers : judge.confident(query, ranking, confidence);
    // A set has its promise, which counts that there may be nothing.
    const isHidden = nothingFound && !all && confidence === undefined;
    const answers = isHidden ? [] : chosen.filter(({ relevance }) => relevance >= (minRelevance ?? 0));
    return { none, nothingFound, answers };
  });
}

/** @throws NeurodexError `usage` for a confidence among the pictures that a filter takes */
export function refusePromiseAmong({ where, confidence }: Pick<Selection, 'where' | 'confidence'>): void {
  if (where === undefined || confidence === undefined) return;
  const what = 'a confidence is promised of the whole catalogue, and not of the pictures that a filter takes';
  throw new NeurodexError('usage', what, {
    hint: 'ask for a least relevance in place of a confidence, or without a filter',
  });
}

const unpromised = (confidence: number): string =>
  `a confidence of ${confidence} cannot be promised here, which takes more validation queries, or more of them with a relevant picture among ` +
  `their first ${VOTERS} answers: all answers with any evidence are shown`;

const uncalibrated = ({ name, system }: AnsweringOptions, { kind }: Query): NeurodexError =>
  new NeurodexError('relevance-unknown', `the answers of ${system} to ${KINDS[kind]} are not calibrated in ${name}`, {
    hint: `${REMEDIES[kind]}, or ask without a relevance or confidence`,
    details: { index: name, system, kind },
  });

const KINDS: Readonly<Record<Query['kind'], string>> = {
  picture: 'pictures',
  text: 'text',
  composed: 'pictures and text together',
};

const REMEDIES: Readonly<Record<Query['kind'], string>> = {
  picture: 'fit them with `neurodex calibrate`',
  text: 'fit them with `neurodex calibrate`, which takes ten captions that nothing has learned from: of validation pictures with labels, or withheld ones (text.withheld) where there are no labels',
  composed: 'ask with a picture or with words alone',
};

/** Whether one query is at fault, and others may be answered. */
export const isOfQuery = (error: unknown): boolean =>
  error instanceof NeurodexError && (/^(picture|text)-/.test(error.code) || error.code === 'query-empty');
