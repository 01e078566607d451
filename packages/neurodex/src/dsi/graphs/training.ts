import type {
  InputTypes,
  NamedTensors,
  Optimizer,
  ParameterSpecs,
  Tensor,
  TrainingDefinition,
} from '@neurodex/autograd';
import { modelInput } from '../../query/model-inputs.ts';
import type { ForwardOptions } from '../model/blocks.ts';
import type { Geometry } from '../model/geometry.ts';
import type { DsiLoss } from '../model/loss.ts';
import { dsiParameters } from '../model/parameters.ts';

/** The targets of a batch in the graph, and the loss. */
export interface ObjectiveGraph {
  /** Of the loss itself, behind those of the network; none by default. */
  readonly parameters?: ParameterSpecs;
  /** Inputs for the targets. @param batch B */
  inputs(batch: number): InputTypes;
  /** @param inputs `input` (as `ModelInput.type`) and those of `inputs` */
  loss(parameters: NamedTensors, inputs: NamedTensors, geometry: Geometry, options: ForwardOptions): DsiLoss;
}

export interface StepOptions {
  readonly geometry: Geometry;
  /** B */
  readonly batch: number;
  readonly dropout: number;
  readonly objective: ObjectiveGraph;
  readonly optimizer: Optimizer;
}

/** One training step of the ViT-DSI for one batch shape, ready to be compiled (`Trainer.create`, `trainingGraph`). */
export function trainingStep(options: StepOptions): TrainingDefinition<ParameterSpecs, InputTypes> {
  const { geometry, batch, objective, dropout, optimizer } = options;
  return {
    parameters: { ...dsiParameters(geometry), ...objective.parameters },
    optimizer,
    inputs: { input: modelInput(geometry).type(geometry, batch), ...objective.inputs(batch) },
    loss(parameters: NamedTensors, inputs: Readonly<Record<string, Tensor>>) {
      const { loss, tokenAccuracy } = objective.loss(parameters, inputs, geometry, { dropout });
      return { loss, tokenAccuracy };
    },
  };
}
