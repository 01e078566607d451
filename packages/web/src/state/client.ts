import type { IndexCard, IndexDetails, Measuring, PictureFilter, PicturePage, Report } from '../api.ts';
import { EngineError, type Picture, type Query, type SearchResponse } from '../engine.ts';

/** The HTTP API of the server that sent the page. Every call throws EngineError. */
export interface Client {
  indexes(signal?: AbortSignal): Promise<readonly IndexCard[]>;
  index(id: string, signal?: AbortSignal): Promise<IndexDetails>;
  pictures(index: string, filter: PictureFilter, signal?: AbortSignal): Promise<PicturePage>;
  /** @param id `<index>.<row>` */
  picture(id: string, signal?: AbortSignal): Promise<Picture>;
  /** Asks until the measures are there. */
  measured(
    index: string,
    options: { readonly signal: AbortSignal; readonly onProgress: (progress: Measuring) => void },
  ): Promise<Report>;
  search(index: string, query: Query, k: number, signal?: AbortSignal): Promise<SearchResponse>;
}

/** @param token of `neurodex serve --token` */
export function createClient(token: string | null): Client {
  const ask = async (path: string, init: RequestInit): Promise<Response> => {
    const headers = new Headers(init.headers);
    if (token !== null) headers.set('authorization', `Bearer ${token}`);
    let response: Response;
    try {
      response = await fetch(`/v1/${path}`, { ...init, headers });
    } catch (error) {
      if (init.signal?.aborted === true) throw error;
      throw new EngineError('unreachable', 'the server does not answer', {
        hint: 'is `neurodex serve` still running?',
        cause: error,
      });
    }
    if (!response.ok) throw await problemOf(response);
    return response;
  };
  const get = async <T>(path: string, signal?: AbortSignal): Promise<T> =>
    (await (await ask(path, { signal: signal ?? null })).json()) as T;
  return {
    indexes: async (signal) => (await get<{ indexes: IndexCard[] }>('indexes', signal)).indexes,
    index: (id, signal) => get(`indexes/${encodeURIComponent(id)}`, signal),
    pictures: (index, { role, label, offset, limit }, signal) => {
      const asked = new URLSearchParams({ offset: String(offset), limit: String(limit) });
      if (role !== null) asked.set('role', role);
      if (label !== null) asked.set('label', label);
      return get(`indexes/${encodeURIComponent(index)}/pictures?${asked}`, signal);
    },
    picture: (id, signal) => {
      const dot = id.lastIndexOf('.');
      return get(
        `indexes/${encodeURIComponent(id.slice(0, dot))}/pictures/${encodeURIComponent(id.slice(dot + 1))}`,
        signal,
      );
    },
    measured: async (index, { signal, onProgress }) => {
      for (;;) {
        const response = await ask(`indexes/${encodeURIComponent(index)}/report`, { signal });
        const body = (await response.json()) as Report | Measuring;
        if (response.status !== 202) return body as Report;
        onProgress(body as Measuring);
        await new Promise((resolve) => setTimeout(resolve, 1000 * (Number(response.headers.get('retry-after')) || 1)));
      }
    },
    search: async (index, query, k, signal) => {
      const asked = new URLSearchParams({ index, k: String(k), explain: 'true' });
      const sent: RequestInit =
        query.kind === 'file'
          ? { body: query.file, headers: { 'content-type': 'application/octet-stream' } }
          : { body: JSON.stringify({ picture: query.picture.id }), headers: { 'content-type': 'application/json' } };
      const response = await ask(`search?${asked}`, { method: 'POST', ...sent, signal: signal ?? null });
      return (await response.json()) as SearchResponse;
    },
  };
}

/** A refusal, in the server's words where it gave some (RFC 9457). */
async function problemOf(response: Response): Promise<EngineError> {
  const said = (await response.json().catch(() => ({}))) as { title?: unknown; detail?: unknown; code?: unknown };
  const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);
  const message = text(said.detail) ?? text(said.title) ?? `the server answered with status ${response.status}`;
  const wait = Number(response.headers.get('retry-after'));
  return new EngineError(text(said.code) ?? `status-${response.status}`, message, {
    status: response.status,
    ...(response.status === 503 || response.status === 429
      ? { hint: `it is busy; try again in ${wait > 0 ? `${wait} s` : 'a moment'}` }
      : {}),
  });
}
