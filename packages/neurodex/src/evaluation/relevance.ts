import type { PictureStore, StoredPicture } from '../pictures/picture-store.ts';

const NOTHING: ReadonlySet<number> = new Set();

/** Per catalogue: rows of catalogue pictures by label, and the sets already made, by the labels of a query. */
interface Index {
  readonly rowsByLabel: ReadonlyMap<string, readonly number[]>;
  readonly sets: Map<string, ReadonlySet<number>>;
}

const indexes = new WeakMap<PictureStore, Index>();

/**
 * The catalogue rows that are relevant to a picture: those that share at least one label with it. In a flat folder a
 * catalogue picture is its own relevant set. Queries with the same labels share one set.
 */
export function relevantRows(store: PictureStore, query: StoredPicture): ReadonlySet<number> {
  if (!store.hasClasses) return query.role === 'catalogue' ? new Set([query.row]) : NOTHING;
  const index = indexes.get(store) ?? indexOf(store);
  const key = JSON.stringify(query.labels);
  const known = index.sets.get(key);
  if (known !== undefined) return known;
  const rows = new Set(query.labels.flatMap((label) => index.rowsByLabel.get(label) ?? []));
  index.sets.set(key, rows);
  return rows;
}

function indexOf(store: PictureStore): Index {
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
