import type { Reporter } from '@neurodex/core';
import type { Downloads } from '../download/downloads.ts';
import type { CocoSplit, CocoYear } from './coco/options.ts';
import type { LabelSource } from './folder/label-sources.ts';
import type { ColumnFlags } from './label-columns.ts';
import type { DatasetRules } from './rules.ts';

/** How many concepts the emoji show by default. */
export const DEFAULT_CONCEPTS = 64;

/** What a data set is told when it is opened. */
export interface OpenDatasetRequest extends ColumnFlags {
  /** What the user named; it stands in the index. */
  readonly source: string;
  /** A local copy: folder, archive or file. Not there: it is downloaded, or found where the system keeps it. */
  readonly from?: string;
  /** With `emoji`: how many concepts. */
  readonly concepts?: number;
  /** With `coco`: its year. */
  readonly cocoYear?: CocoYear;
  /** With `coco`: its part. */
  readonly cocoSplit?: CocoSplit;
  /** Of a folder: at which level the class is, from 1; 0: no classes. */
  readonly classLevel?: number;
  /** Of a folder: where the labels come from. */
  readonly labels?: LabelSource;
  /** The rules that will be applied: a remote data set reads no more than they need. */
  readonly rules: DatasetRules;
  /** Of what is drawn. */
  readonly seed: number;
  /** Where downloads and unpacked archives are kept. */
  readonly cache: string;
  /** Settings of downloads. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** What fetches files. */
  readonly downloads: () => Downloads;
  /** Told how far it is. */
  readonly reporter: Reporter;
  /** Ends it. */
  readonly signal?: AbortSignal;
}
