import type { IdentifierToken, PictureFacts, SearchAnswer, SearchResponse } from 'neurodex/client';

/**
 * What a page searches with. Two engines implement it: the client of a server's HTTP API (state/api-engine.ts), and the
 * one that runs in the browser itself (browser/). Components know no other way to search.
 */
export interface SearchEngine {
  /**
   * Gets ready and says what is searched.
   * @param onProgress told while large files are being read
   * @throws EngineError
   */
  describe(onProgress?: (progress: Progress) => void): Promise<EngineDescription>;
  /**
   * The answers of every system, each best first; those of `dsi` with their tokens, where they can be had.
   * @param k answers of each system, 1 or more
   * @throws EngineError, or the signal's reason
   */
  search(query: Query, k: number, signal?: AbortSignal): Promise<SearchResponse>;
}

export interface Progress {
  /** What is being waited for, in words. */
  readonly what: string;
  readonly done: number;
  /** Undefined where it is not known. */
  readonly total?: number;
}

export interface EngineDescription {
  /** Name of the index. */
  readonly name: string;
  readonly dataset: { readonly name: string; readonly source: string };
  readonly systems: readonly SystemName[];
  /** N, catalogue pictures. */
  readonly catalogue: number;
  /** Patches along one side of a picture, √P; null without a network. */
  readonly patchesPerSide: number | null;
  /** A few pictures to try, where there are some. */
  readonly samples: readonly Picture[];
  /** Where searches run, in words: `on this server`, `in this browser, on WebGPU`. */
  readonly runs: string;
}

/** A picture from the visitor's machine, or one of the index. */
export type Query =
  | { readonly kind: 'file'; readonly file: File }
  | { readonly kind: 'picture'; readonly picture: Picture };

/** What engines answer with is what the HTTP API answers with; shapes and units stand in its OpenAPI document. */
export type { IdentifierToken, SearchResponse };
export type Picture = PictureFacts;
export type Role = Picture['role'];
export type Answer = SearchAnswer;
export type SystemAnswers = SearchResponse['results'][number];
export type SystemName = SystemAnswers['system'];

/** What went wrong, in words for people. */
export class EngineError extends Error {
  /** As in the API's problems: `not-a-picture`, `too-large` …; `unreachable` where nothing answered. */
  readonly code: string;
  /** What to do about it. */
  readonly hint: string | undefined;
  /** Of the HTTP answer, where there was one. */
  readonly status: number | undefined;

  constructor(code: string, message: string, options: EngineErrorOptions = {}) {
    super(message, { cause: options.cause });
    this.name = 'EngineError';
    this.code = code;
    this.hint = options.hint;
    this.status = options.status;
  }
}

export interface EngineErrorOptions {
  readonly hint?: string;
  readonly status?: number;
  readonly cause?: unknown;
}
