import {
  adamW,
  add,
  attention,
  crossEntropy,
  dropout,
  float32,
  glorot,
  int32,
  linear,
  mean,
  mul,
  Random,
  type Runtime,
  relu,
  standardize,
  Trainer,
  TrainingState,
  zeros,
} from '@neurodex/autograd';

const [POSITIONS, BATCH, WIDTH, CLASSES] = [4, 8, 16, 3] as const;
const SETTINGS = { learningRate: 0.02 };

/** A block of attention with dropout, which learns classes: what a training step of the network is made of, small. */
const definition = {
  parameters: {
    inward: glorot(5, WIDTH),
    inwardBias: zeros(WIDTH),
    outward: glorot(WIDTH, CLASSES),
    outwardBias: zeros(CLASSES),
  },
  inputs: { x: float32(POSITIONS, BATCH, 5), y: int32(BATCH) },
  optimizer: adamW({ weightDecay: 0.01, clip: 1 }),
} as const;

/** Losses of so many steps, with the batches and the noise of one seed. */
export async function trainingCourse(runtime: Runtime, steps: number): Promise<number[]> {
  const trainer = await Trainer.create(runtime, {
    ...definition,
    loss(p, { x, y }) {
      const rows = relu(linear(x, { weight: p.inward, bias: p.inwardBias }));
      const [attended] = attention(rows, rows, rows, 2);
      const seen = dropout(standardize(add(rows, attended)), 0.1);
      const logits = linear(mean(seen, 0), { weight: p.outward, bias: p.outwardBias });
      return { loss: crossEntropy(logits, y, -1), squares: mean(mul(logits, logits)) };
    },
  });
  const state = TrainingState.initial(definition.parameters, definition.optimizer, 7);
  const random = Random.seeded(11);
  const losses: number[] = [];
  try {
    for (let step = 0; step < steps; step++) {
      const y = Int32Array.from({ length: BATCH }, () => random.integer(CLASSES));
      const x = Float32Array.from(
        { length: POSITIONS * BATCH * 5 },
        (_, i) => random.normal() + 2 * Number(i % 5 === y[Math.floor(i / 5) % BATCH]),
      );
      losses.push((await trainer.step(state, { x, y }, SETTINGS)).loss ?? Number.NaN);
    }
  } finally {
    await trainer.release();
  }
  return losses;
}
