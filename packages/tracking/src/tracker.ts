import type { Reporter } from '@neurodex/core';

/** The two things that the network learns; a phase trains one of them, or both. */
export type Task = 'indexing' | 'retrieval';

/** A picture for people to look at. */
export interface ExamplePicture {
  /** An encoded file. */
  readonly bytes: Uint8Array;
  /** Of the file. */
  readonly format: 'png' | 'jpeg';
  /** In pixels. */
  readonly width: number;
  /** In pixels. */
  readonly height: number;
  /** What it shows. */
  readonly caption: string;
}

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
      readonly metrics: Readonly<Record<string, number>>;
    }
  | {
      readonly kind: 'pictures';
      /** What they show: 'catalogue', 'queries', 'answers'. */
      readonly name: string;
      readonly task: Task;
      readonly step: number;
      readonly pictures: readonly ExamplePicture[];
    }
  | { readonly kind: 'evaluation'; readonly metrics: unknown }
  | { readonly kind: 'message'; readonly level: 'info' | 'warning'; readonly text: string }
  | { readonly kind: 'end'; readonly time: string; readonly reason: string };

/** `reason` of the end of a run that went well; any other says what stopped it. */
export const DONE = 'done';

/**
 * Somewhere a run is logged. A tracker never throws into training and never makes it wait: `track` returns at once, what
 * cannot be delivered is warned about once, and then caught up with or given up.
 */
export interface Tracker {
  /** Takes an event; it returns at once and does not throw. */
  track(event: TrackedEvent): void;
  /** Delivers what is pending, within a time limit of its own. Called again, or followed by `track`, it does nothing. */
  close(): Promise<void>;
}

/** Which run it is, the same for all its trackers. */
export interface RunIdentity {
  /** Seven letters and digits; a resumed run keeps it. */
  readonly id: string;
  /** What the user called it, or the name of the index. */
  readonly name: string;
  /** Whether the user called it something. */
  readonly named: boolean;
  /** When it first began, ISO 8601. */
  readonly started: string;
  /** Whether an earlier process began it. */
  readonly resumed: boolean;
}

/** What opening a tracker needs. */
export interface TrackerContext {
  /** Which run it is. */
  readonly run: RunIdentity;
  /** Where files go unless the environment says so: beside the index, so that they never move. */
  readonly folder: string;
  /** Variables of the environment. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Told of what goes wrong. */
  readonly reporter: Reporter;
  /** Goes before WANDB_PROJECT. */
  readonly wandbProject?: string | undefined;
}
