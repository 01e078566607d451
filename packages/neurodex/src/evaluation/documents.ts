import type { PictureStore } from '../pictures/picture-store.ts';
import type { EvaluationQuery } from './queries.ts';
import { compareNames } from './ranking.ts';

/** The document name of a catalogue row: the picture's path. @throws RangeError when it is no catalogue picture */
export function pathOf(store: PictureStore, row: number): string {
  const picture = store.rows[row];
  if (picture === undefined || picture.role !== 'catalogue') throw new RangeError(`row ${row} is no catalogue picture`);
  return picture.path;
}

/** Judgements of queries: document → 1 for what is relevant. Queries that share a set of rows share the table. */
export function gradesIn(store: PictureStore): (query: EvaluationQuery) => ReadonlyMap<string, number> {
  const tables = new WeakMap<ReadonlySet<number>, ReadonlyMap<string, number>>();
  return ({ relevant }) => {
    let grades = tables.get(relevant);
    if (grades === undefined) {
      grades = new Map(Array.from(relevant, (row) => [pathOf(store, row), 1]));
      tables.set(relevant, grades);
    }
    return grades;
  };
}

const placesOf = new WeakMap<PictureStore, Int32Array>();

/** Place of each row among the document names, descending as `rankAsTrec` breaks ties; −1 for rows that are no document. */
export function namePlaces(store: PictureStore): Int32Array {
  const known = placesOf.get(store);
  if (known !== undefined) return known;
  const places = new Int32Array(store.rows.length).fill(-1);
  [...store.catalogue]
    .sort((a, b) => compareNames(b.path, a.path))
    .forEach(({ row }, place) => {
      places[row] = place;
    });
  placesOf.set(store, places);
  return places;
}
