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
   * The answers of every system, each best first; those of `dsi` with their digits, where they can be had.
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

export type SystemName = 'dsi' | 'bovw' | 'pixels';
export type Role = 'catalogue' | 'train' | 'validation' | 'test';

export interface Picture {
  readonly id: string;
  readonly row: number;
  readonly name: string;
  readonly labels: readonly string[];
  readonly role: Role;
  /** Of a catalogue picture, where identifiers were given. */
  readonly identifier: string | null;
  /** Addresses, absolute or relative to the page. */
  readonly thumbnail: string;
  readonly image: string;
}

/** One digit of an identifier as the DSI wrote it. */
export interface Digit {
  readonly token: string;
  /** Given the digits before it, among those that the trie allows there. */
  readonly probability: number;
  /** Share of each patch in what was seen of the picture, [P], row by row; adds up to 1. */
  readonly attention: readonly number[];
}

export interface Answer {
  /** From 1. */
  readonly rank: number;
  readonly picture: Picture;
  /** Higher is better: a log-probability for `dsi`, a cosine for the baselines. */
  readonly score: number;
  /** Null where the query's labels are not known. */
  readonly relevant: boolean | null;
  /** Of `dsi`, for the first answers at least. */
  readonly digits?: readonly Digit[];
}

export interface SystemAnswers {
  readonly system: SystemName;
  readonly seconds: number;
  readonly answers: readonly Answer[];
}

export interface SearchResponse {
  /** Id of the index. */
  readonly index: string;
  readonly k: number;
  readonly query: { readonly picture: string | null; readonly labels: readonly string[] | null };
  readonly results: readonly SystemAnswers[];
}

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
