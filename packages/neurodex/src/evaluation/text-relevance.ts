import { NeurodexError } from '@neurodex/core';
import type { PictureStore, Split } from '../pictures/picture-store.ts';
import type { Withholding } from '../pictures/withheld-captions.ts';
import type { RelevanceMeasures } from './calibration/relevance-measures.ts';
import { allCaptions, type CaptionQueries, withheldOnes } from './caption-queries.ts';
import type { Comparison } from './compare.ts';
import { type ParsedMeasure, parseMeasure } from './registry.ts';
import { relevantRows } from './relevance.ts';

/** What can be relevant to a caption. */
export const TEXT_RELEVANCE_NAMES = ['captioned', 'shared'] as const;

/** What is relevant to a caption: the captioned picture alone, or all that share a label with it. */
export type TextRelevanceName = (typeof TEXT_RELEVANCE_NAMES)[number];

/** Captions that are not asked. */
export interface LeftOutCaptions {
  /** Empty, or no text. */
  readonly unreadable: number;
  /** Learned with another picture that has the same words. */
  readonly learned: number;
}

/** Systems side by side over the same captions. */
export interface TextComparison extends Comparison {
  /** Captions that were left out (`CaptionQueries`). */
  readonly leftOut: LeftOutCaptions;
  /** System → what its probabilities are worth; where answers to words are calibrated. */
  readonly relevance?: Readonly<Record<string, RelevanceMeasures>>;
}

/** By the protocol that says what is relevant to a caption; those that have captions to ask. */
export type TextComparisons = { readonly [Name in TextRelevanceName]?: TextComparison };

/** Where captions are looked for. */
export interface CaptionedStore {
  readonly store: PictureStore;
  readonly withholding: Withholding;
  readonly split: Split;
}

/** A protocol of text → picture: which captions are asked, and what is relevant to them. */
export interface TextRelevance {
  readonly description: string;
  /** Unless others are asked for. */
  readonly measures: readonly ParsedMeasure[];
  queries(captioned: CaptionedStore): CaptionQueries;
  /** Why there is no caption to ask, and what to do. */
  refusal(captioned: CaptionedStore, found: CaptionQueries): Refusal;
}

interface Refusal {
  readonly message: string;
  readonly hint: string;
}

export const TEXT_RELEVANCE: { readonly [Name in TextRelevanceName]: TextRelevance } = {
  captioned: {
    description: 'withheld captions of catalogue pictures; relevant is the captioned picture alone',
    measures: ['R@1', 'R@5', 'R@10', 'RR'].map(parseMeasure),
    queries: ({ store, withholding }) => withheldOnes(store, withholding),
    refusal: ({ withholding }, { learned }) => ({
      message:
        withholding.share === 0
          ? 'no caption of this index is withheld: every caption of its catalogue was learned'
          : learned > 0
            ? `each of the ${learned} captions that are withheld was learned: another picture has the same words`
            : `text.withheld is ${withholding.share}, and no caption is withheld: one caption of each picture always stays`,
      hint:
        withholding.share === 0
          ? 'build it again with --set text.withheld=0.2, from pictures with two captions or more; or ask --relevance shared'
          : 'build it again with a larger text.withheld, from pictures with two captions or more; or ask --relevance shared',
    }),
  },
  shared: {
    description:
      'captions of the pictures of the split; relevant are all catalogue pictures that share a label with one',
    measures: ['Success@1', 'Success@5', 'Success@10', 'P@10', 'AP@10', 'RR'].map(parseMeasure),
    queries: ({ store, split }) =>
      store.hasClasses
        ? allCaptions(store.queries(split), (picture) => relevantRows(store, picture))
        : { queries: [], unreadable: 0, learned: 0 },
    refusal: ({ store, split }, { unreadable }) =>
      !store.hasClasses
        ? {
            message: 'the pictures of this index have no labels to share',
            hint: 'ask --relevance captioned, or build it from pictures with labels',
          }
        : {
            message:
              unreadable > 0
                ? `no caption of the split ${split} can be searched with: ${unreadable} are empty or no text`
                : `no picture of the split ${split} has a caption`,
            hint: 'ask another split or --relevance captioned, or build the index from pictures with captions',
          },
  },
};

/**
 * Captions to ask, by protocol: of one, or of all that have some.
 * @throws NeurodexError `usage` where there is none, saying why
 */
export function askableCaptions(
  captioned: CaptionedStore,
  name?: TextRelevanceName,
): ReadonlyMap<TextRelevanceName, CaptionQueries> {
  const names = name === undefined ? TEXT_RELEVANCE_NAMES : [name];
  const all = names.map((each) => [each, TEXT_RELEVANCE[each].queries(captioned)] as const);
  const askable = all.filter(([, { queries }]) => queries.length > 0);
  if (askable.length > 0) return new Map(askable);
  if (!captioned.store.rows.some(({ captions = [] }) => captions.length > 0)) throw withoutCaptions();
  const refusals = all.map(([each, found]) => TEXT_RELEVANCE[each].refusal(captioned, found));
  throw new NeurodexError('usage', refusals.map(({ message }) => message).join('; '), {
    hint: refusals[0]?.hint ?? '',
    ...(name === undefined ? {} : { details: { relevance: name } }),
  });
}

const withoutCaptions = (): NeurodexError =>
  new NeurodexError('usage', 'no picture of this index has a caption', {
    hint: 'build it from pictures with captions (COCO, JSON lines or Parquet), or ask --queries picture',
  });
