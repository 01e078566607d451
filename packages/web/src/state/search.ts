import type { Query, SearchEngine, SearchResponse } from '../engine.ts';
import { type Resource, useResource } from './resource.ts';

/** The answers to a query; `loading` without one. */
export const useSearch = (engine: SearchEngine, query: Query | null, k: number): Resource<SearchResponse> =>
  useResource(query === null ? null : `${keyOf(query)} ${k}`, async (signal) => {
    if (query === null) throw new TypeError('there is no query');
    return await engine.search(query, k, signal);
  });

/** Two files may share a name, so each gets a number. */
const fileNumbers = new WeakMap<File, number>();
let files = 0;

function keyOf(query: Query): string {
  if (query.kind === 'picture') return query.picture.id;
  const number = fileNumbers.get(query.file) ?? ++files;
  fileNumbers.set(query.file, number);
  return `file ${number}`;
}
