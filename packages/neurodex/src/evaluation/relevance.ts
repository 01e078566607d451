import type { PictureStore, StoredPicture } from '../pictures/picture-store.ts';

/** A picture as far as relevance needs it: of an index, or of an exported site. */
export type LabelledPicture = Pick<StoredPicture, 'row' | 'labels' | 'role'>;

/** A catalogue and its queries, as far as relevance needs them. */
export interface LabelledStore extends Pick<PictureStore, 'hasClasses'> {
  readonly rows: readonly LabelledPicture[];
}

const NOTHING: ReadonlySet<number> = new Set();

/** Per catalogue: rows of catalogue pictures by label, and the sets already made, by the labels of a query. */
interface Index {
  readonly rowsByLabel: ReadonlyMap<string, readonly number[]>;
  readonly sets: Map<string, ReadonlySet<number>>;
}

const indexes = new WeakMap<LabelledStore, Index>();

/**
 * The catalogue rows that are relevant to a picture: those that share at least one label with it. In a flat folder a
 * catalogue picture is its own relevant set. Queries with the same labels share one set.
 */
export function relevantRows(store: LabelledStore, query: LabelledPicture): ReadonlySet<number> {
  if (!store.hasClasses) return query.role === 'catalogue' ? new Set([query.row]) : NOTHING;
  const index = indexes.get(store) ?? indexOf(store);
  const key = JSON.stringify(query.labels);
  const known = index.sets.get(key);
  if (known !== undefined) return known;
  const rows = new Set(query.labels.flatMap((label) => index.rowsByLabel.get(label) ?? []));
  index.sets.set(key, rows);
  return rows;
}

/** The same as `relevantRows`, or null where nobody knows what is relevant: for a query of a flat folder. */
export const knownRelevantRows = (store: LabelledStore, query: LabelledPicture): ReadonlySet<number> | null =>
  store.hasClasses || query.role === 'catalogue' ? relevantRows(store, query) : null;

function indexOf(store: LabelledStore): Index {
  const rowsByLabel = new Map<string, number[]>();
  for (const { row, labels, role } of store.rows) {
    if (role !== 'catalogue') continue;
    for (const label of labels) {
      const rows = rowsByLabel.get(label);
      if (rows === undefined) rowsByLabel.set(label, [row]);
      else rows.push(row);
    }
  }
  const index = { rowsByLabel, sets: new Map() };
  indexes.set(store, index);
  return index;
}
