import { join } from 'node:path';
import { NeurodexError, type Reporter } from '@neurodex/core';
import type { CaptionQueries } from '../evaluation/caption-queries.ts';
import { evaluateSystems } from '../evaluation/compare.ts';
import { judgedCaptions, judgedRelevance } from '../evaluation/judged-captions.ts';
import type { ParsedMeasure } from '../evaluation/registry.ts';
import {
  askableCaptions,
  TEXT_RELEVANCE,
  type TextComparison,
  type TextComparisons,
  type TextRelevanceName,
} from '../evaluation/text-relevance.ts';
import type { Split } from '../pictures/picture-store.ts';
import type { SystemName } from '../query/system.ts';
import type { Index } from '../systems/open-index.ts';
import { refuseUnaccepted, SYSTEMS, systemsFor } from '../systems/systems.ts';
import { measureProbabilities } from './measure-probabilities.ts';

export interface TextPlanOptions {
  readonly systems?: readonly SystemName[] | undefined;
  readonly split: Split;
  /** All that have captions to ask by default. */
  readonly relevance?: TextRelevanceName | undefined;
  readonly measures?: readonly ParsedMeasure[] | undefined;
}

/** What words are asked of an index. */
export interface TextPlan {
  readonly split: Split;
  readonly systems: readonly SystemName[];
  readonly captions: ReadonlyMap<TextRelevanceName, CaptionQueries>;
  /** Those of the protocol of relevance where undefined. */
  readonly measures: readonly ParsedMeasure[] | undefined;
}

const takesText = ({ manifest }: Index, name: SystemName): boolean => SYSTEMS[name].accepts(manifest).includes('text');

/** The systems to ask. @throws NeurodexError `query-unsupported` where none of those that are named takes words */
function textSystems(index: Index, named: readonly SystemName[] | undefined): readonly SystemName[] {
  if (named === undefined) return systemsFor('text', index.manifest);
  const found = named.filter((name) => takesText(index, name));
  const [first] = named;
  if (found.length === 0 && first !== undefined) refuseUnaccepted(first, [{ kind: 'text' }], index.manifest);
  return found;
}

/**
 * What to ask an index in words, where somebody wants that.
 * @throws NeurodexError `query-unsupported`; `usage` where there is no caption to ask, or no measure of the retrieval task
 */
export function planTexts(index: Index, { systems, split, relevance, measures }: TextPlanOptions): TextPlan {
  const retrieval = measures?.filter(({ measure }) => measure.task === 'retrieval');
  if (retrieval?.length === 0 && measures !== undefined) refuseIndexing(measures);
  return {
    split,
    systems: textSystems(index, systems),
    captions: askableCaptions({ ...index, split }, relevance),
    measures: retrieval,
  };
}

/**
 * What to ask an index in words where nobody says: nothing where none of its systems learned to read or was asked for by name, where
 * there is no caption to ask, or where all measures are of the indexing task.
 */
export function defaultTexts(index: Index, options: TextPlanOptions): TextPlan | undefined {
  const { manifest } = index;
  const listed = options.systems ?? manifest.systems;
  const isMeasured = options.measures?.some(({ measure }) => measure.task === 'retrieval') ?? true;
  if (!isMeasured || !listed.some((name) => takesText(index, name))) return undefined;
  try {
    return planTexts(index, options);
  } catch (error) {
    if (error instanceof NeurodexError && error.code === 'usage') return undefined;
    throw error;
  }
}

/** The systems that pictures are shown to. @throws NeurodexError `query-unsupported` where one that is named takes neither */
export function pictureSystems(
  { manifest }: Index,
  named: readonly SystemName[] | undefined,
  plan: TextPlan | undefined,
): readonly SystemName[] {
  if (named === undefined) return systemsFor('picture', manifest);
  const takesPictures = (name: SystemName) => SYSTEMS[name].accepts(manifest).includes('picture');
  const found = named.filter((name) => takesPictures(name) || plan?.systems.includes(name) !== true);
  for (const name of found.length === 0 ? named : found) refuseUnaccepted(name, [{ kind: 'picture' }], manifest);
  return found;
}

/** @throws NeurodexError `usage` for a measure of the indexing task, whose queries are the catalogue pictures */
export function refuseIndexing(measures: readonly ParsedMeasure[]): void {
  const found = measures.find(({ measure }) => measure.task === 'indexing');
  if (found === undefined) return;
  throw new NeurodexError(
    'usage',
    `${found.label} is of the indexing task, whose queries are pictures and never words`,
    {
      hint: `leave out ${found.label}, or ask --queries picture`,
      details: { measure: found.label },
    },
  );
}

/** @throws NeurodexError `usage`, where only pictures are asked */
export function refuseRelevance(relevance: TextRelevanceName): never {
  throw new NeurodexError('usage', `the relevance ${relevance} is of captions, and only pictures are asked`, {
    hint: 'leave out --relevance, or ask --queries text',
    details: { relevance },
  });
}

/** Counts captions that `dsi` does not read to their end, which are told of together. */
export class LongCaptions {
  private count = 0;
  private read = 0;
  readonly onLongText = (read: number): void => {
    this.count++;
    this.read = read;
  };

  warn(reporter: Reporter): void {
    if (this.count > 0) {
      reporter.warn(`of ${this.count} captions, dsi reads the first ${this.read} tokens only (text.tokens)`, {
        captions: this.count,
        read: this.read,
      });
    }
    this.count = 0;
  }
}

export interface MeasureTextsOptions {
  /** Of the intervals; 0 by default. */
  readonly seed?: number;
  /** Folder for TREC files: those of a protocol are in `text-<protocol>`. */
  readonly trec?: string;
  readonly long: LongCaptions;
  readonly reporter: Reporter;
}

/** Measures what was planned. @throws NeurodexError as `evaluateSystems` */
export async function measureTexts(
  index: Index,
  { split, systems, captions, measures }: TextPlan,
  { trec, long, ...options }: MeasureTextsOptions,
): Promise<TextComparisons> {
  const opened = await Promise.all(systems.map((name) => index.system(name)));
  const comparisons: { [Name in TextRelevanceName]?: TextComparison } = {};
  for (const [name, { queries, unreadable, learned }] of captions) {
    warnOfLeftOut({ unreadable, learned }, options.reporter);
    const comparison = await evaluateSystems({
      ...options,
      store: index.store,
      systems: opened,
      queries,
      measures: measures ?? TEXT_RELEVANCE[name].measures,
      ...(trec === undefined ? {} : { trec: join(trec, `text-${name}`) }),
    });
    const judged = name === judgedRelevance(index.store) ? judgedCaptions({ ...index, split }) : [];
    const relevance = await measureProbabilities(index, systems, judged, options.reporter);
    long.warn(options.reporter);
    comparisons[name] = {
      ...comparison,
      leftOut: { unreadable, learned },
      ...(relevance === null ? {} : { relevance }),
    };
  }
  return comparisons;
}

/** Says how many captions are not asked, and why. */
export function warnOfLeftOut({ unreadable, learned }: TextComparison['leftOut'], reporter: Reporter): void {
  if (unreadable > 0) {
    reporter.warn(`${unreadable} captions are empty or no text, and are not asked`, { unreadable });
  }
  if (learned > 0) {
    reporter.warn(
      `${learned} captions are withheld, and learned all the same, because another picture has the same words: they are not asked`,
      { learned },
    );
  }
}
