import type { Runtime } from '@neurodex/autograd';
import type { Config } from '../config.ts';
import type { Geometry } from '../dsi/model/geometry.ts';
import type { Reporter } from '../progress.ts';
import type { Tracker } from '../tracking/tracker.ts';
import type { Example, ExampleSource } from './batch-maker.ts';
import type { Checkpoint } from './checkpoint.ts';
import type { Metrics } from './early-stopping.ts';
import type { OnNan } from './on-nan.ts';
import type { Phase } from './plan.ts';

/** Where a run keeps its state. */
export interface Checkpoints {
  /** Resolves when the state has been copied. */
  save(checkpoint: Checkpoint): Promise<void>;
  /** Waits for what is being written. */
  settled(): Promise<void>;
}

export interface TrainingRun {
  readonly runtime: Runtime;
  readonly geometry: Geometry;
  readonly source: ExampleSource;
  readonly phases: readonly Phase[];
  /** What the retrieval task draws from: queries, and catalogue pictures taken as queries. */
  readonly examples: { readonly queries: readonly Example[]; readonly selfQueries: readonly Example[] };
  readonly config: Config;
  readonly seed: number;
  /** 'stop' unless given. */
  readonly onNan?: OnNan;
  readonly tracker: Tracker;
  readonly reporter: Reporter;
  readonly signal: AbortSignal | undefined;
  /** None unless given. */
  readonly checkpoints?: Checkpoints;
  /** Parameters to begin with, in the order of `dsiParameters`; drawn from the seed unless given. */
  readonly initial?: Float32Array | undefined;
  /** Where an earlier process stopped. Its phase must be one of `phases`. */
  readonly resumeFrom?: Checkpoint | undefined;
  /** Measures the network as it is: figures of the tasks that the phase trains. */
  validate(parameters: Float32Array, phase: Phase): Promise<Metrics>;
}

/** Parameters that were validated. */
export type Good = NonNullable<Checkpoint['good']>;
