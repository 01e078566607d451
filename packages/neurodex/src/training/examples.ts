import type { PictureStore, StoredPicture } from '../pictures/picture-store.ts';
import type { Target } from './objective.ts';

/** A picture of the store as a query, and the catalogue rows that it should give. */
export interface Example extends Target {
  readonly picture: StoredPicture;
  readonly task: 'indexing' | 'retrieval';
}

/** What the retrieval task draws from: queries, and catalogue pictures taken as queries. */
export interface RetrievalExamples {
  readonly queries: readonly Example[];
  readonly selfQueries: readonly Example[];
}

type Relevance = (picture: StoredPicture) => ReadonlySet<number>;

/** Training queries with their relevant catalogue rows. */
export const retrievalQueries = (store: PictureStore, relevantRows: Relevance): Example[] =>
  store.queries('train').flatMap((picture) => {
    const relevant = [...relevantRows(picture)];
    return relevant.length === 0 ? [] : [{ picture, task: 'retrieval' as const, relevant }];
  });

/**
 * Catalogue pictures as queries for themselves and their class-mates. Where a catalogue picture is the query, its own
 * identifier gets the largest target weight, so that the two tasks do not want different things of one picture.
 * @param selfTargetWeight of the picture's own identifier, at least
 */
export const selfQueries = (store: PictureStore, relevantRows: Relevance, selfTargetWeight = 0): Example[] =>
  store.catalogue.map((picture) => {
    const relevant = [...relevantRows(picture)];
    const { row } = picture;
    const alike = !relevant.includes(row) || relevant.length * selfTargetWeight <= 1;
    return { picture, task: 'retrieval', relevant, ...(alike ? {} : { self: { row, weight: selfTargetWeight } }) };
  });

/** Catalogue pictures, each for its own identifier. */
export const indexingExamples = (store: PictureStore): Example[] =>
  store.catalogue.map((picture) => ({ picture, task: 'indexing', relevant: [picture.row] }));
