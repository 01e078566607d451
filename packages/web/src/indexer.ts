import type { SkippedFile } from '@neurodex/datasets/skipped';
import type { SearchEngine } from './engine.ts';

/** Indexes the visitor's own pictures. Components do so through this interface alone; `indexing/` implements it. */
export interface PictureIndexer {
  /** What limits this browser, in words; null where nothing does. */
  readonly limit: string | null;
  /** The index that this browser keeps; null where there is none. @throws EngineError */
  stored(): Promise<StoredIndex | null>;
  /**
   * Indexes pictures, and keeps the index in the place of the one before.
   * @throws EngineError, or the signal's reason
   */
  index(
    files: {
      readonly pictures: readonly ChosenFile[];
      /** Those that are no pictures by name. */
      readonly skipped: readonly LeftOut[];
      /** That all of them lie in; null where there is none, or several. */
      readonly folder: string | null;
    },
    options: {
      readonly signal: AbortSignal;
      readonly onProgress: (progress: IndexingProgress) => void;
      /** Called when a build fails, with the notices that it gave before. */
      readonly onFailed: (notices: BuildNotices) => void;
    },
  ): Promise<StoredIndex>;
}

/** A file that the visitor chose. */
export interface ChosenFile {
  /** Below the folder that was chosen, with / between folders. */
  readonly path: string;
  readonly labels: readonly string[];
  readonly file: File;
}

/** How far indexing is. */
export interface IndexingProgress {
  /** In words: `Learning to see`. */
  readonly activity: string;
  readonly done: number;
  /** Undefined while it is unknown. */
  readonly total: number | undefined;
  /** What is counted, in the plural. */
  readonly unit: string;
  /** Units a second; undefined while too little has been seen. */
  readonly rate: number | undefined;
  /** Seconds until this activity ends, at that rate. */
  readonly left: number | undefined;
  /** Files that were skipped so far. */
  readonly skipped: number;
}

/** A file that was skipped, and why. */
export interface LeftOut extends SkippedFile {
  /** What can be done about it. */
  readonly advice?: string | undefined;
}

/** What a build tells beside its index. */
export interface BuildNotices {
  /** As `neurodex index` words them. */
  readonly warnings: readonly string[];
  readonly skipped: readonly LeftOut[];
}

/** An index that this browser keeps. */
export interface StoredIndex extends BuildNotices {
  readonly name: string;
  /** The folder of the pictures; null where they were chosen one by one. */
  readonly folder: string | null;
  /** ISO 8601. */
  readonly created: string;
  /** N */
  readonly pictures: number;
  /** Share of pictures that are their own first answer, as it was measured. */
  readonly accuracy: number | null;
  /** That building it took. */
  readonly seconds: number;
  /** Of its files. */
  readonly bytes: number;
  /** Where it was trained, in words. */
  readonly trained: string;
  readonly engine: SearchEngine;
  /** The folder of the index as a ZIP archive. */
  archive(): Promise<{ readonly name: string; readonly content: Blob }>;
  /** Deletes it from this browser. */
  remove(): Promise<void>;
}
