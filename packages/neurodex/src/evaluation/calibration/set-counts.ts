/** The set of pictures that a system returned for a query, in numbers. */
export interface SetCounts {
  readonly returned: number;
  /** Relevant pictures among those returned. */
  readonly hits: number;
  /** Relevant pictures in the catalogue. */
  readonly relevant: number;
}

/** @param returned rows of the set; repeated ones count once @param relevant rows that are relevant to the query */
export function countSet(returned: Iterable<number>, relevant: ReadonlySet<number>): SetCounts {
  const rows = new Set(returned);
  let hits = 0;
  for (const row of rows) if (relevant.has(row)) hits++;
  return { returned: rows.size, hits, relevant: relevant.size };
}
