import {
  type Addition,
  ClientError,
  type IndexCard,
  type IndexDetails,
  type MeasuredReport,
  type Measuring,
  neurodexClient,
  type PageParameters,
  type PicturePage,
  type SearchParameters,
  type SearchQuery,
} from 'neurodex/client';
import { EngineError, type Picture, type Query, type SearchResponse, type SearchScope } from '../engine.ts';

/** The API of the server that served the page. Every call throws EngineError, or the signal's reason. */
export interface Client {
  indexes(signal: AbortSignal): Promise<readonly IndexCard[]>;
  index(id: string, signal?: AbortSignal): Promise<IndexDetails>;
  pictures(index: string, parameters: PageParameters, signal?: AbortSignal): Promise<PicturePage>;
  /** @param id `<index>.<number>` */
  picture(id: string, signal: AbortSignal): Promise<Picture>;
  /** Polls the server until the measures are there. */
  measured(
    index: string,
    options: { readonly signal: AbortSignal; readonly onProgress: (progress: Measuring) => void },
  ): Promise<MeasuredReport>;
  /** Adds picture files. @param token for writing */
  add(index: string, files: readonly File[], labels: readonly string[], token: string): Promise<Addition>;
  /** Removes a picture, even where the page is left meanwhile. @param token for writing */
  remove(index: string, id: string, token: string): Promise<void>;
  search(index: string, query: Query, scope: SearchScope, signal?: AbortSignal): Promise<SearchResponse>;
  /** An address of a picture as the page can use it, below whatever path a proxy serves the server. */
  address(address: string): string;
  /** The bytes behind an address of a picture. */
  bytes(address: string, signal: AbortSignal): Promise<Blob>;
}

/** @param token of `neurodex serve --token` */
export function createClient(token: string | null): Client {
  const api = neurodexClient(token === null ? {} : { token });
  const optional = (signal: AbortSignal | undefined) => (signal === undefined ? {} : { signal });
  return {
    indexes: (signal) => engineErrors(api.indexes({ signal })),
    index: (id, signal) => engineErrors(api.index(id, optional(signal))),
    pictures: (index, parameters, signal) => engineErrors(api.pictures(index, parameters, optional(signal))),
    picture(id, signal) {
      const [, index = ''] = /^(.*)\.\d+$/.exec(id) ?? [];
      if (index === '') return Promise.reject(new EngineError('picture-unknown', `no picture has the id ${id}`));
      return engineErrors(api.picture(index, id, { signal }));
    },
    measured: (index, options) => engineErrors(api.measured(index, options)),
    add: (index, files, labels, writing) => {
      const pictures = files.map((file) => ({ name: file.name, file }));
      return engineErrors(neurodexClient({ token: writing }).addPictures(index, pictures, { labels }));
    },
    async remove(index, id, writing) {
      await engineErrors(neurodexClient({ token: writing }).removePicture(index, id, { keepalive: true }));
    },
    search(index, query, { k, system }, signal) {
      const chosen = system === null ? {} : { system: [system] };
      return engineErrors(api.search(...sentOf(query, { index, k, explain: true, ...chosen }), optional(signal)));
    },
    address: (address) => api.address(address),
    bytes: (address, signal) => engineErrors(api.bytes(address, { signal })),
  };
}

/** A query as the API takes it: words are added to a picture, and are the query themselves where there is none. */
function sentOf({ picture, text, minus }: Query, others: SearchParameters): [SearchQuery, SearchParameters] {
  const parameters = { ...others, minus: [...minus] };
  if (picture === null) return [{ text }, parameters];
  const body = picture.kind === 'file' ? picture.file : { picture: picture.picture.id };
  return [body, text === '' ? parameters : { ...parameters, plus: [text] }];
}

/** Turns the client's errors into those that pages show. */
async function engineErrors<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (!(error instanceof ClientError)) throw error;
    const { status, message, retryAfter } = error;
    const again = retryAfter === undefined ? undefined : `try again in ${retryAfter} s`;
    const hint = error.hint ?? again;
    throw new EngineError(error.code ?? (status === 0 ? 'unreachable' : `status-${status}`), message, {
      status,
      cause: error,
      ...(hint === undefined ? {} : { hint }),
    });
  }
}
