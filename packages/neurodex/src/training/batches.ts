import type { HostArray } from '@neurodex/autograd';
import type { ObjectiveGraph } from '../dsi/graphs/training.ts';
import type { BatchInput } from './batch-input.ts';
import type { EpochSamplerState } from './epoch-sampler.ts';
import type { AugmentedView, InputSource } from './load-batch.ts';

/** The targets of a batch, by the names of the graph's inputs. */
export type TargetArrays = Readonly<Record<string, HostArray>>;

/** A batch as the training graph takes it; arrays are reused from step to step. */
export interface BatchArrays {
  /** As `ModelInput.type` */
  readonly input: BatchInput;
  readonly targets: TargetArrays;
}

/** Where batches stand: from here, the same ones follow. */
export interface BatchState {
  readonly random: readonly number[];
  /** Of each list that is drawn from, by name. */
  readonly samplers: Readonly<Record<string, EpochSamplerState>>;
}

/**
 * The batches of one phase: which pictures, how they are augmented, what their targets are. All random numbers are drawn in `draw`,
 * in order; loading the pictures takes most of the time and may happen on other threads.
 */
export interface Batches {
  readonly objective: ObjectiveGraph;
  /** B */
  readonly size: number;
  /** Whether pictures are changed while they are loaded. */
  readonly augments: boolean;
  /** What batches are loaded from. */
  readonly inputSource: InputSource;
  readonly state: BatchState;
  /** @throws RangeError for a state of other pictures */
  restore(state: BatchState): void;
  allocate(): BatchArrays;
  /** Writes the targets of the next batch. @returns what to load into each of the B places */
  draw(batch: Pick<BatchArrays, 'targets'>): AugmentedView[];
}

/** @throws RangeError when there is none of that name */
export function samplerState(samplers: BatchState['samplers'], name: string): EpochSamplerState {
  const state = samplers[name];
  if (state === undefined) throw new RangeError(`the batches have no sampler ${name}`);
  return state;
}
