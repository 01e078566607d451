import { Random } from '@neurodex/autograd';
import type { EvaluationQuery } from './queries.ts';
import { DEFAULT_MEASURES, type ParsedMeasure, parseMeasure } from './registry.ts';

/** How an evaluation is done: which queries are asked, and what is measured unless measures are named. */
export interface Protocol {
  readonly description: string;
  /** Queries drawn at random; all of the split where undefined. */
  readonly queries: number | undefined;
  readonly measures: readonly ParsedMeasure[];
}

/** Ways to ask the queries of a split. */
export const PROTOCOL_NAMES = ['full', 'notebook'] as const;

/** How the queries of a split are asked. */
export type ProtocolName = (typeof PROTOCOL_NAMES)[number];

export const PROTOCOLS = {
  full: { description: 'every query of the split', queries: undefined, measures: DEFAULT_MEASURES },
  notebook: {
    description:
      'the protocol of the notebook that this began as: 10 random queries, K 10 and 100; what it calls MAP@K is the mean of P@K',
    queries: 10,
    measures: ['IA@1', 'IA@5', 'P@10', 'P@100', 'R@10', 'R@100'].map(parseMeasure),
  },
} as const satisfies Record<ProtocolName, Protocol>;

/** The queries that a protocol asks, in their order: of those with a relevant picture as many as it draws. */
export function drawQueries(
  queries: readonly EvaluationQuery[],
  protocol: Protocol,
  seed: number,
): readonly EvaluationQuery[] {
  if (protocol.queries === undefined) return queries;
  const judged = queries.filter(({ relevant }) => relevant.size > 0);
  const drawn = new Set(Random.stream(seed, 'queries').shuffled(judged).slice(0, protocol.queries));
  return judged.filter((query) => drawn.has(query));
}
