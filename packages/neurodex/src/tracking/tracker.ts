/** What a run tells its trackers. Every number is finite; `step` counts optimiser steps over the whole run. */
export type TrackedEvent =
  | {
      readonly kind: 'start';
      readonly time: string;
      readonly config: unknown;
      readonly dataset: unknown;
      readonly seed: number;
      /** The step that an unfinished run goes on from. */
      readonly resumedFrom?: number;
    }
  | { readonly kind: 'skipped'; readonly path: string; readonly reason: string }
  | {
      readonly kind: 'step';
      readonly phase: string;
      readonly step: number;
      readonly loss: number;
      readonly tokenAccuracy: number;
      readonly learningRate: number;
      readonly gradientNorm: number;
      readonly picturesPerSecond: number;
      readonly seconds: number;
    }
  | {
      readonly kind: 'validation';
      readonly phase: string;
      readonly step: number;
      readonly figures: Readonly<Record<string, number>>;
    }
  | { readonly kind: 'evaluation'; readonly figures: unknown }
  | { readonly kind: 'message'; readonly level: 'info' | 'warning'; readonly text: string }
  | { readonly kind: 'end'; readonly time: string; readonly reason: string };

/** Somewhere a run is logged. A tracker never throws into training: it warns once and goes on or gives up. */
export interface Tracker {
  track(event: TrackedEvent): void;
  /** Writes what is pending. */
  close(): Promise<void>;
}
