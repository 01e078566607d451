export { visibleName } from '@neurodex/core';
export { RECALL_LEVELS } from '../evaluation/curves.ts';

import { PATHS, type RouteName } from './api/paths.ts';
import type { ProblemCode } from './api/problems.ts';
import type { PathOf, QueryOf, ROUTES } from './api/routes.ts';
import type {
  IndexCard,
  IndexDetails,
  IndexList,
  MeasuredReport,
  Measuring,
  PictureFacts,
  PicturePage,
  Problem,
  Ready,
  SearchResponse,
} from './api/schemas.ts';

export type {
  IdentifierToken,
  IndexCard,
  IndexDetails,
  IndexList,
  MeasuredReport,
  Measuring,
  PictureFacts,
  PicturePage,
  Problem,
  SearchAnswer,
  SearchResponse,
} from './api/schemas.ts';

/** Query parameters as they are given: each may be left out. */
type Given<Name extends keyof typeof ROUTES> = Partial<QueryOf<Name>>;
export type SearchParameters = Given<'search'>;
export type PageParameters = Given<'listPictures'>;

/** A query: the bytes of a picture file, or the id of a picture of a served index. */
export type SearchQuery = Blob | ArrayBuffer | Uint8Array<ArrayBuffer> | { readonly picture: string };

export interface ClientOptions {
  /**
   * Where the server is: `http://127.0.0.1:8080`, or `https://example.org/search` below a path; in a page that it serves, the
   * folder of the page by default.
   */
  readonly server?: string | URL;
  /** Of `neurodex serve --token`. */
  readonly token?: string;
  /** The platform's by default. */
  readonly fetch?: typeof fetch;
}

export interface CallOptions {
  readonly signal?: AbortSignal;
}

/** What the server, or something on the way to it, refused. */
export class ClientError extends Error {
  /** Of the response; 0 when there was none. */
  readonly status: number;
  /** Undefined when the refusal is not the server's own. */
  readonly code: ProblemCode | undefined;
  readonly hint: string | undefined;
  /** Seconds after which it may be tried again. */
  readonly retryAfter: number | undefined;

  constructor(
    message: string,
    options: { status: number; code?: ProblemCode; hint?: string; retryAfter?: number; cause?: unknown },
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'ClientError';
    this.status = options.status;
    this.code = options.code;
    this.hint = options.hint;
    this.retryAfter = options.retryAfter;
  }
}

export interface NeurodexClient {
  indexes(options?: CallOptions): Promise<IndexCard[]>;
  index(id: string, options?: CallOptions): Promise<IndexDetails>;
  pictures(index: string, parameters?: PageParameters, options?: CallOptions): Promise<PicturePage>;
  picture(index: string, row: number, options?: CallOptions): Promise<PictureFacts>;
  /** The measures, or how far measuring is: then ask again after `retryAfter` seconds, or call `measured`. */
  report(index: string, options?: CallOptions): Promise<MeasuredReport | (Measuring & { retryAfter: number })>;
  /** Asks until the measures are there. @param onProgress told how far measuring is */
  measured(
    index: string,
    options?: CallOptions & { readonly onProgress?: (progress: Measuring) => void },
  ): Promise<MeasuredReport>;
  search(query: SearchQuery, parameters?: SearchParameters, options?: CallOptions): Promise<SearchResponse>;
  /** Where `image` or `thumbnail` of a picture is, as seen from here: a proxy may serve it below a path that the server is not told of. */
  address(address: string): string;
  /** The bytes behind `image` or `thumbnail` of a picture; with a token, a page cannot use the address itself. */
  bytes(address: string, options?: CallOptions): Promise<Blob>;
  /** @throws ClientError with the code `draining` and others while it is not */
  ready(options?: CallOptions): Promise<Ready>;
}

/** The API of `neurodex serve`, typed, for Node and for browsers. Every method throws ClientError. */
export function neurodexClient(options: ClientOptions = {}): NeurodexClient {
  const call = caller(options);
  const json = async <T>(response: Promise<Response>): Promise<T> => (await (await response).json()) as T;
  const report = async (index: string, { signal }: CallOptions = {}) => {
    const response = await call('getReport', { path: { index } }, signal);
    const body = (await response.json()) as MeasuredReport | Measuring;
    return body.status === 'measured' ? body : { ...body, retryAfter: retryAfterOf(response) ?? 1 };
  };
  return {
    indexes: async ({ signal } = {}) => (await json<IndexList>(call('listIndexes', {}, signal))).indexes,
    index: (index, { signal } = {}) => json(call('getIndex', { path: { index } }, signal)),
    pictures: (index, query = {}, { signal } = {}) => json(call('listPictures', { path: { index }, query }, signal)),
    picture: (index, row, { signal } = {}) => json(call('getPicture', { path: { index, row } }, signal)),
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
    bytes: async (address, { signal } = {}) => await (await call.fetch(call.resolve(address), {}, signal)).blob(),
    ready: ({ signal } = {}) => json(call('isReady', {}, signal)),
  };
}

