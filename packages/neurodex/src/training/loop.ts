import { adamW, learningRateAt, Random, type Runtime, Trainer, TrainingMemory } from '@neurodex/autograd';
import type { Config } from '../config.ts';
import { NeurodexError } from '../errors.ts';
import type { Geometry } from '../models/dsi/geometry.ts';
import { dsiParameters } from '../models/dsi/parameters.ts';
import type { Reporter } from '../progress.ts';
import { throwIfInterrupted } from '../storage/atomic.ts';
import type { Tracker } from '../tracking/tracker.ts';
import { BestKeeper, type Figures } from './best.ts';
import { BatchMaker, type Example, type ExampleSource } from './examples.ts';
import type { Phase } from './plan.ts';
import { trainingStep } from './step.ts';

export interface TrainingRun {
  readonly runtime: Runtime;
  readonly geometry: Geometry;
  readonly source: ExampleSource;
  readonly phases: readonly Phase[];
  /** What the retrieval task draws from: queries, and catalogue pictures taken as queries. */
  readonly examples: { readonly queries: readonly Example[]; readonly ownQueries: readonly Example[] };
  readonly config: Config;
  readonly seed: number;
  readonly tracker: Tracker;
  readonly reporter: Reporter;
  readonly signal: AbortSignal | undefined;
  /** Measures the network as it is: figures of the tasks that the phase trains. */
  validate(parameters: Float32Array, phase: Phase): Promise<Figures>;
}

export interface TrainingResult {
  readonly parameters: Float32Array;
  /** Optimiser steps taken, over all phases. */
  readonly steps: number;
  /** Figures of the parameters that are returned. */
  readonly figures: Figures;
  /** Set when a phase stopped because its loss was no number any more; the parameters are the last good ones. */
  readonly diverged?: NeurodexError;
}

/** Runs the phases one after the other; each hands its best parameters to the next. */
export async function train(run: TrainingRun): Promise<TrainingResult> {
  const specs = dsiParameters(run.geometry);
  const { weightDecay, gradientClip, patience } = run.config.training;
  const optimizer = adamW({ weightDecay, clip: gradientClip });
  const memory = TrainingMemory.initial(specs, optimizer, run.seed);
  let good: { readonly parameters: Float32Array; readonly figures: Figures } | undefined;
  for (const phase of run.phases) {
    const keeper = new BestKeeper(patience);
    const diverged = await runPhase(run, phase, optimizer, memory, keeper);
    good = keeper.state ?? good;
    if (diverged !== undefined) {
      if (good === undefined) throw diverged;
      return { parameters: good.parameters, steps: memory.step, figures: good.figures, diverged };
    }
    if (good !== undefined) memory.parameters.set(good.parameters);
    memory.clearSlots();
  }
  return { parameters: memory.parameters.slice(), steps: memory.step, figures: good?.figures ?? {} };
}

async function runPhase(
  run: TrainingRun,
  phase: Phase,
  optimizer: ReturnType<typeof adamW>,
  memory: TrainingMemory,
  keeper: BestKeeper,
): Promise<NeurodexError | undefined> {
  const { config, tracker, reporter, signal } = run;
  const { validateEvery } = config.training;
  const maker = new BatchMaker(run.source, phase, run.examples, Random.stream(run.seed, `batches ${phase.name}`));
  const trainer = await Trainer.create(
    run.runtime,
    trainingStep({
      geometry: run.geometry,
      batch: phase.mix.indexing + phase.mix.retrieval,
      identifiers: phase.identifiers,
      dropout: config.model.dropout,
      trieMasking: config.training.trieMasking,
      optimizer,
    }),
  );
  const batches = [maker.allocate(), maker.allocate()] as const;
  const B = phase.mix.indexing + phase.mix.retrieval;
  let validated: Figures = {};
  try {
    maker.fill(batches[0]);
    for (let step = 1; step <= phase.steps; step++) {
      throwIfInterrupted(signal);
      const learningRate = learningRateAt(phase.schedule, step);
      const started = performance.now();
      const running = trainer.step(memory, { ...batches[((step - 1) % 2) as 0 | 1] }, { learningRate });
      // The next batch is drawn while this one is computed.
      if (step < phase.steps) maker.fill(batches[(step % 2) as 0 | 1]);
      const { loss = Number.NaN, tokenAccuracy = 0, gradientNorm = Number.NaN } = await running;
      const seconds = (performance.now() - started) / 1000;
      if (!Number.isFinite(loss) || !Number.isFinite(gradientNorm)) return divergence(phase, step, loss, config);
      tracker.track({
        kind: 'step',
        phase: phase.name,
        step: memory.step,
        loss,
        tokenAccuracy,
        learningRate,
        gradientNorm,
        picturesPerSecond: B / seconds,
        seconds,
      });
      if (step % validateEvery === 0 || step === phase.steps) {
        const measured = await measure(run, phase, memory.parameters);
        if (measured === undefined) return divergence(phase, step, loss, config);
        validated = measured;
        tracker.track({ kind: 'validation', phase: phase.name, step: memory.step, figures: validated });
        if (!keeper.offer(validated, memory.step, memory.parameters)) {
          reporter.info(
            `${phase.name}: stopped at step ${step}, no better for ${config.training.patience} validations`,
          );
          return undefined;
        }
      }
      reporter.progress({
        phase: phase.name,
        done: step,
        total: phase.steps,
        unit: 'steps',
        figures: { loss, tokenAccuracy, ...validated },
      });
    }
    return undefined;
  } finally {
    await trainer.release();
  }
}

/** Figures of the network as it is; undefined when its answers are no numbers any more. */
async function measure(run: TrainingRun, phase: Phase, parameters: Float32Array): Promise<Figures | undefined> {
  try {
    return await run.validate(parameters, phase);
  } catch (error) {
    // The evaluation refuses scores that are not numbers as those of a damaged index; here the network itself is at fault.
    if (error instanceof NeurodexError && error.code === 'index-damaged') return undefined;
    throw error;
  }
}

const divergence = (phase: Phase, step: number, loss: number, { training }: Config): NeurodexError =>
  new NeurodexError(
    'training-diverged',
    `training diverged at step ${step} of the ${phase.name} phase: the loss is ${loss}`,
    {
      hint: `lower training.learningRate (it is ${training.learningRate}) or training.gradientClip (${training.gradientClip}), or raise training.warmupFraction (${training.warmupFraction})`,
      details: { phase: phase.name, step, learningRate: training.learningRate },
    },
  );
