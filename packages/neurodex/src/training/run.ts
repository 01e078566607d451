import type { ParameterSpecs, Random, Runtime } from '@neurodex/autograd';
import type { Reporter } from '@neurodex/core';
import type { Tracker } from '@neurodex/tracking';
import type { Config } from '../config.ts';
import type { Geometry } from '../dsi/model/geometry.ts';
import type { Batches } from './batches.ts';
import type { Checkpoint } from './checkpoint.ts';
import type { Metrics } from './early-stopping.ts';
import type { TrainingMachine } from './machine.ts';
import type { OnNan } from './on-nan.ts';
import type { Phase } from './plan.ts';

/** Where a run keeps its state. */
export interface Checkpoints {
  /** Resolves when the state has been copied. */
  save(checkpoint: Checkpoint): Promise<void>;
  /** Waits for what is being written. */
  settled(): Promise<void>;
}

/** How a run is watched, stopped and resumed. */
export interface RunOptions {
  readonly machine: TrainingMachine;
  readonly seed: number;
  readonly tracker: Tracker;
  readonly reporter: Reporter;
  readonly signal?: AbortSignal | undefined;
  /** By default 'stop'. */
  readonly onNan?: OnNan | undefined;
  /** None by default. */
  readonly checkpoints?: Checkpoints | undefined;
  /** Parameters of the network to begin with, in the order of `dsiParameters`; by default drawn from the seed. */
  readonly initial?: Float32Array | undefined;
  /** Where an earlier process stopped. Its phase must be one of `phases`. */
  readonly resumeFrom?: Checkpoint | undefined;
}

/** Everything that the loop needs. */
export interface TrainingRun extends RunOptions {
  readonly runtime: Runtime;
  readonly geometry: Geometry;
  /** All that is trained: of the network, and behind them those of the loss. */
  readonly parameters: ParameterSpecs;
  /** The batches of a phase. @param random of this phase alone */
  batches(phase: Phase, random: Random): Batches;
  readonly phases: readonly Phase[];
  readonly config: Config;
  /** Measures the network as it is: metrics of the tasks that the phase trains. */
  validate(parameters: Float32Array, phase: Phase): Promise<Metrics>;
}

/** Parameters that were validated. */
export type Validated = NonNullable<Checkpoint['good']>;
