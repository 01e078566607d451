export { visibleName } from '@neurodex/core';
export { ACCEPTED_FILES } from '@neurodex/datasets/formats';
export { RECALL_LEVELS } from '../evaluation/curves.ts';

import type {
  Addition,
  IndexCard,
  IndexDetails,
  IndexList,
  MeasuredReport,
  Measuring,
  PictureFacts,
  PicturePage,
  Ready,
  Removal,
  SearchByJson,
  SearchResponse,
} from './api/schemas.ts';
import { type Body, type ClientOptions, caller, type Given } from './client-call.ts';
import { readJson, retryAfterOf } from './client-error.ts';

export type { ProblemCode } from './api/problems.ts';
export type {
  Addition,
  IdentifierToken,
  IndexCard,
  IndexDetails,
  IndexList,
  MeasuredReport,
  Measuring,
  PictureFacts,
  PicturePage,
  Problem,
  Ready,
  Removal,
  SearchAnswer,
  SearchByJson,
  SearchResponse,
} from './api/schemas.ts';
export type { ClientOptions, Given } from './client-call.ts';
export { ClientError } from './client-error.ts';

/** How many answers, of which systems, and which: those of the route. */
export type SearchParameters = Given<'search'>;

/** Which pictures are listed: those of the route. */
export type PageParameters = Given<'listPictures'>;

/** A query: the bytes of a picture file, the id of a picture of a served index, or words. */
export type SearchQuery = Blob | ArrayBuffer | Uint8Array<ArrayBuffer> | SearchByJson;

/** How a call is stopped. */
export interface CallOptions {
  /** Ends the call. */
  readonly signal?: AbortSignal;
}

/** A picture file and the name that the index gets it under. */
export interface NamedPicture {
  /** That it gets in the index. */
  readonly name: string;
  /** Its bytes. */
  readonly file: Blob;
}

/** How pictures are added. */
export interface AddOptions extends CallOptions {
  /** Of all the pictures. */
  readonly labels?: readonly string[];
}

/** How a picture is removed. */
export interface RemoveOptions extends CallOptions {
  /** Whether the page that asks may be left before the answer. */
  readonly keepalive?: boolean;
}

/** What the API of a server offers. */
export interface NeurodexClient {
  /** The indexes that are served. */
  indexes(options?: CallOptions): Promise<IndexCard[]>;
  /** All that is known of an index. */
  index(id: string, options?: CallOptions): Promise<IndexDetails>;
  /** A page of the pictures of an index. */
  pictures(index: string, parameters?: PageParameters, options?: CallOptions): Promise<PicturePage>;
  /** What is known of a picture. @param picture its id */
  picture(index: string, picture: string, options?: CallOptions): Promise<PictureFacts>;
  /** Adds picture files, by their names; searches find them when it answers `served`. Needs the token for writing. */
  addPictures(index: string, pictures: readonly NamedPicture[], options?: AddOptions): Promise<Addition>;
  /** Removes a picture; no search returns it from then on. Needs the token for writing. @param picture its id */
  removePicture(index: string, picture: string, options?: RemoveOptions): Promise<Removal>;
  /** The measures, or how far measuring is: then ask again after `retryAfter` seconds, or call `measured`. */
  report(index: string, options?: CallOptions): Promise<MeasuredReport | (Measuring & { retryAfter: number })>;
  /** Asks until the measures are there; `onProgress` is told how far measuring is. */
  measured(
    index: string,
    options?: CallOptions & { readonly onProgress?: (progress: Measuring) => void },
  ): Promise<MeasuredReport>;
  /** Searches for a picture, or words. */
  search(query: SearchQuery, parameters?: SearchParameters, options?: CallOptions): Promise<SearchResponse>;
  /** Where `image` or `thumbnail` of a picture is, as seen from here: a proxy may serve it below a path that the server is not told of. */
  address(address: string): string;
  /** The bytes behind `image` or `thumbnail` of a picture; with a token, a page cannot use the address itself. */
  bytes(address: string, options?: CallOptions): Promise<Blob>;
  /** That the server answers searches. @throws ClientError with the code `draining` and others while it is not */
  ready(options?: CallOptions): Promise<Ready>;
}

/**
 * The API of `neurodex serve`, typed, for Node and for browsers. Every method throws ClientError.
 * @example
 * ```ts
 * import { serveIndexes } from 'neurodex';
 * import { neurodexClient } from 'neurodex/client';
 *
 * await using server = await serveIndexes({ indexes: ['pets'] });
 * const client = neurodexClient({ server: server.address });
 * const { results } = await client.search({ text: 'cat' }, { k: 3 });
 * console.log(results.length > 0); // → true
 * ```
 */
export function neurodexClient(options: ClientOptions = {}): NeurodexClient {
  const call = caller(options);
  const json = async <T>(response: Promise<Response>): Promise<T> => readJson(await response);
  const report = async (index: string, { signal }: CallOptions = {}) => {
    const response = await call('getReport', { path: { index } }, signal);
    const body = await readJson<MeasuredReport | Measuring>(response);
    return body.status === 'measured' ? body : { ...body, retryAfter: retryAfterOf(response) ?? 1 };
  };
  return {
    indexes: async ({ signal } = {}) => (await json<IndexList>(call('listIndexes', {}, signal))).indexes,
    index: (index, { signal } = {}) => json(call('getIndex', { path: { index } }, signal)),
    pictures: (index, query = {}, { signal } = {}) => json(call('listPictures', { path: { index }, query }, signal)),
    picture: (index, picture, { signal } = {}) => json(call('getPicture', { path: { index, picture } }, signal)),
    addPictures(index, pictures, { labels = [], signal } = {}) {
      const body = new FormData();
      for (const label of labels) body.append('labels', label);
      for (const { name, file } of pictures) body.append('picture', file, name);
      return json(call('addPictures', { path: { index }, body }, signal));
    },
    removePicture: (index, picture, { signal, keepalive = false } = {}) =>
      json(call('removePicture', { path: { index, picture }, keepalive }, signal)),
    report,
    async measured(index, { signal, onProgress } = {}) {
      for (;;) {
        const found = await report(index, signal === undefined ? {} : { signal });
        if (found.status === 'measured') return found;
        onProgress?.(found);
        await pause(found.retryAfter, signal);
      }
    },
    search: (query, parameters = {}, { signal } = {}) =>
      json(call('search', { query: parameters, ...bodyOf(query) }, signal)),
    address: (address) => call.resolve(address).href,
    bytes: async (address, { signal } = {}) => await (await call.get(call.resolve(address), signal)).blob(),
    ready: ({ signal } = {}) => json(call('isReady', {}, signal)),
  };
}

function bodyOf(query: SearchQuery): { body: Body; type: string } {
  if (query instanceof Blob || query instanceof ArrayBuffer || ArrayBuffer.isView(query)) {
    return { body: query, type: 'application/octet-stream' };
  }
  return { body: JSON.stringify(query), type: 'application/json' };
}

const pause = (seconds: number, signal: AbortSignal | undefined): Promise<void> =>
  new Promise((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, 1000 * seconds);
    if (signal?.aborted) stop();
    signal?.addEventListener('abort', stop, { once: true });
  });
