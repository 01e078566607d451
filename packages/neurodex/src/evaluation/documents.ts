import type { Catalogue } from '../catalogue/catalogue.ts';
import type { EvaluationQuery } from './queries.ts';
import { compareNames } from './ranking.ts';

/** The document name of a catalogue row: the picture's path. @throws RangeError when it is no catalogue picture */
export function pathOf(catalogue: Catalogue, row: number): string {
  const picture = catalogue.pictures[row];
  if (picture === undefined || picture.role !== 'catalogue') throw new RangeError(`row ${row} is no catalogue picture`);
  return picture.path;
}

/** Judgements of queries: document → 1 for what is relevant. Queries that share a set of rows share the table. */
export function gradesIn(catalogue: Catalogue): (query: EvaluationQuery) => ReadonlyMap<string, number> {
  const tables = new WeakMap<ReadonlySet<number>, ReadonlyMap<string, number>>();
  return ({ relevant }) => {
    let grades = tables.get(relevant);
    if (grades === undefined) {
      grades = new Map(Array.from(relevant, (row) => [pathOf(catalogue, row), 1]));
      tables.set(relevant, grades);
    }
    return grades;
  };
}

const placesOf = new WeakMap<Catalogue, Int32Array>();

/** Place of each row among the document names, descending as `rankAsTrec` breaks ties; −1 for rows that are no document. */
export function namePlaces(catalogue: Catalogue): Int32Array {
  const known = placesOf.get(catalogue);
  if (known !== undefined) return known;
  const places = new Int32Array(catalogue.pictures.length).fill(-1);
  catalogue.pictures
    .filter(({ role }) => role === 'catalogue')
    .sort((a, b) => compareNames(b.path, a.path))
    .forEach(({ row }, place) => {
      places[row] = place;
    });
  placesOf.set(catalogue, places);
  return places;
}
