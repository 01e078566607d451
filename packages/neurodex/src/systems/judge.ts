import type { Relevance, SystemCalibration } from '../artifact/relevance-file.ts';
import { appearanceOf } from '../models/appearance/appearance.ts';
import type { PictureStore } from '../pictures/picture-store.ts';
import type { Answer } from '../query/answers.ts';
import { isPicture, type PictureQuery, type Query, type QueryKind } from '../query/query.ts';
import type { System, SystemName } from '../query/system.ts';
import { confidentSet, type JudgedAnswer, judgeAnswers } from '../relevance/answer-relevance.ts';
import { type Block, joinBlocks, noneProbability } from '../relevance/none.ts';
import { type LabelsOf, VOTERS } from '../relevance/votes.ts';

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

/** Says of answers, wherever they were ranked, how likely they are relevant. */
export interface AnswerJudge {
  /** Whether answers to queries of a kind are calibrated. */
  judges(kind: QueryKind): boolean;
  /**
   * @param answers best first, `VOTERS` of them or all @param even of `nonesOf`
   * @throws RangeError for a kind that it does not judge
   */
  judge(kind: QueryKind, answers: readonly Answer[], even: number | undefined): JudgedRanking;
  /** As `Judge.confident`. */
  confident(kind: QueryKind, ranking: JudgedRanking, confidence: number): readonly JudgedAnswer[];
}

export interface AnswerJudgeOptions {
  readonly relevance: Pick<Relevance, 'systems'>;
  readonly name: SystemName;
  readonly store: Pick<PictureStore, 'rows' | 'hasClasses'>;
}

export interface JudgeOptions extends AnswerJudgeOptions {
  readonly relevance: Relevance;
  readonly system: System;
  /** What stands in a block of a picture. */
  readonly describe: DescribeQueries;
}

/** Labels of a row, as votes need them: in a folder without classes a picture is like no other. */
export const labelsIn = ({ rows, hasClasses }: AnswerJudgeOptions['store']): LabelsOf =>
  hasClasses ? (row) => rows[row]?.labels ?? [] : () => [];

/** Makes a block of pictures that are asked: float32 [length] each. */
export type DescribeQueries = (name: Block['name'], queries: readonly PictureQuery[]) => Promise<ArrayLike<number>[]>;

/** @returns undefined where no query of the system is calibrated */
export function answerJudgeOf({ relevance, name, store }: AnswerJudgeOptions): AnswerJudge | undefined {
  const calibrations = relevance.systems[name];
  if (calibrations === undefined) return undefined;
  const calibrationOf = (kind: QueryKind): SystemCalibration | undefined =>
    kind === 'composed' ? undefined : calibrations[kind];
  const sureOf = (kind: QueryKind): SystemCalibration => {
    const found = calibrationOf(kind);
    if (found === undefined) throw new RangeError(`answers of ${name} to a query of kind ${kind} are not calibrated`);
    return found;
  };
  const labels = labelsIn(store);
  return {
    judges: (kind) => calibrationOf(kind) !== undefined,
    judge(kind, answers, even) {
      const judged = judgeAnswers(answers, sureOf(kind), even ?? 0, labels);
      const none = even === undefined ? undefined : atShare(even, UNKNOWN_SHARE);
      const likeliest = judged.reduce((most, { relevance }) => Math.max(most, relevance), 0);
      return { answers: judged, none, nothingFound: none !== undefined && none > likeliest };
    },
    confident: (kind, { answers }, confidence) => confidentSet(answers, sureOf(kind), confidence, labels),
  };
}

/** @returns undefined where no query of the system is calibrated */
export function judgeOf({ system, describe, ...options }: JudgeOptions): Judge | undefined {
  const judge = answerJudgeOf(options);
  if (judge === undefined) return undefined;
  return {
    judges: ({ kind }) => judge.judges(kind),
    async rank(queries, k) {
      const ranked = await system.rank(queries, Math.max(k, VOTERS));
      const none = await nonesOf(options.relevance, queries, describe);
      return queries.map(({ kind }, i) => {
        const { answers, ...others } = judge.judge(kind, ranked[i] ?? [], none[i]);
        return { answers: answers.slice(0, k), ...others };
      });
    },
    confident: ({ kind }, ranking, confidence) => judge.confident(kind, ranking, confidence),
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
