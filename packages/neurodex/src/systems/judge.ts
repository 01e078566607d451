import type { Relevance } from '../artifact/relevance-file.ts';
import { appearanceOf } from '../models/appearance/appearance.ts';
import type { PictureStore } from '../pictures/picture-store.ts';
import { isPicture, type PictureQuery, type Query } from '../query/query.ts';
import type { RowMask } from '../query/row-mask.ts';
import type { System, SystemName } from '../query/system.ts';
import { type AnswerJudge, answerJudge, type JudgedRanking } from '../relevance/answer-judge.ts';
import type { JudgedAnswer } from '../relevance/answer-relevance.ts';
import { type Block, joinBlocks, noneProbability } from '../relevance/none.ts';
import { type LabelsOf, VOTERS } from '../relevance/votes.ts';
import { SYSTEMS } from './systems.ts';

/** Says of the answers of one system how likely they are relevant. */
export interface Judge {
  /** Whether answers to such a query are calibrated. */
  judges(query: Query): boolean;
  /**
   * Ranks the catalogue as the system does, and judges the answers.
   * @param among the pictures that are ranked, all by default; all vote on them
   * @throws RangeError for a query that it does not judge
   */
  rank(queries: readonly Query[], k: number, among?: RowMask): Promise<JudgedRanking[]>;
  /**
   * The fewest answers of which one is relevant with a probability of `confidence`, in (0, 1); none where there is too little evidence.
   * @param ranking of `rank`, of `VOTERS` answers or more
   */
  confident(query: Query, ranking: JudgedRanking, confidence: number): readonly JudgedAnswer[];
  /** As `AnswerJudge.promises`. */
  promises(query: Query, confidence: number): boolean;
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
  return answerJudge({ calibrations, name, labelsOf: labelsIn(store), silentScore: SYSTEMS[name].silentScore });
}

/** @returns undefined where no query of the system is calibrated */
export function judgeOf({ system, describe, ...options }: JudgeOptions): Judge | undefined {
  const judge = answerJudgeOf(options);
  if (judge === undefined) return undefined;
  return {
    judges: ({ kind }) => judge.judges(kind),
    async rank(queries, k, among) {
      const ranked = await system.rank(queries, among === undefined ? Math.max(k, VOTERS) : VOTERS);
      const left = among === undefined ? undefined : await system.rank(queries, k, among);
      const none = await nonesOf(options.relevance, queries, describe);
      return queries.map(({ kind }, i) => {
        const { answers, ...others } = judge.judge(kind, ranked[i] ?? [], none[i], left?.[i]);
        return { answers: answers.slice(0, k), ...others };
      });
    },
    confident: ({ kind }, ranking, confidence) => judge.confident(kind, ranking, confidence),
    promises: ({ kind }, confidence) => judge.promises(kind, confidence),
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
