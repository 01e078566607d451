import type { Picture, Role, SystemName } from './engine.ts';

/** What the server says of an index in its list. */
export interface IndexCard {
  readonly id: string;
  readonly name: string;
  readonly default: boolean;
  readonly systems: readonly SystemName[];
  /** N */
  readonly catalogue: number;
  readonly queries: { readonly train: number; readonly validation: number; readonly test: number };
  readonly created: string;
  readonly dataset: { readonly name: string; readonly source: string };
}

export interface IndexDetails extends IndexCard {
  readonly config: Readonly<Record<string, unknown>>;
  readonly seed: number;
  readonly model: { readonly parameters: number; readonly bytes: number } | null;
  readonly training: {
    readonly steps: number;
    readonly seconds: number;
    readonly validation: Readonly<Record<string, number>>;
  } | null;
  /** Edges in pixels. */
  readonly pictures: { readonly size: number; readonly thumbnail: number };
  readonly patchesPerSide: number | null;
}

export interface PicturePage {
  readonly total: number;
  readonly offset: number;
  /** All labels of the index. */
  readonly labels: readonly string[];
  readonly pictures: readonly Picture[];
}

export interface PictureFilter {
  readonly role: Role | null;
  readonly label: string | null;
  readonly offset: number;
  readonly limit: number;
}

export type Interval = readonly [number, number];

export interface PairwiseTest {
  readonly measure: string;
  readonly systems: readonly [string, string];
  readonly difference: number;
  readonly interval: Interval;
  readonly effectSize: number | null;
  readonly pHolm: number;
  readonly winner: string | null;
}

export interface Point {
  readonly step: number;
  readonly value: number;
}

/** The measures of an index: what `neurodex report` measures. */
export interface Report {
  readonly split: string;
  readonly evaluation: {
    readonly catalogue: number;
    readonly queries: number;
    readonly withoutRelevant: number;
    /** System → measure → figure, and its 95 % confidence interval over queries. */
    readonly systems: Readonly<Record<string, Readonly<Record<string, number>>>>;
    readonly intervals: Readonly<Record<string, Readonly<Record<string, Interval>>>>;
  };
  readonly tests: readonly PairwiseTest[];
  /** At which the tests reject. */
  readonly level: number;
  /** System → precision at the recalls 0, 0.1 … 1, and recall of the first K answers. */
  readonly curves: Readonly<
    Record<
      string,
      {
        readonly precision: readonly number[];
        readonly recall: readonly { readonly k: number; readonly recall: number }[];
      }
    >
  >;
  readonly learning: {
    readonly loss: readonly Point[];
    readonly tokenAccuracy: readonly Point[];
    readonly validation: Readonly<Record<string, readonly Point[]>>;
    readonly phases: readonly { readonly phase: string; readonly step: number }[];
  };
}

export interface Measuring {
  readonly status: 'measuring';
  readonly done: number;
  readonly total: number;
}
