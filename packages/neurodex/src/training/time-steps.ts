import { type Runtime, Trainer, TrainingState } from '@neurodex/autograd';
import type { Config } from '../config.ts';
import { trainingStep } from '../dsi/graphs/training.ts';
import type { Geometry } from '../dsi/model/geometry.ts';
import type { Batches } from './batches.ts';
import { loaderOn, type TrainingMachine } from './machine.ts';
import { optimizerOf } from './optimizer.ts';

/** Steps that are to be timed. */
export interface TimedSteps {
  readonly geometry: Geometry;
  readonly config: Pick<Config, 'training' | 'model'>;
  readonly batches: Batches;
  readonly machine: TrainingMachine;
}

/** Steps before those that are timed: the first ones are slower. */
const WARM_UP = 3;

/** Seconds of a training step on this machine, the mean of `timed`. Nothing of what is computed is kept. */
export async function timeSteps({ geometry, config, batches, machine }: TimedSteps, runtime: Runtime, timed: number) {
  const { learningRate } = config.training;
  const optimizer = optimizerOf(config.training);
  const definition = trainingStep({
    geometry,
    batch: batches.size,
    objective: batches.objective,
    dropout: config.model.dropout,
    optimizer,
  });
  const trainer = await Trainer.create(runtime, definition);
  const state = TrainingState.initial(definition.parameters, optimizer, 0);
  const loader = loaderOn(machine, batches, WARM_UP + timed);
  try {
    let began = performance.now();
    for (let step = 0; step < WARM_UP + timed; step++) {
      if (step === WARM_UP) began = performance.now();
      const { arrays } = await loader.next();
      const running = trainer.step(state, { input: arrays.input, ...arrays.targets }, { learningRate });
      loader.prefetch();
      await running;
    }
    return (performance.now() - began) / 1000 / timed;
  } finally {
    await loader.close();
    await trainer.release();
  }
}
