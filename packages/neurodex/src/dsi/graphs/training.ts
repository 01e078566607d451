import type { InputTypes, Optimizer, ParameterSpecs, TrainingDefinition } from '@neurodex/autograd';
import type { Objective } from '../../training/objective.ts';
import { type Geometry, inputType } from '../model/geometry.ts';
import { dsiParameters } from '../model/parameters.ts';

export interface StepOptions {
  readonly geometry: Geometry;
  /** B */
  readonly batch: number;
  readonly dropout: number;
  /** What the batch asks for beside its pictures. */
  readonly objective: Pick<Objective, 'inputs' | 'loss'>;
  readonly optimizer: Optimizer;
}

/** One training step of the ViT-DSI for one batch shape, ready to be compiled (`Trainer.create`, `trainingGraph`). */
export function trainingStep(options: StepOptions): TrainingDefinition<ParameterSpecs, InputTypes> {
  const { geometry, batch, objective: asking, dropout, optimizer } = options;
  return {
    parameters: dsiParameters(geometry),
    optimizer,
    inputs: { pictures: inputType(geometry, batch), ...asking.inputs(batch) },
    loss(parameters, inputs) {
      const { loss, tokenAccuracy } = asking.loss(parameters, inputs, geometry, { dropout });
      return { loss, tokenAccuracy };
    },
  };
}
