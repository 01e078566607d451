import {
  type InputTypes,
  int32,
  type Optimizer,
  type ParameterSpecs,
  type TrainingDefinition,
  uint8,
} from '@neurodex/autograd';
import { type Geometry, shownType } from '../models/dsi/geometry.ts';
import { dsiLoss } from '../models/dsi/loss.ts';
import { dsiParameters } from '../models/dsi/parameters.ts';

export interface StepOptions {
  readonly geometry: Geometry;
  /** B */
  readonly batch: number;
  /** R */
  readonly identifiers: number;
  readonly dropout: number;
  /** Whether the batch says which tokens the trie allows. */
  readonly trieMasking: boolean;
  readonly optimizer: Optimizer;
}

/** One training step of the ViT-DSI for one batch shape, ready to be compiled (`Trainer.create`, `trainingGraph`). */
export function trainingStep(options: StepOptions): TrainingDefinition<ParameterSpecs, InputTypes> {
  const { geometry, batch, identifiers, dropout, trieMasking, optimizer } = options;
  const T = identifiers * geometry.tokens;
  return {
    parameters: dsiParameters(geometry),
    optimizer,
    inputs: {
      pictures: shownType(geometry, batch),
      tokens: int32(T, batch),
      targets: int32(T, batch),
      ...(trieMasking ? { allowed: uint8(T, batch, geometry.vocabulary) } : {}),
    },
    loss: (parameters, inputs) => {
      const { loss, tokenAccuracy } = dsiLoss(
        parameters,
        inputs as unknown as Parameters<typeof dsiLoss>[1],
        geometry,
        { dropout },
      );
      return { loss, tokenAccuracy };
    },
  };
}
