import type { TokenAttention } from '../dsi/search/attention-probe.ts';
import type { RelevanceMeasures } from '../evaluation/calibration/relevance-measures.ts';
import type { Comparison } from '../evaluation/compare.ts';
import type { Curves } from '../evaluation/curves.ts';
import type { PairwiseTest } from '../evaluation/pairwise.ts';
import type { TextComparisons } from '../evaluation/text-relevance.ts';
import type { DuplicateFacts } from '../pictures/duplicate-facts.ts';
import type { CurveSeries } from './curve-series.ts';
import type { DecodingNode } from './decoding-tree.ts';

/** Pictures of one class, by role. */
export interface ClassBalance {
  readonly label: string;
  readonly catalogue: number;
  readonly train: number;
  readonly validation: number;
  readonly test: number;
}

/** How often queries of one class were answered first with a picture of another; classes that occur. */
export interface Confusion {
  readonly queryClass: string;
  readonly answerClass: string;
  readonly queries: number;
}

export interface ExampleAnswer {
  /** Row of the catalogue picture. */
  readonly row: number;
  readonly picture: string;
  readonly label: string | null;
  readonly identifier: string;
  readonly relevant: boolean;
}

export interface Example {
  readonly kind: 'best' | 'median' | 'worst';
  readonly query: string;
  /** Row of the query picture; of the catalogue picture whose view it is in a folder without classes. */
  readonly row: number;
  readonly label: string | null;
  /** System → its AP for this query and its first answers. */
  readonly systems: Readonly<Record<string, { readonly AP: number; readonly answers: readonly ExampleAnswer[] }>>;
}

/** How one example is decoded by the DSI, and what its tokens looked at. */
export interface Decoded {
  /** Place in the examples. */
  readonly example: number;
  readonly tree: DecodingNode;
  /** Of the best answer. */
  readonly identifier: string;
  readonly attention: readonly TokenAttention[];
}

/** All that the report says. What `report --json` prints, but for the learning curve's points. */
export interface ReportFacts {
  readonly index: string;
  readonly created: string;
  readonly neurodex: string;
  readonly seed: number;
  readonly dataset: { readonly name: string; readonly source: string };
  /** Of the network; null in an index without one, as is `training`. */
  readonly parameters: number | null;
  readonly training: { readonly device: string; readonly steps: number; readonly seconds: number } | null;
  readonly config: Readonly<Record<string, unknown>>;
  /** Pictures by role. */
  readonly pictures: {
    readonly catalogue: number;
    readonly train: number;
    readonly validation: number;
    readonly test: number;
  };
  readonly skipped: number;
  readonly duplicates: DuplicateFacts;
  readonly balance: readonly ClassBalance[];
  readonly split: string;
  readonly evaluation: Comparison;
  /** Captions as queries, where the index reads and there are captions to ask. */
  readonly text?: TextComparisons;
  /** System → what its probabilities are worth; null in an index that is not calibrated. */
  readonly relevance: Readonly<Record<string, RelevanceMeasures>> | null;
  readonly tests: readonly PairwiseTest[];
  readonly level: number;
  /** System → curves. */
  readonly curves: Readonly<Record<string, Curves>>;
  /** System → confusions. */
  readonly confusion: Readonly<Record<string, readonly Confusion[]>>;
  readonly examples: readonly Example[];
  readonly decoded: readonly Decoded[];
  readonly notices: readonly {
    readonly work: string;
    readonly author: string;
    readonly licence: string;
    readonly url: string;
  }[];
}

/** What the page shows beside its facts. */
export interface ReportPictures {
  readonly learning: CurveSeries;
  /** JPEG of a row's thumbnail. */
  thumbnail(row: number): Uint8Array;
  /** PNG of a query as the model sees it, one pixel for each of its pixels, by its name. */
  modelPicture(query: string): Uint8Array;
  /** Edge of that picture and of a patch, in pixels. */
  readonly size: number;
  readonly patchSize: number;
}
