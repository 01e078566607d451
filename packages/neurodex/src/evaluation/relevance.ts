import type { Catalogue, StoredPicture } from '../catalogue/catalogue.ts';

/** A picture as far as relevance needs it: of an index, or of an exported site. */
export type LabelledPicture = Pick<StoredPicture, 'row' | 'labels' | 'role'>;

/** A catalogue and its queries, as far as relevance needs them. */
export interface LabelledCatalogue extends Pick<Catalogue, 'hasClasses'> {
  readonly pictures: readonly LabelledPicture[];
}

const NOTHING: ReadonlySet<number> = new Set();

/** Per catalogue: rows of catalogue pictures by label, and the sets already made, by the labels of a query. */
interface Index {
  readonly rowsByLabel: ReadonlyMap<string, readonly number[]>;
  readonly sets: Map<string, ReadonlySet<number>>;
}

const indexes = new WeakMap<LabelledCatalogue, Index>();

/**
 * The catalogue rows that are relevant to a picture: those that share at least one label with it. In a flat folder a
 * catalogue picture is its own relevant set. Queries with the same labels share one set.
 */
export function relevantRows(catalogue: LabelledCatalogue, query: LabelledPicture): ReadonlySet<number> {
  if (!catalogue.hasClasses) return query.role === 'catalogue' ? new Set([query.row]) : NOTHING;
  const index = indexes.get(catalogue) ?? indexOf(catalogue);
  const key = JSON.stringify(query.labels);
  const known = index.sets.get(key);
  if (known !== undefined) return known;
  const rows = new Set(query.labels.flatMap((label) => index.rowsByLabel.get(label) ?? []));
  index.sets.set(key, rows);
  return rows;
}

/** The same as `relevantRows`, or null where nobody knows what is relevant: for a query of a flat folder. */
export const knownRelevantRows = (catalogue: LabelledCatalogue, query: LabelledPicture): ReadonlySet<number> | null =>
  catalogue.hasClasses || query.role === 'catalogue' ? relevantRows(catalogue, query) : null;

function indexOf(catalogue: LabelledCatalogue): Index {
  const rowsByLabel = new Map<string, number[]>();
  for (const { row, labels, role } of catalogue.pictures) {
    if (role !== 'catalogue') continue;
    for (const label of labels) {
      const rows = rowsByLabel.get(label);
      if (rows === undefined) rowsByLabel.set(label, [row]);
      else rows.push(row);
    }
  }
  const index = { rowsByLabel, sets: new Map() };
  indexes.set(catalogue, index);
  return index;
}
