import { TrainingState } from '@neurodex/autograd';
import type { NeurodexError } from '@neurodex/core';
import type { Metrics } from './early-stopping.ts';
import { optimizerOf } from './optimizer.ts';
import { PhaseTraining } from './phase-training.ts';
import type { TrainingRun, Validated } from './run.ts';

export interface TrainingResult {
  readonly parameters: Float32Array;
  /** Optimizer steps taken, over all phases. */
  readonly steps: number;
  /** Metrics of the parameters that are returned. */
  readonly metrics: Metrics;
  /** Set when a phase stopped because its loss became NaN; the parameters are the last good ones. */
  readonly diverged?: NeurodexError;
}

/** Runs the phases one after the other; each hands its best parameters to the next. */
export async function runPhases(run: TrainingRun): Promise<TrainingResult> {
  const { resumeFrom, phases, config } = run;
  const optimizer = optimizerOf(config.training);
  const state =
    resumeFrom === undefined
      ? TrainingState.initial(run.parameters, optimizer, run.seed)
      : TrainingState.restore(resumeFrom.state);
  if (resumeFrom === undefined && run.initial !== undefined) state.parameters.set(run.initial);
  let good: Validated | undefined = resumeFrom?.good;
  let skipped = resumeFrom?.skipped.all ?? 0;
  const first = resumeFrom === undefined ? 0 : phases.findIndex(({ name }) => name === resumeFrom.phase);
  if (first < 0) throw new RangeError(`there is no phase ${resumeFrom?.phase} to resume`);
  for (const [i, phase] of phases.slice(first).entries()) {
    const from = i === 0 ? resumeFrom : undefined;
    const training = new PhaseTraining({ run, phase, optimizer, state, good, from, skipped });
    const diverged = await training.run();
    skipped = training.skipped.all;
    good = training.best ?? good;
    if (diverged !== undefined) {
      if (good === undefined) throw diverged;
      return { parameters: good.parameters, steps: state.step, metrics: good.metrics, diverged };
    }
    if (good !== undefined) state.parameters.set(good.parameters);
    state.clearMoments();
  }
  if (skipped > 0) run.reporter.warn(`${batches(skipped)} skipped because the loss or the gradient was not finite`);
  return { parameters: state.parameters.slice(), steps: state.step, metrics: good?.metrics ?? {} };
}

const batches = (n: number): string => (n === 1 ? '1 batch was' : `${n} batches were`);
