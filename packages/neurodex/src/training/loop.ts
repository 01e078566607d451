import { adamW, TrainingMemory } from '@neurodex/autograd';
import { dsiParameters } from '../dsi/model/parameters.ts';
import type { NeurodexError } from '../errors.ts';
import type { Metrics } from './early-stopping.ts';
import { PhaseTraining } from './phase-training.ts';
import type { Good, TrainingRun } from './run.ts';

export interface TrainingResult {
  readonly parameters: Float32Array;
  /** Optimiser steps taken, over all phases. */
  readonly steps: number;
  /** Figures of the parameters that are returned. */
  readonly figures: Metrics;
  /** Set when a phase stopped because its loss was no number any more; the parameters are the last good ones. */
  readonly diverged?: NeurodexError;
}

/** Runs the phases one after the other; each hands its best parameters to the next. */
export async function train(run: TrainingRun): Promise<TrainingResult> {
  const specs = dsiParameters(run.geometry);
  const { weightDecay, gradientClip } = run.config.training;
  const optimizer = adamW({ weightDecay, clip: gradientClip });
  const { resumeFrom, phases } = run;
  const memory =
    resumeFrom === undefined
      ? TrainingMemory.initial(specs, optimizer, run.seed)
      : TrainingMemory.restore(resumeFrom.memory);
  if (resumeFrom === undefined && run.initial !== undefined) memory.parameters.set(run.initial);
  let good: Good | undefined = resumeFrom?.good;
  let skipped = resumeFrom?.skipped.all ?? 0;
  const first = resumeFrom === undefined ? 0 : phases.findIndex(({ name }) => name === resumeFrom.phase);
  if (first < 0) throw new RangeError(`there is no phase ${resumeFrom?.phase} to go on with`);
  for (const [i, phase] of phases.slice(first).entries()) {
    const training = new PhaseTraining(run, phase, optimizer, memory, good, i === 0 ? resumeFrom : undefined, skipped);
    const diverged = await training.run();
    skipped = training.skipped.all;
    good = training.best ?? good;
    if (diverged !== undefined) {
      if (good === undefined) throw diverged;
      return { parameters: good.parameters, steps: memory.step, figures: good.figures, diverged };
    }
    if (good !== undefined) memory.parameters.set(good.parameters);
    memory.clearMoments();
  }
  if (skipped > 0) run.reporter.warn(`${batches(skipped)} skipped because the loss or the gradient was no number`);
  return { parameters: memory.parameters.slice(), steps: memory.step, figures: good?.figures ?? {} };
}

const batches = (n: number): string => (n === 1 ? '1 batch was' : `${n} batches were`);
