import {
  adamW,
  float32,
  glorot,
  linear,
  mean,
  mul,
  sub,
  Trainer,
  TrainingState,
  tanh,
  zeros,
} from '@neurodex/autograd';
import { nodeRuntime } from '@neurodex/autograd/node';

const parameters = { w1: glorot(2, 8), b1: zeros(8), w2: glorot(8, 1), b2: zeros(1) };
const optimizer = adamW({ weightDecay: 0 });
const trainer = await Trainer.create(nodeRuntime(), {
  parameters,
  optimizer,
  inputs: { x: float32(4, 2), y: float32(4, 1) },
  loss({ w1, b1, w2, b2 }, { x, y }) {
    const hidden = tanh(linear(x, { weight: w1, bias: b1 }));
    const error = sub(linear(hidden, { weight: w2, bias: b2 }), y);
    return { loss: mean(mul(error, error)) };
  },
});

const state = TrainingState.initial(parameters, optimizer, 1);
const xor = { x: Float32Array.of(0, 0, 0, 1, 1, 0, 1, 1), y: Float32Array.of(0, 1, 1, 0) };
for (let step = 1; step <= 200; step++) {
  const { loss } = await trainer.step(state, xor, { learningRate: 0.05 });
  if (step % 50 === 0) console.log({ step, loss });
}