type Body = NonNullable<RequestInit['body']>;

interface Call<Name extends RouteName> {
  readonly path?: PathOf<Name>;
  readonly query?: Given<Name>;
  readonly body?: Body;
  readonly type?: string;
}

function caller({ server, token, fetch: given }: ClientOptions) {
  const { href: here } = (globalThis as { location?: { href?: string } }).location ?? {};
  if (server === undefined && here === undefined)
    throw new TypeError('the client must be told where the server is: { server: "http://…" }');
  const base = server === undefined ? new URL('.', here) : folderOf(server);

  const resolve = (address: string): URL => {
    const url = new URL(address, base);
    // The token is for this server alone.
    if (url.origin !== base.origin) throw new TypeError(`${url} is not on the server`);
    // Answers say where a picture is on the server, whose root may be elsewhere from here.
    const [below] = /\/v1\/pictures\/[^/]+(\/thumbnail)?$/.exec(url.pathname) ?? [];
    return below === undefined ? url : new URL(`.${below}${url.search}`, base);
  };

  const request = async (
    url: URL,
    { method = 'GET', body, type }: { method?: string; body?: Body; type?: string },
    signal: AbortSignal | undefined,
  ): Promise<Response> => {
    const send = given ?? globalThis.fetch;
    const headers = {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(type === undefined ? {} : { 'content-type': type }),
    };
    let response: Response;
    try {
      response = await send(url, {
        method,
        headers,
        ...(body === undefined ? {} : { body }),
        ...(signal === undefined ? {} : { signal }),
      });
    } catch (error) {
      if (signal?.aborted) throw error;
      throw new ClientError('the server cannot be reached', {
        status: 0,
        hint: 'see whether neurodex serve runs, and at which address',
        cause: error,
      });
    }
    if (!response.ok) throw await refusal(response);
    return response;
  };

  const call = <Name extends RouteName>(
    name: Name,
    { path = {} as PathOf<Name>, query, body, type }: Call<Name>,
    signal: AbortSignal | undefined,
  ): Promise<Response> => {
    const { method, path: pattern } = PATHS[name];
    const values = path as Readonly<Record<string, string | number>>;
    const address = pattern.replace(/\{(\w+)\}/g, (_, parameter) => encodeURIComponent(String(values[parameter])));
    const search = new URLSearchParams();
    for (const [key, value] of Object.entries(query ?? {})) if (value !== undefined) search.set(key, String(value));
    return request(
      new URL(search.size === 0 ? `.${address}` : `.${address}?${search}`, base),
      { method, ...(body === undefined ? {} : { body }), ...(type === undefined ? {} : { type }) },
      signal,
    );
  };
  return Object.assign(call, { fetch: request, resolve });
}

/** With the slash at its end that has relative addresses lead below it. */
function folderOf(server: string | URL): URL {
  const url = new URL(server);
  return new URL(url.pathname.endsWith('/') ? url.pathname : `${url.pathname}/`, url);
}

function bodyOf(query: SearchQuery): { body: Body; type: string } {
  if (query instanceof Blob || query instanceof ArrayBuffer || ArrayBuffer.isView(query)) {
    return { body: query, type: 'application/octet-stream' };
  }
  return { body: JSON.stringify({ picture: query.picture }), type: 'application/json' };
}

async function refusal(response: Response): Promise<ClientError> {
  const { status } = response;
  const retryAfter = retryAfterOf(response);
  const more = retryAfter === undefined ? {} : { retryAfter };
  const isProblem = response.headers.get('content-type')?.startsWith('application/problem+json');
  const problem = isProblem ? ((await response.json().catch(() => undefined)) as Problem | undefined) : undefined;
  if (problem === undefined) return new ClientError(`the server answered with status ${status}`, { status, ...more });
  const { detail, code, hint } = problem;
  return new ClientError(detail, { status, code, ...(hint === undefined ? {} : { hint }), ...more });
}

function retryAfterOf(response: Response): number | undefined {
  const seconds = Number.parseInt(response.headers.get('retry-after') ?? '', 10);
  return Number.isNaN(seconds) ? undefined : seconds;
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
