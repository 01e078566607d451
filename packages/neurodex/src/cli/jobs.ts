import type { Device } from '@neurodex/autograd';
import type { Config } from '../config.ts';
import type { Dataset, LicenceNotice, SkippedFile } from '../datasets/dataset.ts';
import type { PresetName } from '../presets/presets.ts';
import type { Reporter } from '../progress.ts';

export type SystemName = 'dsi' | 'pixels';
export type SplitName = 'test' | 'validation';

interface QueryCounts {
  readonly train: number;
  readonly validation: number;
  readonly test: number;
}

export interface CreateIndexOptions {
  readonly dataset: Dataset;
  readonly out: string;
  readonly config: Config;
  readonly seed: number;
  readonly force: boolean;
  readonly device: Device;
  readonly reporter: Reporter;
  readonly signal?: AbortSignal;
}

export interface IndexSummary {
  readonly index: string;
  /** N */
  readonly catalogue: number;
  readonly queries: QueryCounts;
  readonly skipped: readonly SkippedFile[];
  readonly parameters: number;
  readonly steps: number;
  readonly seconds: number;
  readonly validation: Readonly<Record<string, number>>;
}

export interface SearchOptions {
  readonly index: string;
  readonly files: string[];
  readonly k: number;
  readonly system: SystemName;
  readonly device: Device;
  readonly reporter: Reporter;
}

export interface SearchResult {
  readonly results: readonly {
    readonly query: string;
    readonly answers: readonly {
      readonly rank: number;
      readonly identifier: string;
      readonly picture: string;
      readonly label: string | null;
      readonly score: number;
    }[];
  }[];
}

export interface EvaluateOptions {
  readonly index: string;
  readonly systems: SystemName[];
  readonly split: SplitName;
  /** Folder for the TREC files. */
  readonly trec?: string;
  readonly device: Device;
  readonly reporter: Reporter;
}

export interface EvaluationResult {
  readonly catalogue: number;
  readonly queries: number;
  readonly systems: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

export interface InspectOptions {
  readonly index: string;
  readonly verify: boolean;
  readonly reporter: Reporter;
}

export interface Inspection {
  readonly index: string;
  readonly version: number | string;
  readonly created: string;
  readonly seed: number;
  readonly dataset: { readonly name: string; readonly source: string };
  readonly catalogue: number;
  readonly queries: QueryCounts;
  readonly classes: number;
  readonly parameters: number;
  readonly bytes: number;
  readonly config: Config;
  readonly skipped: readonly SkippedFile[];
  readonly notices: readonly LicenceNotice[];
}

export interface DemoOptions {
  readonly out: string;
  readonly concepts: number;
  readonly seed: number;
  readonly preset?: PresetName;
  readonly force: boolean;
  readonly device: Device;
  readonly reporter: Reporter;
  readonly signal?: AbortSignal;
}

export interface DemoResult {
  readonly evaluation: EvaluationResult;
  readonly contactSheet: string;
  readonly learningCurve: string;
  readonly index: string;
  /** A picture file to search with. */
  readonly tryNext: string;
}

/** What the commands call. */
export interface Jobs {
  createIndex(options: CreateIndexOptions): Promise<IndexSummary>;
  searchIndex(options: SearchOptions): Promise<SearchResult>;
  evaluateIndex(options: EvaluateOptions): Promise<EvaluationResult>;
  inspectIndex(options: InspectOptions): Promise<Inspection>;
  runDemo(options: DemoOptions): Promise<DemoResult>;
}

/** Where pictures come from, by the word that a user gives for it. */
export interface Sources {
  folder(path: string): Promise<Dataset>;
  emoji(options: {
    readonly concepts: number;
    readonly seed: number;
    readonly reporter: Reporter;
    readonly signal?: AbortSignal;
  }): Promise<Dataset>;
}

export interface Services {
  readonly jobs: Jobs;
  readonly sources: Sources;
}

/** Loaded when they are called: help, a mistyped flag and a wrong configuration need neither sharp nor ONNX Runtime. */
export const services: Services = {
  jobs: {
    createIndex: async (options) => (await import('../jobs/create-index.ts')).createIndex(options),
    searchIndex: async (options) => (await import('../jobs/search.ts')).searchIndex(options),
    evaluateIndex: async (options) => (await import('../jobs/evaluate-index.ts')).evaluateIndex(options),
    inspectIndex: async (options) => (await import('../jobs/inspect-index.ts')).inspectIndex(options),
    runDemo: async (options) => (await import('../jobs/demo.ts')).runDemo(options),
  },
  sources: {
    folder: async (path) => (await import('../datasets/folder.ts')).openFolder(path),
    emoji: async (options) => (await import('../datasets/emoji.ts')).openEmoji(options),
  },
};
