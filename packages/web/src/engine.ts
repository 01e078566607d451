import type { IdentifierToken, PictureFacts, SearchAnswer, SearchResponse } from 'neurodex/client';

/**
 * The search behind a page. Two engines implement it: the client of a server's HTTP API (state/api-engine.ts), and the
 * engine that runs in the browser (browser/). Components search through this interface alone.
 */
export interface SearchEngine {
  /**
   * Opens the index and describes it.
   * @param onProgress called while large files are loading
   * @throws EngineError
   */
  describe(onProgress?: (progress: Progress) => void): Promise<EngineDescription>;
  /**
   * The answers of each system, best first; the first answers of `dsi` come with their tokens where attention can be shown.
   * @param onProgress called while large files are loading that the first search needs
   * @throws EngineError, or the signal's reason
   */
  search(
    query: Query,
    scope: SearchScope,
    signal?: AbortSignal,
    onProgress?: (progress: Progress) => void,
  ): Promise<SearchResponse>;
}

/** How much is asked for. */
export interface SearchScope {
  /** Answers per system, 1 or more. */
  readonly k: number;
  /** The one system that answers; null: all that take the query. */
  readonly system: SystemName | null;
}

export interface Progress {
  /** In words: `Loading the model`. */
  readonly activity: string;
  /** Bytes. */
  readonly done: number;
  /** Bytes; undefined where it is unknown. */
  readonly total?: number;
}

export interface EngineDescription {
  /** Name of the index. */
  readonly name: string;
  readonly dataset: { readonly name: string; readonly source: string };
  /** What answers pictures. */
  readonly systems: readonly SystemName[];
  /** What answers words; empty where nothing does. */
  readonly textSystems: readonly SystemName[];
  /** N, catalogue pictures. */
  readonly catalogue: number;
  /** Patches along one side of a picture, √P; null without a network, or where it reads no patches. */
  readonly patchesPerSide: number | null;
  /** A few pictures to try; may be empty. */
  readonly samples: readonly Picture[];
  /** Where searches run, in words: `on this server`, `in this browser, on WebGPU`. */
  readonly runs: string;
}

/** A picture, words, or both together. */
export interface Query {
  /** Null where words are searched with alone. */
  readonly picture: ReferencePicture | null;
  /** Beside a picture they are added to it; empty where there are none. */
  readonly text: string;
  /** Words that are taken away from the picture and the text. */
  readonly minus: readonly string[];
}

/** A picture from the visitor’s device, or one of the index: the reference image of composed image retrieval. */
export type ReferencePicture =
  | { readonly kind: 'file'; readonly file: File }
  | { readonly kind: 'picture'; readonly picture: Picture };

/** Engines answer in the types of the HTTP API; its OpenAPI document gives shapes and units. */
export type { IdentifierToken, SearchResponse };
export type Picture = PictureFacts;
export type Role = Picture['role'];
export type Answer = SearchAnswer;
export type SystemAnswers = SearchResponse['results'][number];
export type SystemName = SystemAnswers['system'];

/** A failure, in words for people. */
export class EngineError extends Error {
  /** A code of the API's problems, such as `not-a-picture` or `too-large`; `unreachable` where there was no response. */
  readonly code: string;
  /** How to put it right. */
  readonly hint: string | undefined;
  /** Of the HTTP response, where there was one. */
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
