import type { Progress, Query, ReferencePicture, SearchEngine, SearchResponse, SearchScope } from '../engine.ts';
import { fileKey } from './files.ts';
import { type Resource, useResource } from './resource.ts';
import { parseWords, refusalOf } from './words.ts';

/** The answers to a query; `loading` without one. */
export const useSearch = (
  engine: SearchEngine,
  query: Query | null,
  scope: SearchScope,
  onProgress?: (progress: Progress) => void,
): Resource<SearchResponse> =>
  useResource(query === null ? null : `${keyOf(query)} ${scope.k} ${scope.system}`, async (signal) => {
    if (query === null) throw new TypeError('there is no query');
    return await engine.search(query, scope, signal, onProgress);
  });

/** The query of a picture and of what was typed beside it; null where there is nothing to search for. */
export function queryOf(picture: ReferencePicture | null, typed: string): Query | null {
  const words = parseWords(typed);
  return picture === null && refusalOf(words) !== null ? null : { picture, ...words };
}

function keyOf({ picture, text, minus }: Query): string {
  const name = picture === null ? null : picture.kind === 'picture' ? picture.picture.id : fileKey(picture.file);
  return JSON.stringify([name, text, minus]);
}
