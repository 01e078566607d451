import type { Relevance, SystemCalibration } from '../artifact/relevance-file.ts';
import { appearanceOf } from '../models/appearance/appearance.ts';
import type { PictureStore } from '../pictures/picture-store.ts';
import type { Answer } from '../query/answers.ts';
import { isPicture, type PictureQuery, type Query } from '../query/query.ts';
import type { System, SystemName } from '../query/system.ts';
import { confidentSet, type JudgedAnswer, judgeAnswers, VOTERS } from '../relevance/answer-relevance.ts';
import { type Block, joinBlocks, noneProbability } from '../relevance/none.ts';

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

/** Says of the answers of one system how likely they are relevant. */
export interface Judge {
  /** Whether answers to such a query are calibrated. */
  judges(query: Query): boolean;
  /**
   * Ranks the catalogue as the system does, and judges the answers.
   * @throws RangeError for a query that it does not judge
   */
  rank(queries: readonly Query[], k: number): Promise<JudgedRanking[]>;
  /**
   * The fewest answers of which one is relevant with a probability of `confidence`, in (0, 1); none where there is too little evidence.
   * @param ranking of `rank`, of `VOTERS` answers or more
   */
  confident(query: Query, ranking: JudgedRanking, confidence: number): readonly JudgedAnswer[];
}

/** Of the queries that people ask, so many are thought to have no relevant picture in the catalogue. */
const UNKNOWN_SHARE = 0.1;

/** A probability at even odds, where the outcome has another share (Bayes' theorem). */
const atShare = (even: number, share: number): number => (even * share) / (even * share + (1 - even) * (1 - share));

export interface JudgeOptions {
  readonly relevance: Relevance;
  readonly name: SystemName;
  readonly system: System;
  readonly store: Pick<PictureStore, 'rows' | 'size' | 'hasClasses'>;
  /** What stands in a block of a picture. */
  readonly describe: DescribeQueries;
}

/** Makes a block of pictures that are asked: float32 [length] each. */
export type DescribeQueries = (name: Block['name'], queries: readonly PictureQuery[]) => Promise<ArrayLike<number>[]>;

/** @returns undefined where no query of the system is calibrated */
export function judgeOf({ relevance, name, system, store, describe }: JudgeOptions): Judge | undefined {
  const calibrations = relevance.systems[name];
  if (calibrations === undefined) return undefined;
  const calibrationOf = (query: Query): SystemCalibration | undefined =>
    query.kind === 'composed' ? undefined : calibrations[query.kind];
  const sureOf = (query: Query): SystemCalibration => {
    const found = calibrationOf(query);
    if (found === undefined)
      throw new RangeError(`answers of ${name} to a query of kind ${query.kind} are not calibrated`);
    return found;
  };
  const labels = store.hasClasses ? (row: number) => store.rows[row]?.labels ?? [] : () => [];
  return {
    judges: (query) => calibrationOf(query) !== undefined,
    async rank(queries, k) {
      const ranked = await system.rank(queries, Math.max(k, VOTERS));
      const none = await nonesOf(relevance, queries, describe);
      return queries.map((query, i) => {
        const even = none[i];
        const answers = judgeAnswers(ranked[i] ?? [], sureOf(query), even ?? 0, labels);
        const probability = even === undefined ? undefined : atShare(even, UNKNOWN_SHARE);
        const likeliest = answers.reduce((most, { relevance: each }) => Math.max(most, each), 0);
        const nothingFound = probability !== undefined && probability > likeliest;
        return { answers: answers.slice(0, k), none: probability, nothingFound };
      });
    },
    confident: (query, { answers }, confidence) => confidentSet(answers, sureOf(query), confidence, labels),
  };
}

/** Probabilities at even odds that nothing is relevant; undefined where that cannot be known. */
export async function nonesOf(
  { none }: Pick<Relevance, 'none'>,
  queries: readonly Query[],
  describe: DescribeQueries,
): Promise<(number | undefined)[]> {
  if (none === null) return queries.map(() => undefined);
  const pictures = queries.filter(isPicture);
  const vectors = await describedBy(none.blocks, pictures, describe);
  const known = new Map<Query, number>(
    pictures.map((query, i) => [query, noneProbability(none, vectors[i] ?? new Float32Array())]),
  );
  return queries.map((query) => known.get(query));
}

/** Pictures as vectors of blocks, float32 [F] each. */
export async function describedBy(
  blocks: readonly Block[],
  pictures: readonly PictureQuery[],
  describe: DescribeQueries,
): Promise<Float32Array[]> {
  const columns = await Promise.all(blocks.map(({ name }) => describe(name, pictures)));
  return pictures.map((_, i) =>
    joinBlocks(
      blocks,
      columns.map((column) => column[i] ?? []),
    ),
  );
}

/** The block that needs nothing but pixels. @param size edge of the pixels */
export const appearances = (size: number, queries: readonly PictureQuery[]): Float32Array[] =>
  queries.map(({ pixels }) => appearanceOf(pixels, size));

/** Answers without what is known of them. */
export const plainAnswers = (answers: readonly JudgedAnswer[]): Answer[] =>
  answers.map(({ row, score }) => ({ row, score }));
