import { adamW, float32, type Tensor, trace, uint8 } from '@neurodex/autograd';
import { expect, it } from 'vitest';
import { dsiParameters } from '../model/parameters.ts';
import { smallNetwork } from '../search/small-network.fixture.ts';
import { trainingStep } from './training.ts';

it('a training step reads the input and what its objective asks for, and gives the loss and the accuracy alone', () => {
  const { geometry } = smallNetwork(5);
  const optimizer = adamW({ weightDecay: 0 });
  const given: unknown[] = [];
  const step = trainingStep({
    geometry,
    batch: 3,
    dropout: 0.25,
    optimizer,
    objective: {
      inputs: (batch) => ({ wanted: float32(batch, 2) }),
      loss: (...all) => {
        given.push(...all);
        const { wanted } = all[1];
        return { loss: wanted as Tensor, tokenAccuracy: wanted as Tensor, logits: wanted } as never;
      },
    },
  });
  expect(Object.keys(step.parameters)).toEqual(Object.keys(dsiParameters(geometry)));
  expect(step.optimizer).toBe(optimizer);
  const inputs = { input: uint8(3, 16, 16, 3), wanted: float32(3, 2) };
  expect(step.inputs).toEqual(inputs);
  trace(inputs, (tensors) => {
    const parameters = {};
    const made = step.loss(parameters, tensors);
    expect(made).toEqual({ loss: tensors.wanted, tokenAccuracy: tensors.wanted });
    expect(given).toEqual([parameters, tensors, geometry, { dropout: 0.25 }]);
    return { same: tensors.wanted };
  });
});
