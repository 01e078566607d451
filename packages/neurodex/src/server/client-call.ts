import { PATHS, type RouteName } from './api/paths.ts';
import type { PathOf, QueryOf } from './api/routes.ts';
import { ClientError, refusal } from './client-error.ts';

/** Query parameters as they are given: each may be left out. */
export type Given<Name extends RouteName> = Partial<QueryOf<Name>>;

/** Which server is called, and how. */
export interface ClientOptions {
  /**
   * Where the server is: `http://127.0.0.1:8080`, or `https://example.org/search` below a path; in a page that it serves, the
   * folder of the page by default.
   */
  readonly server?: string | URL;
  /** Of `neurodex serve --token`, or of `--write-token`. */
  readonly token?: string;
  /** The platform's by default. */
  readonly fetch?: typeof fetch;
}

export type Body = NonNullable<RequestInit['body']>;

/** What is sent with a call. */
interface Sent {
  readonly body?: Body;
  /** Media type of the body. */
  readonly type?: string;
  /** Whether it is sent even where the page is left meanwhile. */
  readonly keepalive?: boolean;
}

export interface Call<Name extends RouteName> extends Sent {
  readonly path?: PathOf<Name> & PathValues;
  readonly query?: Given<Name>;
}

type PathValues = Readonly<Record<string, string | number>>;

export interface Caller {
  /** @throws ClientError */
  <Name extends RouteName>(name: Name, call: Call<Name>, signal: AbortSignal | undefined): Promise<Response>;
  /** An address of the server, as seen from here. @throws TypeError for one of another server */
  resolve(address: string): URL;
  /** @throws ClientError */
  get(url: URL, signal: AbortSignal | undefined): Promise<Response>;
}

/** Calls the routes of one server. @throws TypeError where nothing says where it is */
export function caller(options: ClientOptions): Caller {
  const base = baseOf(options.server);
  const request = requester(options);
  const call = <Name extends RouteName>(
    name: Name,
    { path, query = {}, ...sent }: Call<Name>,
    signal: AbortSignal | undefined,
  ): Promise<Response> => {
    const { method, path: pattern } = PATHS[name];
    return request(new URL(`.${addressOf(pattern, path ?? {}, query)}`, base), { method, ...sent }, signal);
  };
  return Object.assign(call, {
    resolve: (address: string) => resolveBelow(base, address),
    get: (url: URL, signal: AbortSignal | undefined) => request(url, { method: 'GET' }, signal),
  });
}

function requester({ token, fetch: given }: ClientOptions) {
  return async (
    url: URL,
    { method, body, type, keepalive = false }: Sent & { readonly method: string },
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
        ...(keepalive ? { keepalive } : {}),
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
}

function addressOf(pattern: string, path: PathValues, query: Readonly<Record<string, unknown>>): string {
  const address = pattern.replace(/\{(\w+)\}/g, (_, parameter) => encodeURIComponent(String(path[parameter])));
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) {
    const values: readonly unknown[] = Array.isArray(value) ? value : [value];
    for (const each of values) if (each !== undefined) search.append(key, String(each));
  }
  return search.size === 0 ? address : `${address}?${search}`;
}

function resolveBelow(base: URL, address: string): URL {
  const url = new URL(address, base);
  // The token is for this server alone.
  if (url.origin !== base.origin) throw new TypeError(`${url} is not on the server`);
  // Answers say where a picture is on the server, whose root may be elsewhere from here.
  const [below] = /\/v1\/pictures\/[^/]+(\/thumbnail)?$/.exec(url.pathname) ?? [];
  return below === undefined ? url : new URL(`.${below}${url.search}`, base);
}

function baseOf(server: string | URL | undefined): URL {
  if (server !== undefined) return folderOf(server);
  const { href: here } = (globalThis as { location?: { href?: string } }).location ?? {};
  if (here === undefined) throw new TypeError('the client must be told where the server is: { server: "http://…" }');
  return new URL('.', here);
}

/** With the slash at its end that has relative addresses lead below it. */
function folderOf(server: string | URL): URL {
  const url = new URL(server);
  return new URL(url.pathname.endsWith('/') ? url.pathname : `${url.pathname}/`, url);
}
