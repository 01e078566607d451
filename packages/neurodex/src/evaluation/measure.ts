/** The answers of one system to one query, best first. */
export interface RankedQuery {
  /** Documents in rank order; no document twice. */
  readonly ranking: readonly string[];
  /** Judged documents with their grade; 0 or less is not relevant. A document that is absent is unjudged: not relevant. */
  readonly grades: ReadonlyMap<string, number>;
}

/**
 * One retrieval measure, under its ir_measures name. `compute` gives one query's value in [0, 1]; a system's figure
 * is the mean over every judged query, queries without answers included as zero.
 */
export interface Measure {
  /** Without the cut-off: 'P', 'AP', 'R', 'RR', 'Success', 'IA'. */
  readonly name: string;
  readonly description: string;
  /** Paper or program that defines it. */
  readonly source: string;
  /** Whether `@K` must be given, may be given or must not be given. */
  readonly cutoff: 'required' | 'optional' | 'none';
  /** 'retrieval': over queries; 'indexing': over catalogue pictures shown to the system that memorised them. */
  readonly task: 'retrieval' | 'indexing';
  /** Whether all rankings of the whole catalogue have one value once the cut-off reaches its end. */
  readonly saturates?: true;
  compute(query: RankedQuery, cutoff: number | undefined): number;
}
