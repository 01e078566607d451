import type { RankedQuery } from './measure.ts';
import type { ParsedMeasure } from './registry.ts';
import type { Qrels, Run } from './trec-read.ts';

/** Values of one measure, query by query, and their mean. */
export interface MeasureValues {
  readonly mean: number;
  readonly perQuery: ReadonlyMap<string, number>;
}

/**
 * Measure a run against judgements, as `trec_eval -c` does: every judged query counts, one without answers as zero;
 * answers to queries that nobody judged do not count. Label → values.
 */
export function scoreRun(qrels: Qrels, run: Run, measures: readonly ParsedMeasure[]): Map<string, MeasureValues> {
  const tally = new Tally(measures);
  for (const [query, grades] of qrels) {
    tally.add(query, { ranking: (run.get(query) ?? []).map(({ document }) => document), grades });
  }
  return tally.values();
}

/** Adds up measures, query by query. */
export class Tally {
  private readonly measures: readonly ParsedMeasure[];
  private readonly perQuery: readonly Map<string, number>[];

  constructor(measures: readonly ParsedMeasure[]) {
    this.measures = measures;
    this.perQuery = measures.map(() => new Map());
  }

  add(name: string, query: RankedQuery): void {
    this.measures.forEach(({ measure, cutoff }, i) => {
      this.perQuery[i]?.set(name, measure.compute(query, cutoff));
    });
  }

  /** Label → values; without queries the mean is 0. */
  values(): Map<string, MeasureValues> {
    return new Map(
      this.measures.map(({ label }, i) => {
        const perQuery = this.perQuery[i] ?? new Map<string, number>();
        let sum = 0;
        for (const value of perQuery.values()) sum += value;
        return [label, { mean: perQuery.size === 0 ? 0 : sum / perQuery.size, perQuery }];
      }),
    );
  }
}
